"""Every way a call can be wrong or fail, one class per cause.

The class docstring is the default message; `code` is the stable word that callers may match on.
HTTP status codes live in `midcall.web.problems` alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

#: Faults of one input that are told.
MAX_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input: `loc` is the field's path (`parameters.type`), `msg` says what to do."""

    loc: str
    msg: str


class MidcallError(Exception):
    """Something went wrong in midcall."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str | None = None, *, faults: Sequence[Fault] = ()) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        #: More help nobody, and would make megabytes of an answer.
        self.faults = tuple(faults[:MAX_FAULTS])
        super().__init__(self.message)


class InvalidInput(MidcallError):
    """The input is not valid: see `errors` for each field and what to do."""

    code = "invalid"


class BadRequest(MidcallError):
    """This is no request that can be read; send HTTP/1.1."""

    code = "bad_request"


class BadJson(MidcallError):
    """The body is not JSON that midcall can read."""

    code = "bad_json"


class TooLarge(MidcallError):
    """The body is larger than this endpoint takes."""

    code = "too_large"


class TooSlow(MidcallError):
    """The request did not arrive in time; send it again, over a connection that brings 32 KB a second at least."""

    code = "too_slow"


class BodiesFull(MidcallError):
    """The server holds as many bytes of requests as it may; nothing was done, try again shortly."""

    code = "bodies_full"


class WorkspaceBodiesFull(MidcallError):
    """This workspace's calls under way hold as many bytes as they may; nothing was done, try again as they end."""

    code = "workspace_bodies_full"


class TooManyStreams(MidcallError):
    """This key follows as many event streams as it may at once; close one, then try again."""

    code = "too_many_streams"


class ConnectionsFull(MidcallError):
    """The server has as many connections open as it may; nothing was done, try again shortly."""

    code = "connections_full"


class Unauthenticated(MidcallError):
    """Send a valid API key as `Authorization: Bearer <key>`."""

    code = "unauthenticated"


class Forbidden(MidcallError):
    """This key lacks the scope that the call needs."""

    code = "forbidden"


class NotFound(MidcallError):
    """There is no such thing in this workspace."""

    code = "not_found"


class Conflict(MidcallError):
    """The call does not fit the present state."""

    code = "conflict"


class NameTaken(Conflict):
    """A function of that name exists already; choose another name or make a new version of it."""

    code = "name_taken"


class AdapterIdTaken(Conflict):
    """This adapter id is taken; ids are unique in the installation, so choose one with some random letters."""

    code = "adapter_id_taken"


class StaleVersion(Conflict):
    """If-Match names a version that is no longer the latest; read the function again and repeat the change."""

    code = "stale_version"


class NotApproved(Conflict):
    """Only an approved version can do that; submit the version for review first."""

    code = "not_approved"


class NotPublished(Conflict):
    """No version of this function is published in that environment; publish an approved one first."""

    code = "not_published"


class CasesUntested(Conflict):
    """This function has test cases; they are to be run before it is published."""

    code = "tests_not_run"


class CasesFailed(Conflict):
    """Test cases of this version failed, so it was not published."""

    code = "tests_failed"


class CasesChanged(Conflict):
    """The test cases or the version changed while they ran; publish again."""

    code = "tests_changed"


class CaseTaken(Conflict):
    """A test case of that name exists already; choose another name, or replace it with PUT."""

    code = "case_taken"


class CredentialMissing(Conflict):
    """There is no such credential, or none for this environment; save it first."""

    code = "credential_missing"


class SecretElsewhere(Conflict):
    """A secret would go to a host that it was not given for; it is not sent."""

    code = "secret_elsewhere"


class CredentialInUse(Conflict):
    """Functions that run name this credential."""

    code = "credential_in_use"


class AssistantNotConfigured(Conflict):
    """The Code Assistant has no model yet; set MIDCALL_ASSISTANT_MODEL, _BASE_URL and _API_KEY (docs/assistant.md)."""

    code = "assistant_not_configured"


class SessionOver(Conflict):
    """This session is over, or its agent has not started yet; no function can be called in it."""

    code = "session_over"


class IdempotencyMismatch(InvalidInput):
    """This Idempotency-Key came before with another call; use a new key for a new call."""

    code = "idempotency_mismatch"


class TemplateUnfilled(InvalidInput):
    """A template of the webhook cannot be filled with the values of this call."""

    code = "template_unfilled"


class ParametersWanted(TemplateUnfilled):
    """A parameter that a call may leave out stands where this call cannot go without it: ask for it."""

    code = "invalid_params"

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Make it of the parameters' names; the text tells an LLM what to ask for."""
        faults = [Fault(f"params.{name}", "is missing, and this call cannot be made without it") for name in names]
        return cls("; ".join(f"{fault.loc} {fault.msg}" for fault in faults), faults=faults)


class QueueFull(MidcallError):
    """Too many calls are waiting already; try again shortly."""

    code = "queue_full"


class RateExceeded(MidcallError):
    """More requests a second than are allowed; slow down, then try again."""

    code = "rate_exceeded"


class AssistantBusy(MidcallError):
    """The Code Assistant is writing as much as it may at once; try again shortly."""

    code = "assistant_busy"


class QueueUnavailable(MidcallError):
    """The queue (Redis) cannot be reached; the call was not run."""

    code = "queue_unavailable"


class ShuttingDown(MidcallError):
    """midcall shuts down and the outcome has not come; look it up later, or send the same idempotency key again."""

    code = "shutting_down"


class ReviewUnavailable(MidcallError):
    """The review could not be carried out; nothing was changed, try again."""

    code = "review_unavailable"


class ApprovalBroken(MidcallError):
    """The stored version is not the one that was approved; it was not run."""

    code = "approval_broken"


class OutboundError(MidcallError):
    """The outbound call failed."""

    code = "outbound_failed"
    #: Whether the same call may go well a moment later.
    passing: ClassVar[bool] = False


class TimedOut(OutboundError):
    """There was no complete answer within the time given."""

    code = "timed_out"
    passing = True


class TokenRefused(OutboundError):
    """The token endpoint gave no access token."""

    code = "token_refused"


class TokenUnreachable(OutboundError):
    """The token endpoint could not be asked."""

    code = "token_unreachable"
    passing = True


class SecretUnreadable(MidcallError):
    """A stored secret cannot be decrypted; put its key back, or save the secret anew."""

    code = "secret_unreadable"


class SandboxUnavailable(MidcallError):
    """No sandbox pool answers on this host; nothing was run."""

    code = "sandbox_unavailable"


class SandboxBusy(MidcallError):
    """No sandbox became free before the deadline; nothing was run."""

    code = "sandbox_busy"


class SandboxLost(MidcallError):
    """The sandbox pool went away while the code ran; its outcome is unknown."""

    code = "sandbox_lost"


class ModelFailed(MidcallError):
    """The model could not be asked; try again, or have MIDCALL_ASSISTANT_MODEL, _BASE_URL and _API_KEY checked."""

    code = "model_failed"


class AnswerUnreadable(MidcallError):
    """The model's answer is not in the form that was asked for."""

    code = "answer_unreadable"


class Unwritable(MidcallError):
    """A value cannot be kept as JSON."""

    code = "unwritable"
