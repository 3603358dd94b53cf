"""Parsing within bounds: a tree, or the comment that says why there is none."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from midcall.domain.review import Severity
from midcall.review import folding, grammar
from midcall.review.advice import instead, named
from midcall.review.rule import Hit, Rule, Span, example
from midcall.review.text import SourceText

#: How deep a tree may be: recursion in the checks (about six frames per level) stays within Python's own limit.
MAX_DEPTH = 120
#: How many nodes a tree may have; 64 KiB of ordinary code has about 15,000.
MAX_NODES = 40_000

#: What Unicode has drawn as nothing (its property Default_Ignorable_Code_Point); Python takes some of it for letters of
#: names, more of it since 3.13. In texts it is fine: scripts and pictures need some.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_FINE = example("def handler(session):\n    return 1\n")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The outcome: `tree` is None when `hits` refuse the source. Each hit carries its rule."""

    tree: ast.Module | None
    hits: tuple[tuple[Rule[SourceText], Hit], ...]


def _no_check(_text: SourceText) -> Iterator[Hit]:
    """Check nothing: the parser itself finds these."""
    return iter(())


SYNTAX = Rule(
    id="syntax.error",
    summary="The source is valid Python, in the minor version that runs it.",
    severity=Severity.ERROR,
    check=_no_check,
    good=_FINE,
    bad=example("def handler(session):\n    return 1 +\n"),
)
COMPLEX = Rule(
    id="syntax.complexity",
    summary="The source is not nested so deeply, nor so long in its parts, that checking it could exhaust the checker.",
    severity=Severity.ERROR,
    check=_no_check,
    good=_FINE,
    bad=example("def handler(session):\n    return " + "-" * 300 + "1\n"),
)
UNKNOWN = Rule(
    id="syntax.unknown",
    summary="Only syntax that the review knows: no `except*`, no type parameters (`def f[T]`), no `type X = ...`, no "
    "template strings, nor what a later Python adds.",
    severity=Severity.ERROR,
    check=_no_check,
    good=_FINE,
    bad=example(
        "def handler(session):\n    try:\n        print(1)\n    except* ValueError:\n        print(2)\n    return 3\n"
    ),
)
DOUBTFUL = Rule(
    id="syntax.doubtful",
    summary="Nothing that Python itself warns about, such as `is` with a number or an unknown `\\d` in plain text.",
    severity=Severity.WARNING,
    check=_no_check,
    good=example("def handler(session):\n    return session == 1\n"),
    bad=example("def handler(session):\n    return session is 1\n"),
)
HIDDEN = Rule(
    id="identifier.invisible",
    summary="No invisible characters in names, whatever Python reads them.",
    severity=Severity.ERROR,
    check=_no_check,
    good=example("def handler(session):\n    return 'a\u200db'\n"),
    bad=example("def handler(session):\n    n\ufe0f = 1\n    return n\ufe0f\n"),
)
RULES: tuple[Rule[SourceText], ...] = (SYNTAX, COMPLEX, UNKNOWN, DOUBTFUL, HIDDEN)


