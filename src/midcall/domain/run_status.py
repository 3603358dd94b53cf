"""How a run ended: its words, and what each of them means wherever it is told.

A run has a status of its own, which its author is told (tests, test cases, dry replays, `midcall run`), and its
invocation has one, which everybody else is told (answers, events, records, pages). Over HTTP all of them are answers,
hence 200; to a vendor an outcome is a result or, where `is_error`, a reason.
"""

from enum import StrEnum
from typing import Literal, Self, TypeAlias

#: How a word looks on a page: the colour of its badge.
Tone: TypeAlias = Literal["good", "warn", "bad", "busy", "plain"]

#: The words as the API's description has them: of invocations, of runs that ended, and what a test case may expect.
InvocationWord: TypeAlias = Literal[
    "queued", "running", "succeeded", "failed", "timed_out", "refused", "dead", "cancelled"
]
RunWord: TypeAlias = Literal["ok", "error", "timeout", "memory", "crashed", "output_limit", "http_error"]
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

    _value_: str
    tone: Tone
    group: Group | None

    def __new__(cls, word: str, tone: Tone = "plain", group: Group | None = None) -> Self:
        """Make one, with how it looks, and where it counts once it is over."""
        status = str.__new__(cls, word)
        status._value_, status.tone, status.group = word, tone, group
        return status

    #: Committed, waiting for a worker.
    QUEUED = "queued", "busy"
    #: A worker holds it, under a lease.
    RUNNING = "running", "busy"
    #: The function returned something usable.
    SUCCEEDED = "succeeded", "good", Group.SUCCEEDED
    #: The function failed, or midcall could not run it.
    FAILED = "failed", "bad", Group.FAILED
    #: The deadline passed first.
    TIMED_OUT = "timed_out", "bad", Group.TIMED_OUT
    #: The parameters did not fit, a gate was closed, or the function refused by itself.
    REFUSED = "refused", "warn", Group.OTHER
    #: Given up after its last retry.
    DEAD = "dead", "bad", Group.FAILED
    #: Called off before it ran.
    CANCELLED = "cancelled", "plain", Group.OTHER

    @property
    def queued(self) -> bool:
        """Whether it waits for a worker."""
        return self is InvocationStatus.QUEUED

    @property
    def final(self) -> bool:
        """Whether it has come to its outcome."""
        return self not in {InvocationStatus.QUEUED, InvocationStatus.RUNNING}

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


class RunStatus(StrEnum):
    """How a run ended, what its invocation comes to then, and what that means where the word does not say it."""

    _value_: str
    comes_to: InvocationStatus
    meaning: str

    def __new__(cls, word: str, comes_to: InvocationStatus = InvocationStatus.FAILED, meaning: str = "") -> Self:
        """Make one."""
        status = str.__new__(cls, word)
        status._value_, status.comes_to, status.meaning = word, comes_to, meaning
        return status

    #: The handler returned a value that is JSON.
    OK = "ok", InvocationStatus.SUCCEEDED
    #: The handler raised, or what it returned cannot be used.
    ERROR = "error", InvocationStatus.FAILED
    #: The deadline passed; the code was killed.
    TIMEOUT = "timeout", InvocationStatus.TIMED_OUT, "It took longer than the function may."
    #: The kernel killed it for memory and no valid result came.
    MEMORY = "memory", InvocationStatus.FAILED, "It needed more memory than a sandbox has."
    #: The process ended without a result.
    CRASHED = "crashed", InvocationStatus.FAILED, "Its process ended without a result."
    #: The result was larger than `RunLimits.result_bytes`.
    OUTPUT_LIMIT = "output_limit", InvocationStatus.FAILED, "Its result was larger than a result may be."
    #: The code refused in words of its own, or a webhook lacks a parameter for this very call, and sent nothing.
    REFUSED = "refused", InvocationStatus.REFUSED, "The call was refused, with words for whoever made it."
    #: A webhook's target answered with another status than 2xx.
    HTTP_ERROR = "http_error", InvocationStatus.FAILED, "The webhook's target answered with an error."
    #: There is no report: it was not run, or midcall lost sight of it.
    NOT_RUN = "not_run", InvocationStatus.FAILED, "It could not be run, or nothing came back from where it ran."

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self is RunStatus.OK

    @property
    def refused(self) -> bool:
        """Whether whoever called is to do something else first."""
        return self is RunStatus.REFUSED

    @property
    def reported(self) -> bool:
        """Whether a report may say so."""
        return self is not RunStatus.NOT_RUN

    @property
    def tried_again(self) -> bool:
        """Whether another attempt may mend it: a timeout has used up the deadline, a large result stays as large."""
        return self in {RunStatus.ERROR, RunStatus.CRASHED, RunStatus.MEMORY}


def run_status(reported: RunStatus | None, recorded: InvocationStatus | None) -> RunStatus:
    """Return how a run ended, by what its report says, if there is one, and by what was recorded of it.

    What was recorded decides, the report says why: what ran well and returned nothing usable is an `error`. A report
    that cannot have led to what was recorded is an earlier attempt's, and of the last one there is none.
    """
    if recorded is None or not recorded.is_error:
        return RunStatus.OK if recorded is InvocationStatus.SUCCEEDED else RunStatus.NOT_RUN
    if recorded.refused:
        return RunStatus.REFUSED
    if reported is None:
        return RunStatus.NOT_RUN
    ended = RunStatus.ERROR if reported in {RunStatus.OK, RunStatus.REFUSED} else reported
    return ended if ended.comes_to is recorded or recorded is InvocationStatus.DEAD else RunStatus.NOT_RUN
