"""What a review says: comments on lines, and the outcome they add up to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from midcall.domain.function_config import WebhookConfig
from midcall.domain.phases import Phase


class Severity(StrEnum):
    """How much a comment weighs."""

    #: Refuses the version.
    ERROR = "error"
    #: Shown; does not refuse.
    WARNING = "warning"
    #: Worth knowing.
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Comment:
    """One remark. Lines and columns count from 1, columns in characters; `end_column` is exclusive.

    A remark that belongs to no line has `line` 1, `column` 1. `suggestion` says what to write instead.
    """

    rule: str
    severity: Severity
    message: str
    suggestion: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A source to be reviewed. `parameters` are the declared names; `phases` empty means: not attached anywhere yet."""

    source: str
    parameters: frozenset[str] = frozenset()
    #: Names of the groups and operations that are enabled.
    actions: tuple[str, ...] = ()
    phases: frozenset[str] = frozenset()
    #: Hosts that are open, as declared.
    egress: tuple[str, ...] = ()
    #: The credentials that an entry of `actions` declares, by its name.
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: The types of those of them that the workspace has, by name; None: nobody looked.
    credentials: Mapping[str, str] | None = None
    #: The agent goes on talking meanwhile.
    background: bool = False

    @property
    def waited_for(self) -> bool:
        """Whether a caller may be on the line while it runs."""
        return waited_for(self.phases, background=self.background)


def waited_for(phases: Collection[str], *, background: bool) -> bool:
    """Tell whether a caller may be on the line while a function runs, as of one that is attached nowhere yet."""
    return not background and (not phases or Phase.DURING_SESSION in phases)


@dataclass(frozen=True, slots=True)
class WebhookSubject:
    """A webhook that is reviewed: its part of the document, the schema of the parameters, the credentials there are.

    `credentials` None: nobody looked.
    """

    webhook: WebhookConfig
    parameters: Mapping[str, Any]
    credentials: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """The comments of one review, the version of the policy that made them, and how long it took."""

    policy: str
    comments: tuple[Comment, ...]
    took_ms: float
    #: The review was stopped at its limit of time: a busy machine may have been the reason, and not the source.
    cut_off: bool = False

    @property
    def clean(self) -> bool:
        """True if no comment refuses the version."""
        return all(comment.severity is not Severity.ERROR for comment in self.comments)
