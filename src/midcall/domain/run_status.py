"""How a run ended: its words, and what each is called wherever it is told.

A run has a status of its own, which its author sees (a test, a test case, a dry replay, `midcall run`), and its
invocation has one, which everybody else sees (answers, events, records, pages). `_RUNS` says which of the second a run
of the first comes to, `_INVOCATIONS` what follows from that. Over HTTP all of them are answers, hence 200: a vendor's
adapter says by `is_error` whether it is the result or a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

#: How a word looks on a page: the colour of its badge.
Tone: TypeAlias = Literal["good", "warn", "bad", "busy", "plain"]

#: The words as the API writes them: the values of the classes below.
InvocationWord: TypeAlias = Literal[
    "queued", "running", "succeeded", "failed", "timed_out", "refused", "dead", "cancelled"
]
RunWord: TypeAlias = Literal["ok", "error", "timeout", "memory", "crashed", "output_limit", "http_error"]
#: What a test case may expect.
ExpectedWord: TypeAlias = Literal[RunWord, "refused"]
#: What a call is answered that its caller does not wait for.
ACCEPTED = "accepted"


class Group(StrEnum):
    """What is counted as one where runs are drawn, in the order in which it is."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    OTHER = "refused or cancelled"


class InvocationStatus(StrEnum):
    """Where an invocation stands. The last six are final: they never change again."""

    #: Committed, waiting for a worker.
    QUEUED = "queued"
    #: A worker holds it, under a lease.
    RUNNING = "running"
    #: The function returned something usable.
    SUCCEEDED = "succeeded"
    #: The function failed, or midcall could not run it.
    FAILED = "failed"
    #: The deadline passed first.
    TIMED_OUT = "timed_out"
    #: The parameters did not fit, a gate was closed, or the function refused by itself.
    REFUSED = "refused"
    #: Given up after its last retry.
    DEAD = "dead"
    #: Called off before it ran.
    CANCELLED = "cancelled"

    @property
    def queued(self) -> bool:
        """Whether it waits for a worker."""
        return self is InvocationStatus.QUEUED

    @property
    def final(self) -> bool:
        """Whether it has come to its outcome."""
        return _INVOCATIONS[self].group is not None

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self is InvocationStatus.SUCCEEDED

    @property
    def is_error(self) -> bool:
        """Whether it is over and there is none."""
        return self.final and not self.ok

    @property
    def refused(self) -> bool:
        """Whether whoever called is to do something else first."""
        return self is InvocationStatus.REFUSED

    @property
    def timed_out(self) -> bool:
        """Whether time alone was short."""
        return self is InvocationStatus.TIMED_OUT

    @property
    def tried_again(self) -> bool:
        """Whether a background run that came to this is tried again; after its last attempt it is given up."""
        return self in {InvocationStatus.FAILED, InvocationStatus.TIMED_OUT}

    @property
    def given_up(self) -> bool:
        """Whether a background run of this status is replayed on request."""
        return self.tried_again or self is InvocationStatus.DEAD

    @property
    def tone(self) -> Tone:
        """How it looks."""
        return _INVOCATIONS[self].tone

    @property
    def group(self) -> Group | None:
        """Where it is counted once it is over."""
        return _INVOCATIONS[self].group


class RunStatus(StrEnum):
    """How a run ended."""

    #: The handler returned a value that is JSON.
    OK = "ok"
    #: The handler raised, or what it returned cannot be used.
    ERROR = "error"
    #: The deadline passed; the code was killed.
    TIMEOUT = "timeout"
    #: The kernel killed it for memory and no valid result came.
    MEMORY = "memory"
    #: The process ended without a result.
    CRASHED = "crashed"
    #: The result was larger than `RunLimits.result_bytes`.
    OUTPUT_LIMIT = "output_limit"
    #: The code refused in words of its own, or a webhook lacks a parameter for this very call, and sent nothing.
    REFUSED = "refused"
    #: A webhook's target answered with another status than 2xx.
    HTTP_ERROR = "http_error"
    #: There is no report: it was not run, or midcall lost sight of it.
    NOT_RUN = "not_run"

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self is RunStatus.OK

    @property
    def refused(self) -> bool:
        """Whether whoever called is to do something else first."""
        return self is RunStatus.REFUSED

    @property
    def comes_to(self) -> InvocationStatus:
        """What its invocation comes to."""
        return _RUNS[self].comes_to

    @property
    def tried_again(self) -> bool:
        """Whether another attempt may mend it: a timeout has used up the deadline, a large result stays as large."""
        return _RUNS[self].tried_again

    @property
    def tone(self) -> Tone:
        """How it looks."""
        return _INVOCATIONS[self.comes_to].tone

    @property
    def meaning(self) -> str:
        """Say it to its author, where the word is not plain; empty where it is."""
        return _RUNS[self].meaning


@dataclass(frozen=True, slots=True)
class _Run:
    comes_to: InvocationStatus
    meaning: str = ""
    tried_again: bool = False


@dataclass(frozen=True, slots=True)
class _Invocation:
    tone: Tone
    #: None: it is not over.
    group: Group | None = None


_I = InvocationStatus

_RUNS: Mapping[RunStatus, _Run] = {
    RunStatus.OK: _Run(_I.SUCCEEDED),
    RunStatus.ERROR: _Run(_I.FAILED, tried_again=True),
    RunStatus.TIMEOUT: _Run(_I.TIMED_OUT, "It took longer than the function may."),
    RunStatus.MEMORY: _Run(_I.FAILED, "It needed more memory than a sandbox has.", tried_again=True),
    RunStatus.CRASHED: _Run(_I.FAILED, "Its process ended without a result.", tried_again=True),
    RunStatus.OUTPUT_LIMIT: _Run(_I.FAILED, "Its result was larger than a result may be."),
    RunStatus.REFUSED: _Run(_I.REFUSED, "The call was refused, with words for whoever made it."),
    RunStatus.HTTP_ERROR: _Run(_I.FAILED, "The webhook's target answered with an error."),
    RunStatus.NOT_RUN: _Run(_I.FAILED, "It could not be run, or nothing came back from where it ran."),
}

_INVOCATIONS: Mapping[InvocationStatus, _Invocation] = {
    _I.QUEUED: _Invocation("busy"),
    _I.RUNNING: _Invocation("busy"),
    _I.SUCCEEDED: _Invocation("good", Group.SUCCEEDED),
    _I.FAILED: _Invocation("bad", Group.FAILED),
    _I.TIMED_OUT: _Invocation("bad", Group.TIMED_OUT),
    _I.REFUSED: _Invocation("warn", Group.OTHER),
    _I.DEAD: _Invocation("bad", Group.FAILED),
    _I.CANCELLED: _Invocation("plain", Group.OTHER),
}


def run_status(reported: RunStatus | None, recorded: InvocationStatus | None) -> RunStatus:
    """Return how a run ended, by what its report says, if there is one, and by what was recorded of it.

    What was recorded decides, the report says why: what ran well and returned nothing usable is an `error`.
    """
    if recorded is None or not recorded.is_error:
        return RunStatus.OK if recorded is InvocationStatus.SUCCEEDED else RunStatus.NOT_RUN
    if recorded.refused:
        return RunStatus.REFUSED
    if reported is None:
        return RunStatus.NOT_RUN
    return RunStatus.ERROR if reported in {RunStatus.OK, RunStatus.REFUSED} else reported
