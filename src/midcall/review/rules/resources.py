"""Rules on what would take all time or memory: numbers, texts and lists that are plainly too large."""

import ast
import math
import re
from collections.abc import Iterable, Iterator

from midcall.domain.review import Severity
from midcall.review.constants import number, texts
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
#: Seconds after which a caller asks whether anybody is there.
_SILENCE = 3
_SLEEPS = frozenset({"time.sleep", "asyncio.sleep"})
_PADDERS = frozenset({"ljust", "rjust", "center", "zfill"})
_COMBINERS = frozenset({"math.factorial", "math.comb", "math.perm"})
_WIDTH = re.compile(r"\d{7,}")
#: A width or precision of `%` and of a field of `str.format`.
_PERCENT_WIDTH = re.compile(r"%[-+ #0]{0,5}(?:\([^()%]{0,80}\)[-+ #0]{0,5})?(?:\d{0,6}\.)?\d{7,}")
_FIELD_WIDTH = re.compile(r":[^{}]{0,40}?\d{7,}[^{}]{0,10}\}")
#: A width that is given beside the value.
_TAKES_SIZE = re.compile(r"%[^%a-zA-Z]{0,80}\*|:[^{}]{0,40}\{")


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
        if _elements(module, node) >= _ELEMENTS:
            yield _memory_hit(node)
    for call in module.nodes(ast.Call):
        padder = isinstance(call.func, ast.Attribute) and call.func.attr in _PADDERS
        sized = padder or module.is_builtin(call.func, "bytes", "bytearray")
        if sized and call.args and (number(module, call.args[0]) or 0) >= _ELEMENTS:
            yield _memory_hit(call)
    for spec in module.nodes(ast.FormattedValue):
        if spec.format_spec is not None and _is_wide(module, spec.format_spec):
            yield _memory_hit(spec)
    for place, pattern, templates in _templates(module):
        is_wide = any(pattern.search(template) for template in templates)
        if is_wide or (any(_TAKES_SIZE.search(template) for template in templates) and _has_size(module, place)):
            yield _memory_hit(place)


def _templates(module: Module) -> Iterator[tuple[ast.AST, re.Pattern[str], Iterable[str]]]:
    """Yield the texts that say how wide something is to become, with the form that widths have in them."""
    for node in module.nodes(ast.BinOp):
        if isinstance(node.op, ast.Mod):
            yield node, _PERCENT_WIDTH, texts(module, node.left) or _decoded(node.left)
    for call in module.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"format", "format_map"}:
            yield call, _FIELD_WIDTH, texts(module, call.func.value) or ()
        elif module.is_builtin(call.func, "format") and len(call.args) > 1:
            yield call, _WIDTH, texts(module, call.args[1]) or ()


def _has_size(module: Module, node: ast.AST) -> bool:
    """Say whether a width is given as a number, as in `'%*d' % (width, 1)`."""
    given: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    elif isinstance(node, ast.Call):
        given = [*node.args, *(word.value for word in node.keywords)]
    return any((number(module, argument) or 0) >= _ELEMENTS for argument in given)


def _decoded(node: ast.expr) -> tuple[str, ...]:
    value = node.value if isinstance(node, ast.Constant) else None
    return (value.decode("latin-1"),) if isinstance(value, bytes) else ()


def _memory_hit(node: ast.AST) -> Hit:
    return Hit(node, "This takes more memory than a run has.", "Use a smaller size; for filling in, a generator.")


def _is_wide(module: Module, node: ast.AST) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _WIDTH.search(part.value):
            return True
        if isinstance(part, ast.FormattedValue) and (number(module, part.value) or 0) >= _ELEMENTS:
            return True
    return False


def _elements(module: Module, node: ast.AST) -> float:
    """Return how many elements a repeated list or text has at least; 0 for anything else."""
    if isinstance(node, ast.List | ast.Tuple):
        return sum(max(_elements(module, part), 1) for part in node.elts) or 1
    if _is_sequence(node):
        return 1
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return 0
    for sequence, count in ((node.left, node.right), (node.right, node.left)):
        elements = _elements(module, sequence)
        if elements:
            return elements * (number(module, count) or 1)
    return 0


def _growth(module: Module) -> Iterator[Hit]:
    """Find what doubles, or is squared, with each round of a loop."""
    for node in module.nodes(ast.AugAssign):
        same = isinstance(node.target, ast.Name) and _is_name(node.value, node.target.id)
        if same and isinstance(node.op, ast.Add | ast.Mult | ast.Pow) and _in_loop(module, node):
            yield _growth_hit(node)
    for assign in module.nodes(ast.Assign):
        target, value = assign.targets[0], assign.value
        if not isinstance(target, ast.Name) or not isinstance(value, ast.BinOp) or not _in_loop(module, assign):
            continue
        both = _is_name(value.left, target.id) and _is_name(value.right, target.id)
        if both and isinstance(value.op, ast.Add | ast.Mult | ast.Pow):
            yield _growth_hit(assign)


