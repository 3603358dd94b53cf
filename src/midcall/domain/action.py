"""Actions: what sandboxed code asks of its host, what it is answered, and what is kept of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Actions that one run may call, and how many of them at a time.
MAX_CALLS, MAX_PARALLEL = 100, 10
#: JSON bytes of one call, of one answer, and of all answers of a run.
MAX_CALL_BYTES, MAX_ANSWER_BYTES, MAX_ANSWERS_BYTES = 1024 * 1024, 1024 * 1024, 12 * 1024 * 1024
MAX_NAME = 100

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """Write a name as Python does: `getRecordList` and `get_record_list` are one name."""
    return _WORD_BEGINS.sub("_", name).lower()


def is_of(action: str, name: str) -> bool:
    """Tell whether an action, `group.operation`, is the one of a name, or of the group of that name."""
    return action == name or action.startswith(f"{name}.")


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One call as the code made it: `name` is `group.operation` in snake_case, `id` its number in this run."""

    id: int
    name: str
    args: tuple[Any, ...] = field(default=(), repr=False)
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)


class ActionFailed(Exception):
    """An action could not be carried out; becomes `ActionError` in the code that called it.

    `code` is a stable word. Where a target answered: its `status`, and its `body` as a JSON value or text.
    """

    def __init__(self, message: str, *, code: str = "failed", status: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class ActionReply:
    """The answer that code gets to an action: a JSON value, or why there is none. Nothing in it is a secret."""

    value: Any = field(default=None, repr=False)
    error: ActionFailed | None = None


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One call of an action as its invocation keeps it; no secret, no path, no query.

    `outcome` is `ok`, the code of an ActionFailed, or `abandoned`: the run was over before the answer came, and whether
    the target acted is unknown. `requests` counts HTTP requests (pages, batches, retries).
    """

    action: str
    outcome: str
    method: str | None = None
    host: str | None = None
    status: int | None = None
    requests: int = 0
    ms: float = 0.0
    #: Milliseconds after the first moment of its attempt.
    at_ms: float = 0.0
    #: Answered by a mock or a recording: nothing was called.
    mocked: bool = False


@dataclass(frozen=True, slots=True)
class EnabledAction:
    """One entry of a function's `code.actions`: a group (`airtable`) or one operation (`airtable.get_record_list`)."""

    name: str
    #: Names of the credentials that its calls may use.
    credentials: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: str | Mapping[str, Any]) -> "EnabledAction":
        """Read an entry as it is stored: a name, or `{"name", "credentials"}`."""
        if isinstance(entry, str):
            return cls(entry)
        return cls(entry["name"], tuple(entry.get("credentials", ())))

    def covers(self, action: str) -> bool:
        """Tell whether this entry enables an action, `group.operation`."""
        return is_of(action, self.name)


def enabled_actions(entries: Iterable[str | Mapping[str, Any]]) -> tuple[EnabledAction, ...]:
    """Read `code.actions` of a version's document."""
    return tuple(map(EnabledAction.of, entries))


def covering(entries: Iterable[EnabledAction], action: str) -> EnabledAction | None:
    """Return the entry that an action is called under: its own before its group's; None: it is not enabled."""
    return max((entry for entry in entries if entry.covers(action)), key=lambda entry: len(entry.name), default=None)
