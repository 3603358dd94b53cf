"""What a class inherits from, however far, and which enums are open: those without a member make others when called."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

from midcall.review.forms import ENUMS, names_a_type
from midcall.review.kinds import is_as_written
from midcall.review.module import Module
from midcall.review.scopes import BindingKind, Meaning
from midcall.review.vocabulary import words

#: What gives a class's own attribute a place among an enum's members for certain.
_MEMBERS = ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.BinOp | ast.UnaryOp
#: Built-ins that go through the members of an enum, or look at it, and hand it to nobody.
_READERS = words(
    "enumerate frozenset isinstance issubclass iter len list map max min next repr reversed set sorted str tuple"
)

#: A class that inherits from more than this, or a name with more meanings, is taken as whatever would be refused.
_MOST = 100
TYPED = frozenset({"typing.TypedDict"})
_BUILT_IN = frozenset(dir(builtins))
#: What a class of texts inherits from.
TEXTS = frozenset({"builtins.str", "builtins.bytes", "enum.StrEnum"})


@dataclass
class Family:
    """The ancestry of a class, however far: names of the library, class statements, calls that make classes.

    `is_known` is False if any of it may be something else.
    """

    origins: set[str] = field(default_factory=set)
    statements: list[ast.ClassDef] = field(default_factory=list)
    makers: list[ast.Call] = field(default_factory=list)
    is_known: bool = True


def family(module: Module, node: ast.ClassDef | ast.expr) -> Family:
    """Follow a class statement, or an expression that stands for a class, to all that it inherits from."""
    found = Family()
    seen: set[ast.AST | Meaning] = set()
    todo: list[ast.AST] = [node]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        if len(seen) + len(todo) > _MOST:
            return Family(origins=set(ENUMS | TYPED | TEXTS), is_known=False)
        seen.add(current)
        if isinstance(current, ast.Name):
            meaning = module.meaning(current)
            if meaning not in seen:
                seen.add(meaning)
                todo += _of_name(module, found, current)
        else:
            todo += _of_node(module, found, current)
    return found


def _of_name(module: Module, found: Family, node: ast.Name) -> Iterator[ast.AST]:
    bindings = module.meaning(node).bindings
    found.origins |= module.origins(node)
    if node.id in _BUILT_IN and module.meaning(node).falls_through:
        found.origins.add(f"builtins.{node.id}")
    for binding in bindings[:_MOST]:
        if isinstance(binding.node, ast.ClassDef):
            yield binding.node
        elif binding.kind is BindingKind.VALUE and binding.value is not None:
            yield binding.value
        elif binding.kind is not BindingKind.IMPORTED:
            found.is_known = False


def _of_node(module: Module, found: Family, node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.ClassDef):
        found.statements.append(node)
        found.is_known &= is_as_written(module, node)
        yield from node.bases
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Call):
        found.makers.append(node)
        found.origins |= module.origins(node.func)
    else:
        found.origins |= module.origins(node)
        found.is_known &= module.is_library(node)


def misused_enums(module: Module) -> Iterator[ast.Name]:
    """Yield the uses of enums without members that could call them with the names of members and attributes."""
    opened: dict[ast.ClassDef, None] = {}
    around: dict[ast.ClassDef, None] = {}
    for node in module.nodes(ast.ClassDef):
        kin = family(module, node)
        if kin.origins & ENUMS and not _has_members(module, node):
            opened[node] = None
            around.update(dict.fromkeys(kin.statements))
    if not opened:
        return
    firsts = {binding for statement in around for binding in _firsts(statement)}
    for name in module.nodes(ast.Name):
        if isinstance(name.ctx, ast.Load):
            bound = [found.node for found in module.meaning(name).bindings]
            if any(node in opened or node in firsts for node in bound) and not _is_plain(module, name):
                yield name


def _has_members(module: Module, node: ast.ClassDef) -> bool:
    names = (part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.Name))
    if any(name.id == "_ignore_" for name in names):
        return False
    return any(_is_member(module, statement) for statement in node.body)


def _is_member(module: Module, statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    value = statement.value
    is_value = isinstance(value, _MEMBERS) or (isinstance(value, ast.Call) and module.is_only(value.func, "enum.auto"))
    return is_value and not statement.targets[0].id.startswith("_")


def _firsts(node: ast.ClassDef) -> Iterator[ast.arg]:
    """Yield the parameters that stand for the class itself."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [found.id for found in statement.decorator_list if isinstance(found, ast.Name)]
            positional = [*statement.args.posonlyargs, *statement.args.args]
            if positional and ("classmethod" in named or statement.name in {"_missing_", "__new__"}):
                yield positional[0]


def _is_plain(module: Module, node: ast.Name) -> bool:
    parent = module.parent(node)
    if isinstance(parent, ast.Call):
        return _is_plain_call(module, parent, node)
    if isinstance(parent, ast.Attribute | ast.ClassDef | ast.For | ast.comprehension):
        # As a decorator it would be called.
        return not isinstance(parent, ast.ClassDef) or node in parent.bases
    if isinstance(parent, ast.Subscript):
        return parent.value is node or names_a_type(module, node)
    if isinstance(parent, ast.Compare) and parent.left is not node:
        return all(isinstance(kind, ast.In | ast.NotIn | ast.Is | ast.IsNot) for kind in parent.ops)
    return names_a_type(module, node)


def _is_plain_call(module: Module, call: ast.Call, node: ast.Name) -> bool:
    if call.func is node:
        return len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)
    if isinstance(call.func, ast.Attribute):
        # `super().__new__(cls, value)` makes a member.
        made = call.func.value
        return call.func.attr == "__new__" and isinstance(made, ast.Call) and module.is_builtin(made.func, "super")
    if module.is_builtin(call.func, "map"):
        return call.args[0] is not node
    return module.is_builtin(call.func, *_READERS)
