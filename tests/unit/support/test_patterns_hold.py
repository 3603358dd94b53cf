"""No pattern of midcall's own takes longer than in proportion to a text: found in the code, tried with hostile texts.

A pattern that is added is tried that day. Patterns that tenants write are bounded elsewhere (decision 0027).
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest
from tests.support.growth import SUSPECT, growth

import midcall

_METHODS = {"fullmatch", "match", "search", "sub", "subn", "findall", "finditer", "split"}
_ROOT = Path(midcall.__file__).parent
#: Characters of a first look, and the seconds from which it is worth measuring how they grow: only what is quadratic
#: takes as much for as little.
_LOOK, _WORTH_S = 2_000, 0.001
_MOST_UNITS, _MOST_IN_PAIRS = 24, 12


class Use(NamedTuple):
    """A pattern, and a method of it that is called somewhere."""

    module: str
    line: int
    name: str
    method: str


def uses() -> Iterator[Use]:
    """Find patterns that modules hold, with the methods that the same modules call; and those used at once."""
    for path in sorted(_ROOT.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        module = ".".join(["midcall", *path.relative_to(_ROOT).with_suffix("").parts])
        tree = ast.parse(path.read_text())
        called: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=method, value=ast.Name(id="re")), args=[pattern, *_]):
                    if method in _METHODS:
                        yield Use(module, node.lineno, ast.unparse(pattern), method)
                case ast.Attribute(attr=method, value=ast.Name(id=name)) if method in _METHODS:
                    called.setdefault(name, set()).add(method)
        for statement in tree.body:
            value = getattr(statement, "value", None)
            if value is not None and "re.compile(" in ast.unparse(value):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
                name = ast.unparse(targets[0])
                # In a table, or imported by others: looked for is what takes longest.
                for method in sorted(called.get(name, {"search"})):
                    yield Use(module, statement.lineno, name, method)


USES = list(uses())


def patterns_of(use: Use) -> Iterator[re.Pattern[Any]]:
    """Return what is used, as the module itself has it."""
    try:
        found = eval(use.name, vars(importlib.import_module(use.module)))  # noqa: S307 (our own code)
    except NameError:  # made for each text anew: of one character class
        return
    for each in found.values() if isinstance(found, dict) else [found]:
        if isinstance(each, str | re.Pattern):
            yield re.compile(each)


def words_in(parsed: Any) -> Iterator[str]:
    """Yield what a pattern looks for: runs of characters, and one of each class."""
    run = ""
    for kind, value in parsed:
        if kind is sre.LITERAL:
            run += chr(value)
            continue
        if run:
            yield run
            run = ""
        yield from _words_of(kind, value)
    if run:
        yield run


def _words_of(kind: Any, value: Any) -> Iterator[str]:
    if kind is sre.IN:
        yield from (_CLASSES.get(what, lambda _: "")(which) for what, which in value)
    elif kind is sre.NOT_LITERAL:
        yield chr(value + 1)
    elif kind in _WITHIN:
        for part in _WITHIN[kind](value):
            yield from words_in(part)


_CLASSES: dict[Any, Callable[[Any], str]] = {
    sre.LITERAL: chr,
    sre.RANGE: lambda ends: chr(ends[0]),
    sre.CATEGORY: lambda which: {sre.CATEGORY_SPACE: " ", sre.CATEGORY_DIGIT: "0"}.get(which, "w"),
}
#: What stands within a part of a pattern, by its kind.
_WITHIN: dict[Any, Callable[[Any], list[Any]]] = {
    **dict.fromkeys((sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT), lambda value: [value[2]]),
    sre.SUBPATTERN: lambda value: [value[3]],
    sre.BRANCH: lambda value: value[1],
    **dict.fromkeys((sre.ASSERT, sre.ASSERT_NOT), lambda value: [value[1]]),
    sre.ATOMIC_GROUP: lambda value: [value],
}


def makers(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Yield what makes texts that fit a pattern again and again, and then not."""
    is_text = isinstance(pattern.pattern, str)
    text = pattern.pattern if is_text else pattern.pattern.decode("latin-1")
    found = words_in(sre_parser.parse(text, pattern.flags & ~re.UNICODE & ~re.LOCALE))
    words = [word for word in dict.fromkeys([*found, " ", "a", "0", "\n", "é"]) if word][:_MOST_UNITS]
    units = [*words, *(one + other for one, other in permutations(words[:_MOST_IN_PAIRS], 2))]
    begins = ["", *[word for word in words if len(word) > 1][:3], *words[:1]]

    def maker(begin: str, unit: str, end: str) -> Callable[[int], Any]:
        def make(size: int) -> Any:
            made = begin + unit * (size // len(unit)) + end
            return made if is_text else made.encode()

        return make

    return (maker(begin, unit, end) for unit in units for begin in begins for end in ("", "\x01"))


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.module}:{use.name}.{use.method}")
def test_a_pattern_takes_time_in_proportion_to_the_text(use: Use) -> None:
    """By the ratio of two sizes in one run; what is over in a millisecond at first needs none."""
    for pattern in patterns_of(use):
        call = getattr(pattern, use.method)
        empty = "" if isinstance(pattern.pattern, str) else b""

        def work(text: Any, call: Any = call, empty: Any = empty) -> None:
            if use.method in {"sub", "subn"}:
                call(empty, text)
            elif use.method == "finditer":
                for _ in call(text):
                    pass
            else:
                call(text)

        for make in makers(pattern):
            text = make(_LOOK)
            began = time.thread_time()
            work(text)
            if time.thread_time() - began > _WORTH_S:
                assert growth(make, work) < SUSPECT, (pattern.pattern, text[:80])


def test_patterns_are_found() -> None:
    """In modules, in tables, and where they are used at once; most of what there is has been tried."""
    names = {use.name for use in USES}
    assert {"_PLACEHOLDER", "_PATTERNS", "'[/?#]'", "_TOKEN"} <= names
    assert sum(any(patterns_of(use)) for use in USES) >= len(USES) - 2


@pytest.mark.parametrize("pattern", [r"^def handler\s*\([^\n]*\)[^\n:]*:", r"\[([^\]]*)\]", r"[a-z]*(?:ex|re)[a-z]*$"])
def test_what_grows_faster_is_found(pattern: str) -> None:
    """Those that there were."""
    known = re.compile(pattern)
    call = known.match if pattern.endswith("$") else known.search
    assert any(growth(make, call, most=20_000) > SUSPECT for make in makers(known))
