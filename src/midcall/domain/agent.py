"""Agents, and the functions attached to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from midcall.domain.phases import Phase


class OnFailure(StrEnum):
    """What a failing pre-session function does to the session."""

    #: The next function runs, the agent starts.
    CONTINUE = "continue"
    #: The session is terminated: the function guards it.
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A function attached to an agent. What is None is as the function's version has it."""

    function: str
    phase: Phase
    order: int
    #: A version's number, or None: whatever is published when a session starts.
    version: int | None = None
    on_failure: OnFailure = OnFailure.CONTINUE
    messages: Mapping[str, Any] | None = None
    #: Seconds.
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """A named thing that functions are attached to. `version` and `number` are its platform's words."""

    id: str
    workspace_id: str
    name: str
    version: str
    number: str
    attachments: tuple[Attachment, ...]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Pin:
    """An attachment as a session holds it from its start to its end: this version, these bytes."""

    function: str
    function_id: str
    phase: Phase
    version: int
    sha256: str
    on_failure: OnFailure
    messages: Mapping[str, Any] | None
    timeout: int | None


def in_order(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Sort attachments: by phase, then `order`, then as they were given."""
    phases = list(Phase)
    return tuple(sorted(attachments, key=lambda attached: (phases.index(attached.phase), attached.order)))
