"""Rules on regular expressions: valid, written out, and without patterns that take for ever."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from re import _constants as codes  # type: ignore[attr-defined]  # the parser's own words for what it found
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from midcall.domain.review import Severity
from midcall.review.constants import texts
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example

_FUNCTIONS = frozenset(
    f"re.{name}" for name in ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
)
#: Longer patterns are not judged: the judgement itself would take time.
_LONGEST = 2_000
#: How many different patterns of one source are judged.
_MOST = 60
_REPEATS = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT})


def _patterns(module: Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield each call that takes a pattern, with the pattern."""
    for call in module.nodes(ast.Call):
        if module.origin(call.func) in _FUNCTIONS:
            named = next((keyword.value for keyword in call.keywords if keyword.arg == "pattern"), None)
            pattern = call.args[0] if call.args else named
            if pattern is not None:
                yield call, pattern


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a pattern is: `fault` says why it is not valid, `slow` that some texts take for ever."""

    fault: str = ""
    slow: bool = False


def _verdicts(module: Module) -> list[tuple[ast.expr, _Verdict]]:
    """Judge each pattern that is written out, each text once, and no more of them than is sensible."""
    known: dict[str, _Verdict] = {}
    found: list[tuple[ast.expr, _Verdict]] = []
    for _call, pattern in _patterns(module):
        for text in sorted(texts(module, pattern) or ()):
            if text not in known and len(known) < _MOST and len(text) <= _LONGEST:
                known[text] = _judge(text)
            if text in known:
                found.append((pattern, known[text]))
    return found


def _judge(text: str) -> _Verdict:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Verdict(slow=_nests(parser.parse(text)))
    except (re.error, RecursionError, OverflowError) as error:
        return _Verdict(fault=str(error)[:100] or type(error).__name__)


def _valid(module: Module) -> Iterator[Hit]:
    for pattern, verdict in module.once(_verdicts):
        if verdict.fault:
            yield Hit(pattern, f"This is no valid pattern: {verdict.fault}.", "Check brackets and backslashes.")


def _slow(module: Module) -> Iterator[Hit]:
    for pattern, verdict in module.once(_verdicts):
        if verdict.slow:
            yield Hit(
                pattern,
                "A repetition inside a repetition: on some texts this tries every way to split them, without end.",
                "Repeat once, such as `a+` for `(a+)+`, or put a fixed character between the parts.",
            )


def _foreign(module: Module) -> Iterator[Hit]:
    for _call, pattern in _patterns(module):
        if _from_session(module, pattern, 4):
            yield Hit(
                pattern,
                "The pattern comes from the conversation; some patterns never end.",
                "Write the pattern out, or take the text literally with `re.escape(text)`.",
            )


def _from_session(module: Module, node: ast.AST, steps: int) -> bool:
    """Say whether an expression is made from the handler's session, other than through `re.escape`."""
    if steps == 0 or module.handler is None:
        return False
    if isinstance(node, ast.Call) and module.origin(node.func) in {"re.escape", "re.compile"}:
        return False
    if isinstance(node, ast.Name):
        for binding in module.meaning(node).bindings:
            if isinstance(binding.node, ast.arg) and binding.node in module.handler.args.args[:1]:
                return True
            if binding.value is not None and _from_session(module, binding.value, steps - 1):
                return True
        return False
    return any(_from_session(module, child, steps) for child in ast.iter_child_nodes(node))


def _nests(items: Any) -> bool:
    """Say whether an unbounded repetition holds something that can match one text in several ways."""
    for code, argument in items:
        if code in _REPEATS:
            _low, high, body = argument
            if high == codes.MAXREPEAT and _is_ambiguous(list(body)):
                return True
        if any(_nests(part) for part in _parts(code, argument)):
            return True
    return False


def _parts(code: Any, argument: Any) -> list[Any]:
    if code in _REPEATS or code is codes.POSSESSIVE_REPEAT:
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        return [argument[1]]
    return [argument] if code is codes.ATOMIC_GROUP else []


def _is_ambiguous(body: list[Any]) -> bool:
    """Say whether two rounds of an unbounded repetition can match what one round matches.

    So it is when another unbounded repetition stands alone in it (apart from what may be empty), when two equal ones
    stand side by side, when an optional part begins like the part before the next round, or when alternatives overlap.
    """
    body = _inline(body)
    solid = [item for item in body if not _may_be_empty(item)]
    unbounded = [item for item in body if _is_unbounded(item)]
    if len(solid) <= 1 and unbounded and all(item in unbounded for item in solid):
        return True
    if any(_is_unbounded(item) and str(item) == str(follower) for item, follower in pairwise(body)):
        return True
    if len(solid) == 1 and any(_begins_like(item, solid[0]) for item in body if item is not solid[0]):
        return True
    return any(code is codes.BRANCH and _alternatives_overlap(argument[1]) for code, argument in body)


def _inline(items: Any) -> list[Any]:
    """Put the content of groups in their place; groups make no difference to what matches."""
    found: list[Any] = []
    for item in items:
        found.extend(_inline(item[1][3]) if item[0] is codes.SUBPATTERN else [item])
    return found


def _is_unbounded(item: Any) -> bool:
    return item[0] in _REPEATS and item[1][1] == codes.MAXREPEAT


def _begins_like(optional: Any, solid: Any) -> bool:
    code, argument = optional
    if code in _REPEATS and argument[1] > 0:
        return str(_inline(argument[2])[:1]) == str([solid])
    if code is codes.BRANCH:
        return any(str(_inline(branch)[:1]) == str([solid]) for branch in argument[1])
    return False


def _may_be_empty(item: Any) -> bool:
    code, argument = item
    if code in _REPEATS:
        return bool(argument[0] == 0)
    if code is codes.SUBPATTERN:
        return all(_may_be_empty(part) for part in argument[3])
    if code is codes.BRANCH:
        return any(all(_may_be_empty(part) for part in branch) for branch in argument[1])
    return code in {codes.AT, codes.ASSERT, codes.ASSERT_NOT}


def _alternatives_overlap(branches: Any) -> bool:
    """Say whether two alternatives are alike, or one of them alone repeats without bound."""
    ways = [_inline(branch) for branch in branches]
    repeats = any(len(way) == 1 and _is_unbounded(way[0]) for way in ways)
    return repeats or len({str(way) for way in ways}) < len(ways)


_USE = "import re\n\ndef handler(session):\n    return bool(re.match({}, session['params']['s']))\n"
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="regex.valid",
        summary="Patterns are valid regular expressions.",
        severity=Severity.WARNING,
        check=_valid,
        good=example(_USE.format("r'a+b'"), parameters=["s"]),
        bad=example(_USE.format("r'(a'"), parameters=["s"]),
    ),
    Rule(
        id="regex.slow",
        summary="No repetition directly inside a repetition (catastrophic backtracking).",
        severity=Severity.WARNING,
        check=_slow,
        good=example(_USE.format("r'(?:\\w+\\.)+com'"), parameters=["s"]),
        bad=example(_USE.format("r'^(a+)+$'"), parameters=["s"]),
    ),
    Rule(
        id="regex.foreign",
        summary="Patterns do not come from the conversation.",
        severity=Severity.WARNING,
        check=_foreign,
        good=example(_USE.format("re.escape(session['params']['s'])"), parameters=["s"]),
        bad=example(_USE.format("session['params']['s']"), parameters=["s"]),
    ),
)
