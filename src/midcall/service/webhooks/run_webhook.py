"""Call a webhook: the attempts of one call, from a task to their report."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from midcall.domain.errors import MidcallError, OutboundError, ParametersWanted, TimedOut
from midcall.domain.http import HttpResponse
from midcall.domain.invocation import Purpose
from midcall.domain.origin import origin_of
from midcall.domain.retry import retry_after_ms
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import RunStatus
from midcall.domain.webhook_result import failure_text, read_answer
from midcall.service.claimed_run import ClaimedRun
from midcall.service.ports import Breakers, Outbound
from midcall.service.runs.attempts import Attempt, Run
from midcall.service.webhooks.request import Prepared, WebhookRequests

#: Statuses that another attempt may mend; so may every one from 500 on.
_PASSING = frozenset({408, 429})
_OK = range(200, 300)
_SERVER_FAULTS = range(500, 600)
_UNAUTHORIZED = 401
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LENGTH = re.compile(r"[0-9]{1,15}")

#: Of a request or response that is shown.
MAX_SHOWN_CHARS = 16_000
MAX_SHOWN_HEADERS = 50
#: Of where a redirect points.
MAX_LOCATION_CHARS = 500

_LEFT_ALONE = RunReport(
    RunStatus.ERROR,
    error=RunError(
        "circuit_open",
        "the target has failed several times in a row and is left alone for a moment; it was not called",
    ),
)


@dataclass(frozen=True, slots=True)
class WebhookAttempts:
    """The attempts of webhooks: each calls the target once and reports what came back."""

    requests: WebhookRequests
    outbound: Outbound
    breakers: Breakers
    clock: Callable[[], int]

    @contextmanager
    def calling(self, claimed: ClaimedRun) -> Iterator[Run]:
        """Give what calls the target, unless that has kept failing: then every attempt is answered without one.

        Its circuit breaker is asked before the first attempt, and told at the end what the last one came to.
        """
        invocation = claimed.invocation
        # Each attempt of a background call has a claim of its own: the first is let through for all of them.
        target = Target(claimed.version.function_id, origin_of(claimed.version.config.webhook.url))
        permit = self.breakers.ask(target, begun=invocation.attempt > 1)
        if permit is None:
            yield lambda _number: Attempt(_LEFT_ALONE)
            return
        call = _Call(self, claimed)
        try:
            yield call.attempt
        finally:
            # Whatever happened: a probe that is never told of would keep the circuit closed to all others.
            permit.tell(None if call.comes_again else call.healthy)

    def send(self, prepared: Prepared) -> Attempt:
        """Send one request, and judge the answer; raises an OutboundError where none came."""
        reply = self.outbound.send(prepared.request)
        if reply.status == _UNAUTHORIZED:
            self.requests.forget_token(prepared)
        return self._judged(reply, prepared)

    def _judged(self, reply: HttpResponse, prepared: Prepared) -> Attempt:
        if reply.status in _OK:
            return Attempt(_answered(reply, prepared))
        again = reply.status in _PASSING or reply.status in _SERVER_FAULTS
        wait_ms = retry_after_ms(reply.header("retry-after"), now=self.clock())
        return Attempt(_refused(reply, prepared), again=again, wait_ms=wait_ms if again else 0)


@dataclass(slots=True)
class _Call:
    """The attempts of one call."""

    webhooks: WebhookAttempts
    claimed: ClaimedRun
    #: Whether the target did what it should in the last attempt that reached for it; None where none did.
    healthy: bool | None = None
    #: Whether a failure is one that this call, which nobody waits for, comes back from later.
    comes_again: bool = False
    _made: RunReport | None = None

    def attempt(self, _number: int) -> Attempt:
        """Call once. What was sent and came of it stands, where a later attempt does not even get that far."""
        if self.claimed.deadline_at <= self.webhooks.clock():
            return self._not_made(Attempt(RunReport(RunStatus.TIMEOUT)))
        try:
            prepared = self.webhooks.requests.prepare(self.claimed)
        except MidcallError as error:
            again = isinstance(error, OutboundError) and error.passing
            return self._not_made(Attempt(_not_sent(error), again=again))
        self.healthy, began = False, self.webhooks.clock()
        try:
            attempt = self.webhooks.send(prepared)
        except OutboundError as error:
            took_ms = self.webhooks.clock() - began
            attempt = Attempt(_unanswered(error, prepared, took_ms), again=error.passing)
        else:
            error_said = attempt.report.error
            self.healthy = error_said is None or error_said.http_status not in _SERVER_FAULTS
        self._made = attempt.report
        self.comes_again = attempt.again and _comes_back(self.claimed)
        return attempt

    def _not_made(self, attempt: Attempt) -> Attempt:
        return attempt if self._made is None else replace(attempt, report=self._made)


class Target(NamedTuple):
    """What a circuit breaker counts for: a function at a host."""

    function_id: str
    origin: str


def _comes_back(claimed: ClaimedRun) -> bool:
    invocation = claimed.invocation
    return invocation.purpose is Purpose.BACKGROUND and invocation.attempt < invocation.max_attempts


def _not_sent(error: MidcallError) -> RunReport:
    if isinstance(error, ParametersWanted):
        return RunReport(RunStatus.REFUSED, error=RunError(error.code, error.message))
    status = RunStatus.TIMEOUT if isinstance(error, TimedOut) else RunStatus.ERROR
    return RunReport(status, error=RunError(error.code, error.message))


def _unanswered(error: OutboundError, prepared: Prepared, took_ms: float) -> RunReport:
    status = RunStatus.TIMEOUT if isinstance(error, TimedOut) else RunStatus.ERROR
    return RunReport(
        status, error=RunError(error.code, error.message), sandbox_ms=took_ms, request=prepared.shown_request()
    )


def _answered(reply: HttpResponse, prepared: Prepared) -> RunReport:
    answer = read_answer(reply.status, reply.header("content-type"), reply.body, whole=not reply.truncated)
    warnings = (*((_too_long(reply),) if reply.truncated else ()), *answer.warnings)
    return RunReport(
        RunStatus.OK,
        result=prepared.redaction.value(answer.value),
        sandbox_ms=reply.took_ms,
        request=prepared.shown_request(),
        response=_shown_response(reply, prepared),
        warnings=tuple(map(prepared.redaction.text, warnings)),
        truncated=reply.truncated,
    )


def _too_long(reply: HttpResponse) -> str:
    size = _size(reply)
    told = f"{size:,} bytes" if size else f"more than {len(reply.body):,} bytes"
    return (
        f"the answer has {told}, of which {len(reply.body):,} are read: the result is the beginning of its text, and"
        " sets no variables; have the target send less"
    )


def _size(reply: HttpResponse) -> int | None:
    """Return the bytes of a whole body; None where it was not read to its end, and did not say."""
    if not reply.truncated:
        return len(reply.body)
    said = reply.header("content-length") or ""
    plain = (reply.header("content-encoding") or "identity").strip().lower() == "identity"
    return int(said) if plain and _LENGTH.fullmatch(said) and int(said) > len(reply.body) else None


def _refused(reply: HttpResponse, prepared: Prepared) -> RunReport:
    body = prepared.redaction.text(failure_text(reply.header("content-type"), reply.body))
    said = f"the target answered {reply.status}{_elsewhere(reply, prepared)}"
    error = RunError("http_error", prepared.redaction.text(said), http_status=reply.status, body=body)
    return RunReport(
        RunStatus.HTTP_ERROR,
        error=error,
        sandbox_ms=reply.took_ms,
        request=prepared.shown_request(),
        response=_shown_response(reply, prepared),
    )


def _elsewhere(reply: HttpResponse, prepared: Prepared) -> str:
    """Say where a redirect points, and why nobody went there."""
    location = reply.header("location")
    if reply.status not in _REDIRECTS or not location:
        return ""
    if location.startswith("/") and not location.startswith("//"):
        location = origin_of(prepared.request.url) + location
    # Masked before it is cut: half of a secret would not be known for one.
    location = prepared.redaction.text(location)
    shown = location if len(location) <= MAX_LOCATION_CHARS else f"{location[:MAX_LOCATION_CHARS]}…"
    followed = "only followed within an origin, or from http to https" if prepared.request.redirects else "not followed"
    return f" and points to {shown}: redirects are {followed}; write the URL that it points to into the webhook"


def _shown_response(reply: HttpResponse, prepared: Prepared) -> dict[str, object]:
    text = failure_text(reply.header("content-type"), reply.body, max_chars=MAX_SHOWN_CHARS)
    return {
        "status": reply.status,
        "headers": {name: prepared.redaction.text(value) for name, value in reply.headers[:MAX_SHOWN_HEADERS]},
        "body": prepared.redaction.text(text),
        "bytes": _size(reply),
        "truncated": reply.truncated or len(text) >= MAX_SHOWN_CHARS,
        "took_ms": reply.took_ms,
    }
