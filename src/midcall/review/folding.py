"""How large the constants are that a compiler may work out of a source before anything runs.

`("a" * 4096, …)` and `2 ** 64` are constants to it, made on the machine that reviews. Which of them it makes is its own
matter and changes with its version; so what they would take is estimated here, and none is made before.
"""

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Bytes that all constants of a source may take: an eighth of what a review has. Ordinary code has some kilobytes.
LIMIT = 64 * 1024 * 1024
_REFERENCE = 8
#: No character takes more in memory.
_CHARACTER = 4
#: Nodes without content.
_MARKS = ast.expr_context | ast.operator | ast.unaryop


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how many bytes a constant takes, and its value if it is a number."""

    size: float
    value: float | None = None


def too_large(tree: ast.AST) -> tuple[ast.AST, float] | None:
    """Return the first constant with which those of a source are too large, and how many bytes that makes."""
    found: list[tuple[ast.AST, Estimate]] = []
    _visit(tree, found)
    total = 0.0
    for node, estimate in found:
        total += estimate.size
        if not total <= LIMIT:
            return node, total
    return None


def _visit(node: ast.AST, found: list[tuple[ast.AST, Estimate]]) -> Estimate | None:
    """Return the estimate of a constant expression, None for any other; add those that are part of no larger one."""
    if isinstance(node, ast.Constant):
        return _of_constant(node.value)
    parts = [(child, _visit(child, found)) for child in ast.iter_child_nodes(node) if not isinstance(child, _MARKS)]
    known = [part for _child, part in parts if part is not None]
    if len(known) == len(parts) and isinstance(node, ast.UnaryOp | ast.BinOp | ast.Tuple):
        return _of_expression(node, known)
    found += [(child, part) for child, part in parts if part is not None and not isinstance(child, ast.Constant)]
    return None


def _of_expression(node: ast.UnaryOp | ast.BinOp | ast.Tuple, parts: list[Estimate]) -> Estimate:
    if isinstance(node, ast.BinOp):
        return _of_operation(node.op, *parts)
    if isinstance(node, ast.Tuple):
        return Estimate(_REFERENCE * (1 + len(parts)) + sum(part.size for part in parts))
    value = parts[0].value
    return Estimate(parts[0].size, -value if value is not None and isinstance(node.op, ast.USub) else value)


def _of_constant(value: object) -> Estimate:
    if isinstance(value, str):
        return Estimate(len(value) * (1 if value.isascii() else _CHARACTER))
    if isinstance(value, bytes):
        return Estimate(len(value))
    if isinstance(value, int):
        return Estimate(value.bit_length() / 8 + 1, _float(value))
    return Estimate(2 * _REFERENCE, abs(value) if isinstance(value, float | complex) else None)


def _of_operation(kind: ast.operator, left: Estimate, right: Estimate) -> Estimate:
    if left.value is None or right.value is None:
        # A text or tuple: repeated, or put together.
        times = left.value if left.value is not None else right.value
        if isinstance(kind, ast.Mult) and times is not None:
            size = left.size if left.value is None else right.size
            return Estimate(size * times if times > 0 else _REFERENCE)
        return Estimate(left.size + right.size)
    value = _computed(kind, left.value, right.value)
    if isinstance(kind, ast.LShift):
        return Estimate(left.size + max(right.value, 0) / 8, value)
    if isinstance(kind, ast.Pow) and right.value > 0 and abs(left.value) > 1:
        return Estimate(left.size * right.value, value)
    return Estimate(left.size + right.size, value)


def _computed(kind: ast.operator, left: float, right: float) -> float:
    """Return about what comes of two numbers, infinite where no float holds it."""
    try:
        result = _ARITHMETIC[type(kind)](left, right) if type(kind) in _ARITHMETIC else left
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.inf
    return result if isinstance(result, float) and not math.isnan(result) else math.inf


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: lambda left, right: left * 2.0**right,
    ast.RShift: lambda left, right: left * 2.0**-right,
}
