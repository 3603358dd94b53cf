"""Events of a session: rows, written in the transaction that made them happen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from midcall.domain.invocation import Invocation
from midcall.domain.speech import Spoken


class EventName(StrEnum):
    """The events that a session may have, by their names in its stream."""

    #: A variable was set: `{"name", "value", "source"}`.
    VARIABLE = "variable"
    #: A function was started: `{"invocation_id", "function", "phase", "message", "speak_during_execution",
    #: "speak_after_execution"}`; `message` is what to say at once.
    STARTED = "started"
    #: Running code reports of itself: `{"invocation_id", "function", "text"}`.
    PROGRESS = "progress"
    #: A function came to its outcome: the outcome, with `invocation_id`, `function` and `phase`.
    COMPLETED = "completed"
    #: The session changed its status: `{"status", "reason"}`.
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is its row's number, which `Last-Event-ID` names. 0 before it is stored."""

    id: int
    session: str
    name: EventName
    at: int
    data: Mapping[str, Any]


def started_data(invocation: Invocation, said: Spoken) -> dict[str, Any]:
    """Return what the event tells that a function was started."""
    return {
        "invocation_id": invocation.id,
        "function": invocation.function,
        "phase": invocation.phase.value,
        "message": said.pick(),
        "speak_during_execution": said.during,
        "speak_after_execution": said.after,
    }
