"""What in a test's source would fail on a slow machine alone: short waits, and bounds on what a clock says.

Read from the syntax tree, so it is a lint: it knows the usual ways to wait, and what it does not know it lets through.
Seconds of the process's own computing are a clock's too, unless `computed_since` reads them.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

#: Seconds that nothing may wait less than, where the end of that time is not what is expected.
SHORTEST_S = 30
#: Before the reason, on the line of a time that is meant to run out, or that nobody waits for.
MARK = re.compile(r"# short" + r": (?=\S)")
#: Keywords that are a time wherever they are given, and how many of them make a second.
TIMES = {"within_s": 1, "timeout_s": 1, "timeout_ms": 1000, "deadline_ms": 1000, "ms": 1000, "timeout": 1}
#: What waits, and the place of its time among its arguments.
WAITS = {
    "wait": 0,
    "result": 0,
    "exception": 0,
    "join": 0,
    "settimeout": 0,
    "set_default_timeout": 0,
    "wait_for": 1,
    "communicate": 1,
    "acquire": 1,
}
CLOCKS = {"monotonic", "perf_counter", "time", "process_time", "thread_time"}
CLOCKS |= {f"{clock}_ns" for clock in CLOCKS}
#: Says how much the allocator has not given back, which is no test's business; `tests.support.memory` has what is used.
RESIDENT = {"memory_info", "memory_full_info"}


class Finding(NamedTuple):
    """A line, and what is wrong with it."""

    line: int
    text: str


def hasty(source: str, *, real: bool = True) -> list[Finding]:
    """Return the lines that hold a short time without a reason, and the marks that nothing needs.

    Where time is not `real`, in unit tests with a clock of their own, deadlines are values: only waits are looked at.
    """
    lines = source.splitlines()
    found = {finding.line: finding for finding in _found(ast.parse(source), real=real)}
    marked = {number for number, line in enumerate(lines, 1) if MARK.search(line)}
    unneeded = [Finding(line, "nothing here is short") for line in marked - found.keys()]
    return sorted([found[line] for line in found.keys() - marked] + unneeded)


def _found(tree: ast.Module, *, real: bool) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _short_times(node, real=real)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _bounds(node)
        elif isinstance(node, ast.Assign) and real:
            yield from _short_constants(node)


def _short_times(call: ast.Call, *, real: bool) -> Iterator[Finding]:
    name, place = _name(call.func), WAITS.get(_name(call.func))
    # A `world` of use cases has a clock of its own.
    valued = not real or ast.unparse(call.func).startswith("world.")
    for keyword in call.keywords:
        unit = TIMES.get(keyword.arg or "")
        waits = place is not None or keyword.arg == "within_s" or not valued
        if unit and waits and _short(keyword.value, unit):
            yield Finding(keyword.value.lineno, f"{name}({keyword.arg}={ast.unparse(keyword.value)})")
        # Of Hypothesis: an example that takes longer fails.
        if name == "settings" and keyword.arg == "deadline" and _short(keyword.value, 1000):
            yield Finding(keyword.value.lineno, f"settings(deadline={ast.unparse(keyword.value)})")
    if place is not None and len(call.args) > place and _short(call.args[place], 1):
        yield Finding(call.args[place].lineno, f"{name}({ast.unparse(call.args[place])})")
    if name in RESIDENT:
        yield Finding(call.lineno, f"{name}()")


def _short_constants(assignment: ast.Assign) -> Iterator[Finding]:
    """Find names of a time, `SHORT_MS = 1200`, wherever they are used."""
    for target in assignment.targets:
        name = target.id.lower() if isinstance(target, ast.Name) else ""
        unit = 1 if name.endswith("_s") else 1000 if name.endswith("_ms") else None
        if unit and _short(assignment.value, unit):
            yield Finding(assignment.lineno, ast.unparse(assignment))


def _bounds(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Finding]:
    """Find assertions that something took less than so long; patience is long enough."""
    spans = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _is_span(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        for part in ast.walk(node.test) if isinstance(node, ast.Assert) else ():
            if isinstance(part, ast.Compare) and _bounds_a_span(part, spans):
                yield Finding(part.lineno, ast.unparse(part))


def _bounds_a_span(comparison: ast.Compare, spans: set[str]) -> bool:
    sides = [comparison.left, *comparison.comparators]
    for (left, right), order in zip(itertools.pairwise(sides), comparison.ops, strict=True):
        if isinstance(order, ast.Gt | ast.GtE):
            left, right = right, left  # noqa: PLW2901 (the lesser one comes first)
        elif not isinstance(order, ast.Lt | ast.LtE):
            continue
        named = {part.id for part in ast.walk(left) if isinstance(part, ast.Name)}
        if (named & spans or any(map(_is_span, ast.walk(left)))) and not _is_patience(right):
            return True
    return False


def _is_patience(bound: ast.AST) -> bool:
    return isinstance(bound, ast.Name) and bound.id in {"DEADLINE_S", "PATIENCE_S", "CLIENT_S"}


def _is_span(node: ast.AST) -> bool:
    """Tell whether this is the difference of two times of a clock."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.left, ast.Call)
        and _name(node.left.func) in CLOCKS
    )


def _name(function: ast.AST) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _short(value: ast.AST, unit: int) -> bool:
    """Tell whether a literal is a short time; zero waits for nothing, and so asks for no patience."""
    literal = value.value if isinstance(value, ast.Constant) else None
    return isinstance(literal, int | float) and 0 < literal < SHORTEST_S * unit
