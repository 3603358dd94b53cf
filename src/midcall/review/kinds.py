"""Classes that are worked out (`type(x)`), and what may be done with them: looked at, not called or kept.

A class that is no name may be any: a call of `type(int)` makes classes with any attributes, one of the class of a log
handler's formatter takes a format string that reaches into everything.
"""

import ast
from collections.abc import Sequence

from midcall.review.constants import literal, texts
from midcall.review.module import Module
from midcall.review.scopes import Binding, BindingKind, Meaning
from midcall.review.vocabulary import attribute_fault, is_special, words

#: How many names may stand for one class, one after the other.
_STEPS = 3
#: Built-ins that make text or an answer of a class, and hand it to nobody.
_READERS = ("callable", "format", "hash", "id", "isinstance", "issubclass", "print", "repr", "str")
#: What is written out has a class that everybody can name.
_WRITTEN = ast.Constant | ast.Dict | ast.JoinedStr | ast.List | ast.Set | ast.Tuple
#: Methods of loggers, which make text of what they are given.
_LOGS = words("critical debug error exception info log warning")


def is_looked_at(module: Module, node: ast.expr, steps: int = _STEPS) -> bool:
    """Say whether an expression that gives a class is only looked at where it stands, or is plainly a built-in one."""
    written = isinstance(node, ast.Call) and bool(node.args) and isinstance(node.args[0], _WRITTEN)
    if written or _is_own_class(module, node):
        return True
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        return not attribute_fault(parent.attr) and (isinstance(parent.ctx, ast.Load) or _is_of_self(module, node))
    if isinstance(parent, ast.FormattedValue | ast.Expr):
        return True
    return _is_handed_safely(module, node, parent) or (steps > 0 and _is_name(module, node, parent, steps))


def _is_handed_safely(module: Module, node: ast.expr, parent: ast.AST | None) -> bool:
    """Say whether a class goes only to what makes a text or an answer of it."""
    if isinstance(parent, ast.Compare):
        return _is_comparison(module, parent, node)
    if isinstance(parent, ast.Call):
        return node in parent.args and _is_reader(module, parent)
    if isinstance(parent, ast.Subscript):
        return parent.slice is node and isinstance(parent.ctx, ast.Load) and _is_table(module, parent.value)
    return isinstance(parent, ast.Tuple | ast.BinOp) and _is_formatted(module, node, parent)


def _is_reader(module: Module, call: ast.Call) -> bool:
    if module.is_builtin(call.func, *_READERS) or _is_log(module, call.func):
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "format":
        return texts(module, call.func.value) is not None
    return call.func.attr == "get" and _is_table(module, call.func.value)


def _is_log(module: Module, node: ast.expr) -> bool:
    """Say whether a function is plainly the library's, or a logger's, to log with."""
    if not isinstance(node, ast.Attribute) or node.attr not in _LOGS:
        return False
    if not isinstance(node.value, ast.Name):
        return False
    bindings = module.meaning(node.value).bindings
    made = [found.value.func for found in bindings if isinstance(found.value, ast.Call)]
    is_logger = len(made) == len(bindings) and all(module.is_only(maker, "logging.getLogger") for maker in made)
    return bool(bindings) and (is_logger or module.is_only(node.value, "logging"))


def _is_comparison(module: Module, comparison: ast.Compare, node: ast.expr) -> bool:
    """`==` and `in` hand the class to the other side, which has to be one that keeps nothing."""
    if all(isinstance(kind, ast.Is | ast.IsNot) for kind in comparison.ops):
        return True
    others = [other for other in (comparison.left, *comparison.comparators) if other is not node]
    return all(is_class(module, other) for other in others)


