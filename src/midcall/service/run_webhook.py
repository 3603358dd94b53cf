"""Call a webhook: one attempt, from a task to its report."""

from collections.abc import Callable
from dataclasses import dataclass

from midcall.domain.errors import MidcallError, OutboundError, TimedOut
from midcall.domain.http import HttpReply
from midcall.domain.retry import retry_after_ms
from midcall.domain.run import RunError, RunReport, RunStatus
from midcall.domain.webhook_result import failure_text, result_value
from midcall.service.attempts import Attempt
from midcall.service.ports import Breakers, Outbound
from midcall.service.task import Task
from midcall.service.webhook_request import Prepared, WebhookRequests

#: Statuses that another attempt may mend; so may every one from 500 on.
_PASSING = frozenset({408, 429})
_OK = range(200, 300)
_SERVER_FAULTS = range(500, 600)
_UNAUTHORIZED = 401

#: Of a request or response that is shown.
MAX_SHOWN_CHARS = 16_000
MAX_SHOWN_HEADERS = 50


@dataclass(frozen=True, slots=True)
class WebhookAttempts:
    """Calls webhooks."""

    requests: WebhookRequests
    outbound: Outbound
    breakers: Breakers
    clock: Callable[[], int]

    def attempt(self, task: Task, number: int) -> Attempt:  # noqa: ARG002 (attempts of a webhook are alike)
        """Call once; a target that keeps failing is not called."""
        if task.deadline_at <= self.clock():
            return Attempt(RunReport(RunStatus.TIMEOUT))
        try:
            prepared = self.requests.prepare(task)
        except MidcallError as error:
            return Attempt(_not_sent(error), again=isinstance(error, OutboundError) and error.passing)
        if self.breakers.open_for(prepared.target):
            text = "the target has failed several times in a row and is left alone for a moment; it was not called"
            return Attempt(RunReport(RunStatus.ERROR, error=RunError("circuit_open", text)))
        return self._send(prepared)

    def _send(self, prepared: Prepared) -> Attempt:
        began = self.clock()
        healthy = False
        try:
            reply = self.outbound.send(prepared.request)
            healthy = reply.status not in _SERVER_FAULTS
        except OutboundError as error:
            report = _unanswered(error, prepared, self.clock() - began)
            return Attempt(report, again=error.passing)
        finally:
            # Whatever happened: a probe that is never told of would keep the circuit closed to all others.
            (self.breakers.succeeded if healthy else self.breakers.failed)(prepared.target)
        if reply.status == _UNAUTHORIZED:
            self.requests.forget_token(prepared)
        return self._judged(reply, prepared)

    def _judged(self, reply: HttpReply, prepared: Prepared) -> Attempt:
        if reply.status in _OK:
            return Attempt(_answered(reply, prepared))
        again = reply.status in _PASSING or reply.status in _SERVER_FAULTS
        wait_ms = retry_after_ms(reply.header("retry-after"), now=self.clock())
        return Attempt(_refused(reply, prepared), again=again, wait_ms=wait_ms if again else 0)


def _not_sent(error: MidcallError) -> RunReport:
    status = RunStatus.TIMEOUT if isinstance(error, TimedOut) else RunStatus.ERROR
    return RunReport(status, error=RunError(error.code, error.message))


def _unanswered(error: OutboundError, prepared: Prepared, took_ms: float) -> RunReport:
    status = RunStatus.TIMEOUT if isinstance(error, TimedOut) else RunStatus.ERROR
    return RunReport(
        status, error=RunError(error.code, error.message), sandbox_ms=took_ms, request=prepared.shown_request()
    )


def _answered(reply: HttpReply, prepared: Prepared) -> RunReport:
    request, response = prepared.shown_request(), _shown_response(reply, prepared)
    if reply.truncated:
        text = f"the answer is larger than {prepared.request.max_bytes // 1024} KiB"
        error = RunError("output_limit", text, http_status=reply.status)
        return RunReport(
            RunStatus.OUTPUT_LIMIT, error=error, sandbox_ms=reply.took_ms, request=request, response=response
        )
    value = result_value(reply.status, reply.header("content-type"), reply.body)
    return RunReport(
        RunStatus.OK,
        result=prepared.redaction.value(value),
        sandbox_ms=reply.took_ms,
        request=request,
        response=response,
    )


def _refused(reply: HttpReply, prepared: Prepared) -> RunReport:
    body = prepared.redaction.text(failure_text(reply.header("content-type"), reply.body))
    error = RunError("http_error", f"the target answered {reply.status}", http_status=reply.status, body=body)
    return RunReport(
        RunStatus.HTTP_ERROR,
        error=error,
        sandbox_ms=reply.took_ms,
        request=prepared.shown_request(),
        response=_shown_response(reply, prepared),
    )


def _shown_response(reply: HttpReply, prepared: Prepared) -> dict[str, object]:
    text = failure_text(reply.header("content-type"), reply.body, max_chars=MAX_SHOWN_CHARS)
    return {
        "status": reply.status,
        "headers": {name: prepared.redaction.text(value) for name, value in reply.headers[:MAX_SHOWN_HEADERS]},
        "body": prepared.redaction.text(text),
        "truncated": reply.truncated or len(text) >= MAX_SHOWN_CHARS,
        "took_ms": reply.took_ms,
    }
