"""Mocks: answers that stand in for an action's own, and recordings: the answers that a run has had, as mocks."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.domain.action import ActionFailed, is_of, snake
from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.parameters import MASK
from midcall.domain.redaction import Redaction

#: Mocks of one run, and their JSON bytes in all. A recording keeps to the same, so that it can be sent as mocks.
MAX_MOCKS, MAX_MOCKS_BYTES = 100, 256 * 1024
#: JSON bytes of one recorded answer, and of the options that are kept of its call.
MAX_ANSWER_BYTES, MAX_WHEN_BYTES = 64 * 1024, 2 * 1024
#: Characters of an error's text.
MAX_MESSAGE = 1_000

#: Why a recorded call has no answer: larger than is kept; or the run was over before it came.
TOO_LARGE, ABANDONED = "too_large", "abandoned"
_CURES: Mapping[str, str] = {
    TOO_LARGE: f"its answer was larger than is kept ({MAX_ANSWER_BYTES // 1024} KiB each, "
    f"{MAX_MOCKS_BYTES // 1024} KiB a run); send a mock for it",
    ABANDONED: "the run was over before an answer came; send a mock for it",
}
_ANYTHING_AFTER = "*"
#: Steps in which one mock is held against one call, about a tenth of a second: names with MASK in them are tried on
#: each name that a call has, at every depth.
MAX_STEPS = 100_000
MAX_SECONDS = 1.0
_CHARS_OF_A_STEP = 256


@dataclass(frozen=True, slots=True)
class Returned:
    """An action that came back with a value."""

    value: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Raised:
    """An action that failed: what its ActionError says."""

    message: str
    code: str = "failed"
    status: int | None = None
    body: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """An action whose answer was not kept; `why` is TOO_LARGE or ABANDONED."""

    why: str


ActionAnswer = Returned | Raised | NotRecorded


@dataclass(frozen=True, slots=True)
class Mock:
    """One mock. `action` is a group or `group.operation` in snake_case; `times` None answers for ever."""

    action: str
    answer: ActionAnswer
    #: Part of the options that a call must have; names as the code may write them.
    when: Mapping[str, Any] = field(default_factory=dict, repr=False)
    times: int | None = None

    def fits(self, action: str, options: Mapping[str, Any], names: Mapping[str, str]) -> bool:
        """Tell whether a call is answered by this mock.

        One that cannot be compared within its budget does not fit. `options` are the call's by their own names; `names`
        has the other ways, in snake_case, to write each name.
        """
        if not is_of(action, self.action):
            return False
        budget = Budget(MAX_STEPS, seconds=MAX_SECONDS)
        try:
            for written, part in self.when.items():
                name = names.get(snake(written), snake(written))
                if name not in options or not _option_fits(name, part, options[name], budget):
                    return False
        except BudgetSpent:
            return False
        return True

    def document(self) -> dict[str, Any]:
        """Return it as it is written in JSON."""
        document: dict[str, Any] = {"action": self.action}
        if self.when:
            document["when"] = dict(self.when)
        match self.answer:
            case Returned(value):
                document["returns"] = value
            case Raised(message, code, status, body):
                document["raises"] = {"message": message, "code": code, "status": status, "body": body}
            case NotRecorded(why):
                document["not_recorded"] = why
        if self.times is not None:
            document["times"] = self.times
        return document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Mock":
        """Read what `document` wrote."""
        answer: ActionAnswer
        if "returns" in document:
            answer = Returned(document["returns"])
        elif "raises" in document:
            answer = Raised(**document["raises"])
        else:
            answer = NotRecorded(document["not_recorded"])
        return cls(document["action"], answer, document.get("when", {}), document.get("times"))


def give(answer: ActionAnswer) -> Any:
    """Answer a call: returns a value, or raises ActionFailed."""
    match answer:
        case Returned(value):
            return value
        case Raised(message, code, status, body):
            raise ActionFailed(message, code=code, status=status, body=body)
        case NotRecorded(why):
            raise ActionFailed(f"this call was not recorded: {_CURES[why]}", code="not_recorded")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a version is tried out. `dry`: what no mock answers fails, and nothing leaves midcall."""

    mocks: tuple[Mock, ...] = ()
    record: bool = False
    dry: bool = False
    #: The invocation whose recording the mocks are.
    replay_of: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as it is stored."""
        mocks = [mock.document() for mock in self.mocks]
        return {"mocks": mocks, "record": self.record, "dry": self.dry, "replay_of": self.replay_of}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Rehearsal":
        """Read what `document` wrote."""
        return cls(**{**document, "mocks": tuple(map(Mock.of, document["mocks"]))})


@dataclass(frozen=True, slots=True)
class Recording:
    """The answers that a run's actions had, in the order in which they were called, masked and bounded.

    `session` has the fields of the session body that nothing else keeps as the run saw them.
    """

    mocks: tuple[Mock, ...]
    session: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"mocks": [mock.document() for mock in self.mocks], "session": dict(self.session)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Recording":
        """Read what `document` wrote."""
        return cls(tuple(map(Mock.of, document["mocks"])), document["session"])


def recorded(action: str, options: Mapping[str, Any], answer: ActionAnswer) -> Mock:
    """Keep one answer as a mock that answers once, as it is: `bounded` and `masked` come next."""
    return Mock(action, answer, _kept_options(options), times=1)


def masked(mock: Mock, redactions: Iterable[Redaction], of_answer: Iterable[Redaction]) -> Mock:
    """Mask a recorded mock; what is masked in its options fits whatever stood there."""
    options, answer = mock.when, mock.answer
    for redaction in redactions:
        options = redaction.value(options)
    for redaction in of_answer:
        answer = _masked(answer, redaction)
    if isinstance(answer, Raised):  # cut last: half a secret would not be found
        answer = replace(answer, message=answer.message[:MAX_MESSAGE])
    return Mock(mock.action, answer, _kept_options(options), mock.times)


def _masked(answer: ActionAnswer, redaction: Redaction) -> ActionAnswer:
    match answer:
        case Returned(value):
            return Returned(redaction.value(value))
        case Raised(message, code, status, body):
            return Raised(redaction.text(message), code, status, redaction.value(body))
    return answer


def bounded(mocks: Iterable[Mock]) -> tuple[Mock, ...]:
    """Drop answers that are too large to be kept; the calls stay, so that what came after them is told apart."""
    kept = list(mocks)[:MAX_MOCKS]
    bare = [_without_answer(mock) for mock in kept]
    left = MAX_MOCKS_BYTES - size_of([mock.document() for mock in bare])
    for place, mock in enumerate(kept):
        more = size_of(mock.document()) - size_of(bare[place].document())
        if more <= left and _answer_size(mock.answer) <= MAX_ANSWER_BYTES:
            bare[place] = mock
            left -= more
    return tuple(bare)


def size_of(value: Any) -> int:
    """Count the bytes of a JSON value."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _answer_size(answer: ActionAnswer) -> int:
    match answer:
        case Returned(value) | Raised(body=value):
            return size_of(value)
    return 0


