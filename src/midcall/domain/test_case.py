"""Test cases: what a function is run with, and what is expected of it. Judging is pure, and its words are bounded."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from midcall.domain.jsonvalue import digest
from midcall.domain.mock import MAX_MOCKS_BYTES, Mock, Rehearsal, size_of
from midcall.domain.run_status import RunStatus

#: Cases of one function; JSON bytes of one case, mocks included, and of all of a function's.
MAX_CASES = 100
MAX_CASE_BYTES = MAX_MOCKS_BYTES + 128 * 1024
MAX_CASES_BYTES = 4 * 1024 * 1024

#: Characters of what is said of one case, and of one value, name and path in it.
MAX_WHY = 1_000
_MAX_VALUE, _MAX_NAME, _MAX_PATH = 200, 80, 300
#: Of long texts that begin alike, so much is shown before the place where they part.
_BEFORE = 20


class ExpectKind(StrEnum):
    """How a result is compared with what a test case expects."""

    #: The raw return value, and nothing beside it.
    EXACT = "exact"
    #: Part of it: an object may have more names, a list no more items.
    SUBSET = "subset"
    #: Its JSON Schema.
    SCHEMA = "schema"
    #: How the run ended, whatever it returned.
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The outcome that a run must have. `variables` is a subset of what it set; None of `terminate` means any."""

    kind: ExpectKind
    value: Any = field(repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    terminate: bool | None = None

    def document(self) -> dict[str, Any]:
        """Return it as it is written in JSON."""
        document: dict[str, Any] = {self.kind.value: self.value}
        if self.variables:
            document["variables"] = dict(self.variables)
        if self.terminate is not None:
            document["terminateAgent"] = self.terminate
        return document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Expectation":
        """Read what `document` wrote."""
        kind = next(kind for kind in ExpectKind if kind.value in document)
        return cls(kind, document[kind], document.get("variables", {}), document.get("terminateAgent"))


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case of a function; `session` has the fields of the session body, the phase among them."""

    #: It is no test of pytest's.
    __test__ = False

    name: str
    session: Mapping[str, Any] = field(repr=False)
    params: Mapping[str, Any] = field(repr=False)
    mocks: tuple[Mock, ...] = field(repr=False)
    #: What no mock answers fails, and nothing leaves midcall.
    dry: bool
    expect: Expectation
    #: Who saved it last, and when (milliseconds of the epoch).
    principal: str = ""
    updated_at: int = 0

    @property
    def rehearsal(self) -> Rehearsal | None:
        """How it is rehearsed, if it is."""
        return Rehearsal(self.mocks, dry=self.dry) if self.mocks or self.dry else None

    @property
    def sha256(self) -> str:
        """Digest of all that decides about its outcome."""
        return digest(self.document())

    @property
    def size(self) -> int:
        """JSON bytes of its document."""
        return size_of(self.document())

    def document(self) -> dict[str, Any]:
        """Return what it is made of, as it is stored."""
        return {
            "session": dict(self.session),
            "params": dict(self.params),
            "mocks": [mock.document() for mock in self.mocks],
            "dry": self.dry,
            "expect": self.expect.document(),
        }

    @classmethod
    def of(cls, name: str, document: Mapping[str, Any], *, principal: str, updated_at: int) -> "TestCase":
        """Read what `document` wrote."""
        return cls(
            name=name,
            session=document["session"],
            params=document["params"],
            mocks=tuple(map(Mock.of, document["mocks"])),
            dry=document["dry"],
            expect=Expectation.of(document["expect"]),
            principal=principal,
            updated_at=updated_at,
        )


@dataclass(frozen=True, slots=True)
class Tested:
    """Which bytes were tested by which cases (their fingerprint), and what came of it; `reason` is why it is forced."""

    function_id: str
    sha256: str
    fingerprint: str
    passed: int
    failed: tuple[str, ...] = ()
    reason: str | None = None


def fingerprint(cases: Mapping[str, str]) -> str:
    """Digest a set of cases, given by name and sha256; the empty text where there are none."""
    return digest(cases) if cases else ""


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One run of a test case. `status` is the word of its test report; `problem` says why it is not ok."""

    status: RunStatus
    result: Any = field(default=None, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    terminate: bool = False
    problem: str = ""


def shortfall(expect: Expectation, seen: CaseRun, unfit: Callable[[Any, Any], str | None]) -> str | None:
    """Say why a run is not as expected, in at most MAX_WHY characters; None: it is.

    `unfit` says where a value does not fit a JSON Schema.
    """
    why = _of_result(expect, seen, unfit)
    if why is None and expect.variables:
        why = difference(expect.variables, seen.variables, exact=False, at="dynamicVariables")
    if why is None and expect.terminate not in {None, seen.terminate}:
        why = f"terminateAgent: expected {_shown(expect.terminate)}, got {_shown(seen.terminate)}"
    return None if why is None else cut(why, MAX_WHY)


def _of_result(expect: Expectation, seen: CaseRun, unfit: Callable[[Any, Any], str | None]) -> str | None:
    wanted = expect.value if expect.kind is ExpectKind.STATUS else RunStatus.OK
    if seen.status != wanted:
        problem = f": {seen.problem}" if seen.problem else ""
        return f"the run ended with status {seen.status}, not {wanted}{problem}"
    match expect.kind:
        case ExpectKind.STATUS:
            return None
        case ExpectKind.SCHEMA:
            return unfit(expect.value, seen.result)
    return difference(expect.value, seen.result, exact=expect.kind is ExpectKind.EXACT)


def difference(expected: Any, seen: Any, *, exact: bool, at: str = "$") -> str | None:
    """Say where two JSON values first differ: the JSON path from `at`, and both values, cut. None: they do not.

    Numbers are equal by value (1 and 1.0), true is no 1. Unless `exact`, an object may have more names than expected,
    at any depth; a list has as many items as expected, each of which is compared in the same way.
    """
    return next(_differences(expected, seen, exact=exact, at=at), None)


def _differences(expected: Any, seen: Any, *, exact: bool, at: str) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(seen, Mapping):
        for name, item in expected.items():
            here = at + _step(name)
            if name not in seen:
                yield f"{cut(here, _MAX_PATH)}: expected {_shown(item)}, it is missing"
            else:
                yield from _differences(item, seen[name], exact=exact, at=here)
        if exact:
            more = (name for name in seen if name not in expected)
            yield from (f"{cut(at + _step(name), _MAX_PATH)}: not expected, got {_shown(seen[name])}" for name in more)
    elif isinstance(expected, list | tuple) and isinstance(seen, list | tuple):
        for place, (item, other) in enumerate(zip(expected, seen, strict=False)):
            yield from _differences(item, other, exact=exact, at=f"{at}[{place}]")
        if len(expected) != len(seen):
            yield f"{cut(at, _MAX_PATH)}: expected {_items(len(expected))}, got {len(seen)}"
    elif isinstance(expected, bool) != isinstance(seen, bool) or expected != seen:
        yield f"{cut(at, _MAX_PATH)}: {_both(expected, seen)}"


def _both(expected: Any, seen: Any) -> str:
    if isinstance(expected, str) and isinstance(seen, str) and max(len(expected), len(seen)) > _MAX_VALUE:
        pairs = enumerate(zip(expected, seen, strict=False))
        place = next((at for at, (one, other) in pairs if one != other), min(len(expected), len(seen)))
        if place > _BEFORE:
            start = place - _BEFORE
            texts = f"expected ...{_shown(expected[start:])}, got ...{_shown(seen[start:])}"
            return f"differs from character {place + 1} on: {texts}"
    return f"expected {_shown(expected)}, got {_shown(seen)}"


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def _step(name: str) -> str:
    return f".{name}" if name.isidentifier() and len(name) <= _MAX_NAME else f"[{_shown(name, _MAX_NAME)}]"


def _shown(value: Any, limit: int = _MAX_VALUE) -> str:
    text = cut(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")), limit)
    # A value may hold half of a surrogate pair; what is said of it is text that can be sent anywhere.
    return text.encode(errors="replace").decode()


def cut(text: str, limit: int) -> str:
    """Cut a text to so many characters; what is cut ends with three dots."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
