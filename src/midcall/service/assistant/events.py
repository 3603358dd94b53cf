"""What is asked of the Code Assistant, and what comes of it, one event after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.assistant import ChatMessage, Status, Usage
from midcall.service.functions.form import FunctionForm


@dataclass(frozen=True, slots=True)
class Question:
    """A request for code. `draft` is the function as it stands in the editor, of kind code."""

    description: str
    draft: FunctionForm | None = None
    #: What was said before, the oldest first.
    messages: tuple[ChatMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class AssistantAnswer:
    """How it ended. `source` and `review` are those of the last attempt that had any.

    `proposals` has the whole new value of what would have to change beside the source, each for a person to agree to.
    """

    status: Status
    message: str
    source: str | None = None
    explanation: str = ""
    review: Mapping[str, Any] | None = None
    diff: str = ""
    proposals: Mapping[str, Any] = field(default_factory=dict)
    test: Mapping[str, Any] | None = None
    rounds: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model was asked; rounds count from 1."""

    round: int


@dataclass(frozen=True, slots=True)
class ExplanationWritten:
    """A piece of a round's explanation."""

    round: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceWritten:
    """The source of a round, before its review."""

    round: int
    source: str
    explanation: str
    proposals: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The review of a round's source."""

    round: int
    review: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completed:
    """The end, whatever it is."""

    answer: AssistantAnswer


AssistantEvent = Thinking | ExplanationWritten | SourceWritten | Reviewed | Completed