def _growth_hit(node: ast.AST) -> Hit:
    return Hit(
        node,
        "This doubles with every round, so a few dozen rounds fill all memory.",
        "Add one thing per round, or stop at a size: `if len(text) > 1000: break`.",
    )


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _in_loop(module: Module, node: ast.AST) -> bool:
    for parent in module.parents(node):
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
    return False


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
        elif module.origin(call.func) in {"itertools.product", "itertools.permutations"}:
            if _arrangements(module, call) >= _ROUNDS:
                yield Hit(call, "There are too many arrangements to go through.", "Take fewer elements at a time.")
        elif module.origin(call.func) in _SLEEPS and sizes[0] > _PAUSE:
            yield Hit(call, "This waits longer than any call may take.", "Wait for seconds at most.")


def _pause(module: Module) -> Iterator[Hit]:
    """Find sleeps, with the rounds of the loops around them, that a caller would hear."""
    if not module.subject.waited_for:
        return
    for call in module.nodes(ast.Call):
        if module.origin(call.func) not in _SLEEPS:
            continue
        given = [*call.args, *(word.value for word in call.keywords if word.arg in {"delay", "seconds"})]
        seconds = number(module, given[0]) if given else None
        loops = (parent for parent in module.parents(call) if isinstance(parent, ast.For))
        whole = (seconds or 0) * math.prod(max(_rounds(module, loop.iter), 1) for loop in loops)
        if whole > _SILENCE and (seconds or 0) <= _PAUSE:
            yield Hit(
                call,
                f"This waits for {whole:g} seconds; during a session somebody is on the line, in silence.",
                f"Wait for {_SILENCE} seconds at most in all, or let the function run in the background.",
            )


def _rounds(module: Module, node: ast.AST) -> float:
    """Return how many elements a range or literal has, 0 if the source does not tell."""
    if isinstance(node, ast.Call) and module.is_builtin(node.func, "range"):
        sizes = [number(module, argument) for argument in node.args]
        return _length([size for size in sizes if size is not None]) if sizes and None not in sizes else 0
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return len(node.value)
    return len(node.elts) if isinstance(node, ast.List | ast.Tuple) else 0


def _arrangements(module: Module, call: ast.Call) -> float:
    sizes = [_rounds(module, argument) for argument in call.args]
    if module.origin(call.func) == "itertools.permutations":
        return math.gamma(min(sizes[0], 100) + 1) if len(call.args) == 1 else 0
    repeat = next((number(module, word.value) or 1 for word in call.keywords if word.arg == "repeat"), 1)
    return float(min(math.prod(sizes), 1e9) ** min(repeat, 30))


def _nested(module: Module) -> Iterator[Hit]:
    """Find loops in loops whose rounds multiply to too many."""
    for loop in module.nodes(ast.For):
        rounds = _rounds(module, loop.iter)
        around = math.prod(
            max(_rounds(module, parent.iter), 1) for parent in module.parents(loop) if isinstance(parent, ast.For)
        )
        if around > 1 and rounds * around >= _ROUNDS * 10:
            yield _nested_hit(loop.iter)
    parts: list[ast.ListComp | ast.SetComp | ast.GeneratorExp] = [
        *module.nodes(ast.ListComp),
        *module.nodes(ast.SetComp),
        *module.nodes(ast.GeneratorExp),
    ]
    for part in parts:
        rounds = math.prod(max(_rounds(module, each.iter), 1.0) for each in part.generators)
        if len(part.generators) > 1 and rounds >= _ROUNDS * 10:
            yield _nested_hit(part)


def _nested_hit(node: ast.AST) -> Hit:
    return Hit(node, "The rounds of these loops multiply to more than a call has time for.", "Use smaller ranges.")


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
        bad=example("def handler(session):\n    base = 9\n    return base ** 9 ** 9\n"),
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
        id="resource.growth",
        summary="Nothing doubles with each round of a loop.",
        severity=Severity.WARNING,
        check=_growth,
        good=example(
            "def handler(session):\n    text = ''\n    for _ in range(3):\n        text += 'a'\n    return text\n"
        ),
        bad=example(
            "def handler(session):\n    text = 'a'\n    for _ in range(40):\n        text += text\n    return 1\n"
        ),
    ),
    Rule(
        id="resource.nested",
        summary="Loops in loops do not multiply to billions of rounds.",
        severity=Severity.WARNING,
        check=_nested,
        good=example("def handler(session):\n    return [a * b for a in range(9) for b in range(9)]\n"),
        bad=example(
            "def handler(session):\n    return sum(1 for a in range(10 ** 5) for b in range(10 ** 5) if a == b)\n"
        ),
    ),
    Rule(
        id="resource.time",
        summary="No counting or waiting that outlasts every deadline.",
        severity=Severity.WARNING,
        check=_time,
        good=example("def handler(session):\n    return sum(range(1000))\n"),
        bad=example("def handler(session):\n    return sum(range(10 ** 12))\n"),
    ),
    Rule(
        id="resource.pause",
        summary="Nothing that somebody waits for on the line sleeps for more than 3 seconds.",
        severity=Severity.INFO,
        check=_pause,
        good=example("import time\n\ndef handler(session):\n    time.sleep(0.2)\n    return 1\n"),
        bad=example("import time\n\ndef handler(session):\n    time.sleep(5)\n    return 1\n"),
    ),
)
