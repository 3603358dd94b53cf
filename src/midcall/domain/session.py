"""Sessions: one conversation each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from midcall.domain.agent import Pin
from midcall.domain.phases import Phase
from midcall.domain.session_body import whole_body
from midcall.domain.times import iso
from midcall.domain.variables import Variable, values


class SessionStatus(StrEnum):
    """Where a session stands."""

    #: The agent may call functions.
    ACTIVE = "active"
    #: A pre-session function ended it before the agent started.
    TERMINATED = "terminated"
    #: Over; post-session functions run or have run.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation. `id` is ours, `session_id` the runtime's; times in milliseconds since the epoch.

    `pins` are the attachments as they were at the start. The body that was sent, without OWN_FIELDS, is kept apart.
    """

    id: str
    workspace_id: str
    session_id: str
    agent: str
    environment: str
    #: Who started it.
    principal: str
    status: SessionStatus
    variables: Mapping[str, Variable]
    pins: tuple[Pin, ...]
    created_at: int
    #: Last change of the body, and last sign of life.
    updated_at: int
    #: The pre-session phase must be over by then, and whether it is.
    pre_deadline_at: int
    #: It ends by itself after so long without a sign of life, and so long after its start.
    idle_ms: int
    max_age_ms: int
    pre_done: bool = False
    reason: str | None = None
    ended_at: int | None = None
    #: When post-session functions start at the latest, and whether they have.
    post_due_at: int | None = None
    post_started: bool = False
    #: Parts of its body that were written, and what they count for (`midcall.domain.parts`).
    body_parts: int = 0
    body_bytes: int = 0
    #: What lists show of the body, as it was at the start (`midcall.domain.preview`).
    preview: Mapping[str, Any] = field(default_factory=dict)

    def pins_of(self, phase: Phase) -> tuple[Pin, ...]:
        """Return the pins of one phase, in order."""
        return tuple(pin for pin in self.pins if pin.phase is phase)

    def body(
        self,
        kept: Mapping[str, Any],
        *,
        phase: Phase,
        params: Mapping[str, Any],
        deadline_ms: int,
        overrides: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the session body for one run.

        `kept` is what is kept of it; `overrides` are fields that the call itself brought along.
        """
        fields = {**kept, **{name: value for name, value in (overrides or {}).items() if value is not None}}
        if phase is not Phase.POST_SESSION:
            fields.pop("analysis", None)
        return whole_body(
            fields,
            session_id=self.session_id,
            variables=values(self.variables),
            created_at=iso(self.created_at),
            time=iso(self.updated_at),
            phase=phase,
            params=params if phase is Phase.DURING_SESSION else {},
            environment=self.environment,
            deadline_ms=deadline_ms,
        )