def parse(text: SourceText) -> Parsed:
    """Parse and compile (without running) a source that passed the text rules."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parsed = _parse(text)
    doubts = [(DOUBTFUL, _doubt(text, warning)) for warning in caught]
    return Parsed(parsed.tree, (*parsed.hits, *doubts))


def _parse(text: SourceText) -> Parsed:
    try:
        tree = ast.parse(text.source, "handler.py")
    except SyntaxError as fault:
        return Parsed(None, ((SYNTAX, _syntax_hit(text, fault, counts_bytes=False)),))
    except (RecursionError, MemoryError, ValueError, OverflowError) as fault:
        return Parsed(None, ((COMPLEX, too_complex(f"the parser gave up ({type(fault).__name__})")),))
    reason = _excess(tree)
    if reason:
        return Parsed(None, ((COMPLEX, too_complex(reason)),))
    unknown = tuple((UNKNOWN, Hit(*fault)) for fault in grammar.strange(tree))
    if unknown:
        # No rule was written for such nodes, so none gets to see the tree.
        return Parsed(None, unknown)
    constant = folding.too_large(tree)
    if constant:
        return Parsed(None, ((COMPLEX, _too_large(*constant)),))
    return _compiled(text, tree)


def _compiled(text: SourceText, tree: ast.Module) -> Parsed:
    if hidden := _hidden(text, tree):
        return Parsed(None, ((HIDDEN, hidden),))
    try:
        # Faults such as `return` outside a function appear only here.
        compile(tree, "handler.py", "exec", dont_inherit=True)
    except SyntaxError as fault:
        return Parsed(None, ((SYNTAX, _syntax_hit(text, fault, counts_bytes=True)),))
    except (RecursionError, MemoryError, ValueError, OverflowError) as fault:
        return Parsed(None, ((COMPLEX, too_complex(f"the compiler gave up ({type(fault).__name__})")),))
    return Parsed(tree, ())


def _excess(tree: ast.Module) -> str:
    """Say what is too much about a tree, walking without recursion; empty if nothing is."""
    level: list[ast.AST] = [tree]
    count = depth = 0
    while level:
        count += len(level)
        depth += 1
        if depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} levels deep"
        if count > MAX_NODES:
            return f"it has more than {MAX_NODES} parts"
        level = [child for node in level for child in _children(node)]
    return ""


def _hidden(text: SourceText, tree: ast.Module) -> Hit | None:
    """Find the first name in which something stands that nobody sees."""
    if text.source.isascii():
        return None
    for node in ast.walk(tree):
        for name in () if isinstance(node, ast.Constant) else _texts(node):
            if found := _UNSEEN.search(name):
                line = getattr(node, "lineno", 1)
                column = text.lines[line - 1].find(found.group()) + 1
                return Hit(
                    Span(line, max(column, 1), line, max(column, 1) + 1),
                    f"Invisible character {named(found.group())} in a name: two names that look alike would be two.",
                    "Delete the character, or type the name again.",
                )
    return None


def _texts(node: ast.AST) -> Iterator[str]:
    for value in vars(node).values():
        yield from (each for each in (value if isinstance(value, list) else (value,)) if isinstance(each, str))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes directly below; `ast.iter_child_nodes` does the same, more slowly."""
    for value in vars(node).values():
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, ast.AST))


def too_complex(reason: str) -> Hit:
    """Return the hit for a source that cannot be checked."""
    return Hit(
        Span(),
        f"The source is too complex to review: {reason}.",
        "Split long expressions and deep nesting into several functions, and move data out of the code.",
    )


def _too_large(node: ast.AST, size: float) -> Hit:
    shown = f"{size / 1024**2:.0f} MiB" if size < 1e18 else "more than any machine has"  # noqa: PLR2004 (an exabyte)
    return Hit(
        node,
        f"The constants up to this one take {shown} once they are worked out, which the compiler may do.",
        "Use smaller sizes, or make it when it is needed and of parts that are: a loop, a generator, `math.log`.",
    )


def _syntax_hit(text: SourceText, fault: SyntaxError, *, counts_bytes: bool) -> Hit:
    line = min(max(fault.lineno or 1, 1), len(text.lines))
    offset = max(fault.offset or 1, 1)
    column = text.column(line, offset - 1) if counts_bytes else min(offset, len(text.lines[line - 1]) + 1)
    end_line, end_column = line, column + 1
    if fault.end_lineno == line and fault.end_offset and fault.end_offset > offset:
        end_column = text.column(line, fault.end_offset - 1) if counts_bytes else fault.end_offset
    message, advice = instead(text.lines, line, (fault.msg or "invalid syntax").strip())
    return Hit(
        Span(line, column, end_line, max(end_column, column)),
        f"Python cannot read this: {message[:300].rstrip('.')}.",
        advice,
    )


def _doubt(text: SourceText, warning: warnings.WarningMessage) -> Hit:
    line = min(max(warning.lineno, 1), len(text.lines))
    message = str(warning.message)
    advice = "Compare values with `==`." if "is" in message.split() or '"is' in message else "Check what is meant here."
    if "escape sequence" in message:
        advice = 'Write the text with an r in front, such as r"\\d+", or double the backslash.'
    if message.startswith("assertion is always true"):
        advice = "Remove the parentheses after `assert`."
    return Hit(Span(line, 1, line, len(text.lines[line - 1]) + 1), f"Python warns: {message[:300]}.", advice)
