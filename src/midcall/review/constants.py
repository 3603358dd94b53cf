"""What an expression can be, as far as the source itself says: text, and the size of numbers."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from midcall.review.module import Module
from midcall.review.scopes import Binding, BindingKind

#: How many steps from name to value, or into an expression, are followed.
_STEPS = 12
#: A name with more bindings than this is taken as unknown.
_MANY = 50
#: Longer texts are taken as unknown: sums of sums grow without bound.
_LONGEST = 100_000
#: How the values of a dict may be read without the dict itself getting away.
_READERS = frozenset({"get", "items", "keys", "values"})
_PLAIN_METHODS = frozenset({"strip", "lstrip", "rstrip"})


def texts(module: Module, node: ast.AST, steps: int = _STEPS) -> frozenset[str] | None:
    """Return every text that an expression can be, or None if the source alone does not tell."""
    known = module.once(_known_texts)
    if node not in known:
        # Until it is worked out it is unknown, which also ends circles.
        known[node] = None
        known[node] = _texts(module, node, steps) if steps else None
    return known[node]


def _known_texts(_module: Module) -> dict[ast.AST, frozenset[str] | None]:
    return {}


def _texts(  # noqa: PLR0911 (one answer per kind of expression)
    module: Module, node: ast.AST, steps: int
) -> frozenset[str] | None:
    if isinstance(node, ast.Constant):
        return frozenset({node.value}) if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return _texts_of_name(module, node, steps - 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sums(texts(module, node.left, steps - 1), texts(module, node.right, steps - 1))
    if isinstance(node, ast.IfExp):
        return _union(texts(module, node.body, steps - 1), texts(module, node.orelse, steps - 1))
    if isinstance(node, ast.BoolOp):
        return _union(*(texts(module, value, steps - 1) for value in node.values))
    if isinstance(node, ast.Subscript):
        return _elements(module, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _texts_of_call(module, node, node.func, steps - 1)
    return None


def _union(*parts: frozenset[str] | None) -> frozenset[str] | None:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _sums(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    if left is None or right is None or len(left) * len(right) > 64:  # noqa: PLR2004 (more would be a bomb)
        return None
    sums = frozenset(first + second for first in left for second in right)
    return None if any(len(text) > _LONGEST for text in sums) else sums


def _texts_of_name(module: Module, node: ast.Name, steps: int) -> frozenset[str] | None:
    bindings = module.meaning(node).bindings
    if not 0 < len(bindings) <= _MANY or any(
        found.kind is not BindingKind.VALUE or found.value is None for found in bindings
    ):
        return None
    return _union(*(texts(module, found.value, steps) for found in bindings if found.value is not None))


def _texts_of_call(module: Module, node: ast.Call, function: ast.Attribute, steps: int) -> frozenset[str] | None:
    if function.attr == "get" and node.args and not node.keywords:
        default = texts(module, node.args[1], steps) if len(node.args) > 1 else frozenset[str]()
        return _union(_elements(module, function.value), default)
    if function.attr in _PLAIN_METHODS and not node.args:
        found = texts(module, function.value, steps)
        return None if found is None else frozenset(getattr(text, function.attr)() for text in found)
    return None


def _elements(module: Module, node: ast.AST) -> frozenset[str] | None:
    """Return the texts in a literal dict, list or tuple that a name stands for and that nothing can have changed."""
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        if (
            len(bindings) != 1
            or bindings[0].kind is not BindingKind.VALUE
            or not _only_read(module, node.id, bindings[0])
        ):
            return None
        literal: ast.AST | None = bindings[0].value
    else:
        literal = node
    if isinstance(literal, ast.Dict) and all(literal.keys):
        return _union(*(texts(module, value, 2) for value in literal.values))
    if isinstance(literal, ast.List | ast.Tuple):
        return _union(*(texts(module, value, 2) for value in literal.elts))
    return None


def literal(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the expression that a name stands for, if nothing can have changed it; others stand for themselves."""
    if not isinstance(node, ast.Name):
        return node
    bindings = module.meaning(node).bindings
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.VALUE:
        return None
    is_fixed = isinstance(bindings[0].value, ast.Constant) or _only_read(module, node.id, bindings[0])
    return bindings[0].value if is_fixed else None


def _only_read(module: Module, name: str, binding: Binding) -> bool:
    """Say whether a name's value is only ever looked into, never changed, passed on or stored elsewhere."""
    known = module.once(_known_readings)
    if binding not in known:
        known[binding] = _is_only_read(module, name, binding)
    return known[binding]


def _known_readings(_module: Module) -> dict[Binding, bool]:
    return {}


def _is_only_read(module: Module, name: str, binding: Binding) -> bool:
    for node in module.nodes(ast.Name):
        if node.id != name or not isinstance(node.ctx, ast.Load) or binding not in module.meaning(node).bindings:
            continue
        parent = module.parent(node)
        is_item = isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Load)
        is_reader = isinstance(parent, ast.Attribute) and parent.attr in _READERS
        # With `==` another class's `__eq__` would be handed the value itself.
        is_test = isinstance(parent, ast.Compare) and parent.left is not node and _only_contains(parent)
        is_loop = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
        if not (is_item or is_reader or is_test or is_loop):
            return False
    return True


def _only_contains(comparison: ast.Compare) -> bool:
    return all(isinstance(kind, ast.In | ast.NotIn) for kind in comparison.ops)


def number(module: Module, node: ast.AST, steps: int = _STEPS) -> float | None:
    """Return about how large a number is, `inf` for what no float holds, or None if the source does not tell."""
    known = module.once(_known_numbers)
    if node not in known:
        known[node] = None
        known[node] = _number(module, node, steps)
    return known[node]


def _known_numbers(_module: Module) -> dict[ast.AST, float | None]:
    return {}


def _number(module: Module, node: ast.AST, steps: int) -> float | None:
    if isinstance(node, ast.Constant):
        return _float(node.value) if isinstance(node.value, int | float) else None
    if steps == 0:
        return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = number(module, node.operand, steps - 1)
        return None if value is None else -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        left, right = number(module, node.left, steps - 1), number(module, node.right, steps - 1)
        return None if left is None or right is None else _combine(node.op, left, right)
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE and bindings[0].value is not None:
            return number(module, bindings[0].value, steps - 1)
    return None


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _combine(kind: ast.operator, left: float, right: float) -> float | None:
    compute = _ARITHMETIC.get(type(kind))
    try:
        result = compute(left, right) if compute else None
    except OverflowError:
        return math.inf
    except (ZeroDivisionError, ValueError):
        return None
    return result if isinstance(result, float) and not math.isnan(result) else None


_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: lambda left, right: left * 2.0**right,
}
