"""Rules on what would take all time or memory: numbers, texts and lists that are plainly too large."""

import ast
import math
import re
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.constants import number
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example

#: Bits of an integer that take about a second to make or print.
_BITS = 1_000_000
#: Elements that take tens of megabytes.
_ELEMENTS = 5_000_000
#: Rounds of a loop that take about a second.
_ROUNDS = 10_000_000
#: Longest pause in seconds: the longest timeout of a function.
_PAUSE = 600
_PADDERS = frozenset({"ljust", "rjust", "center", "zfill"})
_COMBINERS = frozenset({"math.factorial", "math.comb", "math.perm"})
_WIDTH = re.compile(r"\d{7,}")


def _numbers(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.BinOp):
        bits = _bits(module, node)
        if bits > _BITS:
            yield Hit(
                node,
                "This makes a number of millions of digits, which takes all the time there is.",
                "Use smaller numbers, `float`, or `pow(base, exponent, modulus)`.",
            )
    for call in module.nodes(ast.Call):
        value = number(module, call.args[0]) if call.args else None
        if value is not None and value >= 100_000 and module.origin(call.func) in _COMBINERS:  # noqa: PLR2004
            yield Hit(call, "The result has hundreds of thousands of digits.", "Use `math.lgamma` for its logarithm.")


def _bits(module: Module, node: ast.BinOp) -> float:
    right = number(module, node.right)
    if right is None or right < 0:
        return 0
    if isinstance(node.op, ast.LShift):
        return right
    if not isinstance(node.op, ast.Pow) or _is_float(node.left) or _is_float(node.right):
        return 0
    base = number(module, node.left)
    if base is None:
        return right
    if abs(base) <= 1:
        return 0
    return right * math.log2(abs(base)) if base != math.inf else math.inf


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _memory(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.BinOp):
        if isinstance(node.op, ast.Mult):
            for sequence, count in ((node.left, node.right), (node.right, node.left)):
                if _is_sequence(sequence) and (number(module, count) or 0) >= _ELEMENTS:
                    yield _memory_hit(node)
    for call in module.nodes(ast.Call):
        padder = isinstance(call.func, ast.Attribute) and call.func.attr in _PADDERS
        sized = padder or module.is_builtin(call.func, "bytes", "bytearray")
        if sized and call.args and (number(module, call.args[0]) or 0) >= _ELEMENTS:
            yield _memory_hit(call)
    for spec in module.nodes(ast.FormattedValue):
        if spec.format_spec is not None and _is_wide(spec.format_spec):
            yield _memory_hit(spec)


def _memory_hit(node: ast.AST) -> Hit:
    return Hit(node, "This takes more memory than a run has.", "Use a smaller size; for filling in, a generator.")


def _is_wide(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and _WIDTH.search(part.value)
        for part in ast.walk(node)
    )


def _is_sequence(node: ast.AST) -> bool:
    return isinstance(node, ast.List | ast.Tuple) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _time(module: Module) -> Iterator[Hit]:
    for call in module.nodes(ast.Call):
        sizes = [number(module, argument) or 0 for argument in call.args]
        if not sizes:
            continue
        if module.is_builtin(call.func, "range") and _length(sizes) >= _ROUNDS:
            yield Hit(call, "This counts so far that the deadline comes first.", "Use a smaller range, or a formula.")
        elif module.origin(call.func) in {"time.sleep", "asyncio.sleep"} and sizes[0] > _PAUSE:
            yield Hit(call, "This waits longer than any call may take.", "Wait for seconds at most.")


def _length(sizes: list[float]) -> float:
    if len(sizes) == 1:
        return sizes[0]
    step = sizes[2] if len(sizes) > 2 else 1  # noqa: PLR2004 (start, stop, step)
    return abs(sizes[1] - sizes[0]) / (abs(step) or 1)


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="resource.number",
        summary="No numbers of millions of digits.",
        severity=Severity.WARNING,
        check=_numbers,
        good=example("def handler(session):\n    return 2 ** 64\n"),
        bad=example("def handler(session):\n    return 9 ** 9 ** 9\n"),
    ),
    Rule(
        id="resource.memory",
        summary="No texts and lists that are larger than a run's memory.",
        severity=Severity.WARNING,
        check=_memory,
        good=example("def handler(session):\n    return '-' * 40\n"),
        bad=example("def handler(session):\n    return [0] * 10 ** 10\n"),
    ),
    Rule(
        id="resource.time",
        summary="No counting or waiting that outlasts every deadline.",
        severity=Severity.WARNING,
        check=_time,
        good=example("def handler(session):\n    return sum(range(1000))\n"),
        bad=example("def handler(session):\n    return sum(range(10 ** 12))\n"),
    ),
)
