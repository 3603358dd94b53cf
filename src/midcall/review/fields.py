"""What becomes of dataclass fields: the objects that `fields` hands out and `field` makes.

`dataclass` writes source text from their names, and `asdict` reads attributes by them. So none may get away from the
place where it is looked at: there, only attributes are read.
"""

import ast

from midcall.review.kinds import is_looked_at
from midcall.review.module import Module
from midcall.review.scopes import Meaning
from midcall.review.vocabulary import words

_READABLE = words("name type default default_factory init repr hash compare metadata kw_only doc")
#: Built-ins that go through what they are given, and hand on its elements by position in a tuple.
_WALKERS = ("enumerate", "reversed", "zip")


def is_read(module: Module, node: ast.expr) -> bool:
    """Say whether `fields` is called and its result only looked into."""
    call = module.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    around = module.parent(call)
    if isinstance(around, ast.Call) and module.is_builtin(around.func, "len"):
        return True
    if isinstance(around, ast.Subscript) and around.value is call:
        return _is_attribute_read(module, around)
    target = _target(module, call)
    if target is None:
        return False
    uses = module.uses(target, target.id)
    return all(_are_read(module, meaning, found) for meaning, found in uses)


def _are_read(module: Module, meaning: Meaning, uses: list[ast.Name]) -> bool:
    known = module.once(_known_reads)
    if meaning not in known:
        known[meaning] = all(_is_attribute_read(module, use) for use in uses)
    return known[meaning]


def _known_reads(_module: Module) -> dict[Meaning, bool]:
    return {}


def _target(module: Module, call: ast.Call) -> ast.Name | None:
    """Return the name that stands for one field after the other."""
    whole: ast.expr = call
    around = module.parent(call)
    position = None
    if isinstance(around, ast.Call) and call in around.args and module.is_builtin(around.func, *_WALKERS):
        position = around.args.index(call) if module.is_builtin(around.func, "zip") else None
        position = 1 if module.is_builtin(around.func, "enumerate") else position
        whole, around = around, module.parent(around)
    if not isinstance(around, ast.For | ast.comprehension) or around.iter is not whole:
        return None
    target: ast.expr = around.target
    if position is not None:
        if not isinstance(target, ast.Tuple) or len(target.elts) <= position:
            return None
        if any(isinstance(part, ast.Starred) for part in target.elts):
            return None
        target = target.elts[position]
    # Left over in a class it would be an attribute.
    return target if isinstance(target, ast.Name) and not module.scope(target).is_class else None


def _is_attribute_read(module: Module, node: ast.expr) -> bool:
    read = module.parent(node)
    if not isinstance(read, ast.Attribute) or not isinstance(read.ctx, ast.Load) or read.attr not in _READABLE:
        return False
    return read.attr != "type" or is_looked_at(module, read)


def is_default(module: Module, node: ast.expr) -> bool:
    """Say whether `field` is called as the default of an attribute of a dataclass, which takes its place."""
    call = module.parent(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    default = module.parent(call)
    if not isinstance(default, ast.AnnAssign) or default.value is not call or not isinstance(default.target, ast.Name):
        return False
    around = module.parent(default)
    if not isinstance(around, ast.ClassDef) or not _is_dataclass(module, around):
        return False
    return not module.uses(default, default.target.id)


def _is_dataclass(module: Module, node: ast.ClassDef) -> bool:
    found = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list[-1:]]
    return any(module.is_only(decorator, "dataclasses.dataclass") for decorator in found)
