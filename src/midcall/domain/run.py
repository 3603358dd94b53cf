"""One run of a function: what goes into a sandbox, and what comes out of it or back from a webhook."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.action import ActionRecord
from midcall.domain.isolation import Isolation
from midcall.domain.mock import Recording
from midcall.domain.run_status import RunStatus


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run to be made. `deadline_ms` is the wall-clock budget.

    Waiting for a sandbox is part of it, unless `wait_ms` says how long to wait for one at most: the budget then begins
    with the run.
    """

    run_id: str
    source: str
    session: Mapping[str, Any]
    deadline_ms: int
    actions: tuple[str, ...] = ()
    wait_ms: int = 0
    #: Whose it is: owners share the sandboxes of a pool.
    owner: str = ""
    #: What it is to be kept in; a pool that has no jails takes a container, and says so in its report.
    isolation: Isolation = Isolation.CONTAINER


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run did not end well.

    `line` is the 1-based line in the user's own source, where there is one. Where a target answered, of a webhook or of
    an action whose ActionError nobody caught: `http_status`, and its `body` as text, cut.
    """

    type: str
    message: str
    line: int | None = None
    traceback: str | None = None
    http_status: int | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The report of one run.

    All of it but `status`, times, `sandbox_id`, `isolation` and its note was written by code nobody trusts.
    """

    status: RunStatus
    result: Any = None
    logs: str = ""
    logs_truncated: bool = False
    error: RunError | None = None
    #: Milliseconds waited for a free sandbox, and spent inside it.
    waited_ms: float = 0.0
    sandbox_ms: float = 0.0
    #: The container's id, and the jail's number in it: never the same twice.
    sandbox_id: str = ""
    #: What it was kept in: None for webhooks, and where a pool does not say. The note says why that was a container,
    #: though a jail was asked for.
    isolation: Isolation | None = None
    isolation_note: str = ""
    #: Of a webhook: what was sent last and what came back, without secrets; None where nothing was or did.
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    #: The actions that the code called, in the order in which it called them, in all attempts.
    actions: tuple[ActionRecord, ...] = ()
    #: What they were answered, where it is to be kept; it is stored apart from the rest.
    recording: Recording | None = None
    #: Of a webhook's answer: what could not be used, and whether the result is only its beginning.
    warnings: tuple[str, ...] = ()
    truncated: bool = False