def is_class(module: Module, node: ast.expr) -> bool:
    """Say whether an expression is plainly a class, or several written out."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return _are_classes(module, node, node.elts)
    if isinstance(node, ast.Call):
        sets = module.is_builtin(node.func, "frozenset", "set") and len(node.args) == 1
        return module.is_builtin(node.func, "type") or (sets and is_class(module, node.args[0]))
    if isinstance(node, ast.Attribute):
        return module.is_library(node)
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.Constant)
    written = literal(module, node)
    if isinstance(written, ast.Tuple | ast.List | ast.Set | ast.Call):
        return is_class(module, written)
    bindings = module.meaning(node).bindings
    return all(_is_type_call(module, found) or _names_class(module, found) for found in bindings)


def is_named(module: Module, node: ast.expr) -> bool:
    """Say whether an expression is the name of a class: of this file, of the library, or built in."""
    if not isinstance(node, ast.Name):
        return module.is_library(node)
    return all(_names_class(module, found) for found in module.meaning(node).bindings)


def is_self(module: Module, node: ast.expr) -> bool:
    """Say whether an expression is the first parameter of the method around it."""
    function = module.enclosing_function(node)
    if not isinstance(node, ast.Name) or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    positional = [*function.args.posonlyargs, *function.args.args][:1]
    bound = [found.node for found in module.meaning(node).bindings]
    return module.scope(function).is_class and bound == positional


def _is_of_self(module: Module, node: ast.expr) -> bool:
    """Say whether a class is `type(self)`, whose attributes a method may set (`type(self).made += 1`)."""
    return isinstance(node, ast.Call) and bool(node.args) and is_self(module, node.args[0])


def _is_own_class(module: Module, call: ast.expr) -> bool:
    """Say whether `type(self)` stands where `self` is an object of the class around: in a method that Python calls.

    Others can be handed any object, as in `Order.copy(thing)`; a special method cannot be reached by its name.
    """
    method = module.enclosing_function(call)
    if not isinstance(method, ast.FunctionDef) or not is_special(method.name) or not _is_of_self(module, call):
        return False
    if method.decorator_list or method.name in {"__new__", "__init__"}:
        return False
    uses = [use for _meaning, found in module.uses(method, method.name) for use in found]
    return all(_is_special_alias(module, use) for use in uses)


def _is_special_alias(module: Module, use: ast.Name) -> bool:
    """Say whether a method only gets another special name, as in `__radd__ = __add__`."""
    parent = module.parent(use)
    if not isinstance(parent, ast.Assign) or not module.scope(use).is_class:
        return False
    names = [target.id if isinstance(target, ast.Name) else "" for target in parent.targets]
    # `__new__` is handed the class, whose own class would be called then.
    return all(is_special(name) and name != "__new__" for name in names)


def _names_class(module: Module, binding: Binding) -> bool:
    if isinstance(binding.node, ast.ClassDef):
        return is_as_written(module, binding.node)
    return binding.kind is BindingKind.IMPORTED


def _is_type_call(module: Module, binding: Binding) -> bool:
    return isinstance(binding.value, ast.Call) and module.is_builtin(binding.value.func, "type")


def is_as_written(module: Module, node: ast.ClassDef) -> bool:
    """Say whether the name of a class statement stands for that class: any decorator is the library's."""
    decorators = [found.func if isinstance(found, ast.Call) else found for found in node.decorator_list]
    return all(map(module.is_library, decorators))


def _is_table(module: Module, node: ast.expr) -> bool:
    """Say whether an expression is a dict by classes that is written out and only read."""
    found = literal(module, node)
    return isinstance(found, ast.Dict) and _are_classes(module, found, found.keys)


def _are_classes(module: Module, whole: ast.expr, parts: Sequence[ast.expr | None]) -> bool:
    known = module.once(_known_classes)
    if whole not in known:
        known[whole] = all(part is not None and is_class(module, part) for part in parts)
    return known[whole]


def _known_classes(_module: Module) -> dict[ast.expr, bool]:
    return {}


def _is_formatted(module: Module, node: ast.expr, parent: ast.Tuple | ast.BinOp) -> bool:
    """Say whether a class only goes into a text by `%`, or is one of several for a test."""
    whole = parent if isinstance(parent, ast.Tuple) else node
    around = module.parent(parent) if isinstance(parent, ast.Tuple) else parent
    if isinstance(around, ast.Call):
        return whole in around.args and module.is_builtin(around.func, "isinstance", "issubclass")
    if not isinstance(around, ast.BinOp) or not isinstance(around.op, ast.Mod) or around.right is not whole:
        return False
    return texts(module, around.left) is not None


def _is_name(module: Module, node: ast.expr, parent: ast.AST | None, steps: int) -> bool:
    """Say whether a class only gets a name, whose every use is a look."""
    if not isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr) or parent.value is not node:
        return False
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    if len(targets) != 1 or not isinstance(targets[0], ast.Name) or module.scope(targets[0]).is_class:
        return False
    if isinstance(parent, ast.NamedExpr) and not is_looked_at(module, parent, steps - 1):
        return False
    uses = module.uses(parent, targets[0].id)
    return all(_are_looked_at(module, meaning, found, steps - 1) for meaning, found in uses)


def _are_looked_at(module: Module, meaning: Meaning, uses: list[ast.Name], steps: int) -> bool:
    known = module.once(_known_looks)
    if (meaning, steps) not in known:
        known[meaning, steps] = all(is_looked_at(module, use, steps) for use in uses)
    return known[meaning, steps]


def _known_looks(_module: Module) -> dict[tuple[Meaning, int], bool]:
    return {}
