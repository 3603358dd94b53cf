"""What is said between the Code Assistant and the model that writes for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who said something."""

    USER = "user"
    ASSISTANT = "assistant"


class Status(StrEnum):
    """How a request to the assistant ended."""

    #: The review of what it wrote has no error.
    PASSED = "passed"
    #: It wrote code, and the review of the last attempt has errors.
    NOT_PASSED = "not_passed"
    #: The deadline came first.
    TIMED_OUT = "timed_out"
    #: The model could not be asked, or refused to answer.
    MODEL_ERROR = "model_error"
    #: What the model answered is not in the form that was asked for.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class WritingTask:
    """All that a model is told at first: the rules, and the conversation, whose last turn is the user's."""

    instructions: str
    turns: tuple[ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost so far; tokens as the model's endpoint counts them, 0 where it does not say."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class ExplanationPart:
    """A piece of the explanation, as it comes."""

    text: str


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A whole answer: code, and what the model thinks that it needs besides. None of it has been looked at yet.

    `changes` has, where the code needs another one than there is, the whole new value of `actions`, `egress` or
    `parameters`.
    """

    source: str
    explanation: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    test: Mapping[str, Any] | None = None


#: What comes of asking a model once: pieces, then one whole answer.
ModelOutput = ExplanationPart | ModelAnswer