def _without_answer(mock: Mock) -> Mock:
    lost = mock.answer if isinstance(mock.answer, NotRecorded) else NotRecorded(TOO_LARGE)
    return Mock(mock.action, lost, mock.when, mock.times)


def _kept_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the options that fit into MAX_WHEN_BYTES, small ones first: a part of them is still a condition."""
    left, kept = MAX_WHEN_BYTES, set()
    for name, value in sorted(options.items(), key=lambda option: size_of(option[1])):
        left -= size_of({name: value})
        if left < 0:
            break
        kept.add(name)
    return {name: value for name, value in options.items() if name in kept}


def _option_fits(name: str, part: Any, given: Any, budget: Budget) -> bool:
    if name == "url" and isinstance(part, str) and part.endswith(_ANYTHING_AFTER) and not part.endswith(MASK):
        part = part.removesuffix(_ANYTHING_AFTER) + MASK
    return subset(part, given, budget)


def subset(part: Any, given: Any, budget: Budget) -> bool:
    """Tell whether a JSON value holds another: an object may have more names, a list no more items.

    Where MASK stands in a text of `part`, any text may stand in `given`; where it is the whole text, any value. Raises
    BudgetSpent.
    """
    budget.spend()
    if isinstance(part, str):
        budget.spend(len(part) // _CHARS_OF_A_STEP)
        return part == MASK or (isinstance(given, str) and _like(part, given))
    if isinstance(part, Mapping):
        return isinstance(given, Mapping) and all(_holds(given, name, item, budget) for name, item in part.items())
    if isinstance(part, list | tuple):
        same = isinstance(given, list | tuple) and len(part) == len(given)
        return same and all(subset(item, other, budget) for item, other in zip(part, given, strict=True))
    # true is no 1, as Python has it.
    return isinstance(part, bool) == isinstance(given, bool) and bool(part == given)


def _holds(given: Mapping[str, Any], name: str, item: Any, budget: Budget) -> bool:
    if name in given:
        return subset(item, given[name], budget)
    if MASK not in name:
        return False
    for other, value in given.items():
        budget.spend(1 + (len(name) + len(other)) // _CHARS_OF_A_STEP)
        if _like(name, other) and subset(item, value, budget):
            return True
    return False


def _like(pattern: str, text: str) -> bool:
    """Compare texts; MASK in the pattern stands for any text. Takes linear time for each MASK."""
    first, *rest = pattern.split(MASK)
    if not rest:
        return pattern == text
    *middle, last = rest
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(text) - len(last) >= at and text.endswith(last)
