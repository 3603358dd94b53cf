"""One action: an operation driven to its end, request by request, with retries, tokens and the run's deadline."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from midcall.connectors.explain import explain
from midcall.connectors.grants import bearer_grant
from midcall.connectors.kit import ApiRequest, RetryPolicy, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.errors import MidcallError, OutboundError
from midcall.domain.grant import Grant
from midcall.domain.http import Cancel, HttpResponse
from midcall.domain.retry import retry_after_ms
from midcall.service.actions.request import ActionRequest, ActionTarget, request_of
from midcall.service.ports import Outbound, Tokens

#: Requests that one action may make: pages, batches, retries.
MAX_REQUESTS = 100
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_NOT_NOW = frozenset({429, 503})
_UNAUTHORIZED = 401
_FAILED, _SERVER_FAULTS = range(400, 1_000), range(500, 600)


@dataclass(frozen=True, slots=True)
class Means:
    """The adapters that actions are carried out with."""

    outbound: Outbound
    tokens: Tokens
    clock: Callable[[], int]


class ActionExecutor:
    """One action under way; `method`, `host`, `status` and `requests` say how far it came."""

    def __init__(
        self,
        means: Means,
        place: ActionTarget,
        grant: Grant,
        *,
        workspace_id: str,
        retry: RetryPolicy,
        deadline_at: int,
    ) -> None:
        self._means = means
        self._place = place
        self._grant = grant
        self._workspace_id = workspace_id
        self._retry = retry
        self._deadline_at = deadline_at
        self._cancel = Cancel()
        self.method: str | None = None
        self.host: str | None = None
        self.status: int | None = None
        self.requests = 0
        #: Every secret that a request carried: tokens that were fetched on the way among them.
        self.secrets: tuple[str, ...] = grant.secrets

    def cancel(self) -> None:
        """End what is under way, and begin nothing more."""
        self._cancel.now()

    def run(self, steps: Steps) -> Any:
        """Drive an operation to its end and return its value; raises ActionFailed."""
        try:
            ask = next(steps)
            while True:
                try:
                    answer = self._send(ask)
                except ActionFailed as failure:
                    ask = steps.throw(failure)
                else:
                    ask = steps.send(answer)
        except StopIteration as done:
            return done.value
        finally:
            steps.close()

    def _send(self, ask: ApiRequest) -> HttpResponse:
        """Send one request, and again where that may mend it; raises ActionFailed for a status that is not seen."""
        repeatable = ask.method in _REPEATABLE if ask.repeatable is None else ask.repeatable
        for number in count(1):
            last = number >= self._retry.attempts
            try:
                reply = self._exchange(ask)
            except OutboundError as error:
                if last or not (error.passing and repeatable and self._pause(self._retry.pause_ms)):
                    raise ActionFailed(f"{self.host or 'the target'}: {error.message}", code=error.code) from None
                continue
            except MidcallError as error:
                raise ActionFailed(error.message, code=error.code) from None
            wait_ms = self._wait_ms(ask, reply, repeatable=repeatable)
            if last or wait_ms is None or not self._pause(wait_ms):
                return self._seen(ask, reply)
        raise AssertionError  # pragma: no cover - count() has no end

    def _seen(self, ask: ApiRequest, reply: HttpResponse) -> HttpResponse:
        if reply.status in _FAILED and not ask.sees(reply.status):
            why = explain(reply.value)
            text = f"{self.host} answered {reply.status}" + (f": {why}" if why else "")
            raise ActionFailed(text, code="http_error", status=reply.status, body=reply.value)
        if reply.truncated:
            text = f"{self.host}'s answer is larger than an action may bring back"
            raise ActionFailed(text, code="output_limit", status=reply.status)
        return reply

    def _exchange(self, ask: ApiRequest) -> HttpResponse:
        """Send once, with a fresh token where the first was not taken."""
        wanted = self._grant.token
        reply, token = self._once(ask)
        if wanted is None or reply.status != _UNAUTHORIZED:
            return reply
        self._means.tokens.forget(wanted, token, workspace_id=self._workspace_id)
        return self._once(ask)[0]

    def _once(self, ask: ApiRequest) -> tuple[HttpResponse, str]:
        if self._cancel.done or self._left_ms() <= 0:
            raise ActionFailed("no time was left before the run's deadline", code="timed_out")
        if self.requests >= MAX_REQUESTS:
            raise ActionFailed(f"one action makes {MAX_REQUESTS} requests at most", code="too_many_requests")
        grant, token = self._grant, ""
        if grant.token is not None:
            token = self._means.tokens.token(grant.token, workspace_id=self._workspace_id, timeout_ms=self._left_ms())
            # Those before it too: a target may quote the one that it did not take.
            self.secrets = tuple(dict.fromkeys((*self.secrets, token)))
            grant = replace(grant, headers=(*grant.headers, *bearer_grant(token).headers))
        outgoing = request_of(ask, self._place, grant, left_ms=self._left_ms())
        self._note(ask, outgoing)
        reply = self._means.outbound.send(replace(outgoing.request, cancel=self._cancel))
        self.status = reply.status
        return reply, token

    def _note(self, ask: ApiRequest, outgoing: ActionRequest) -> None:
        self.method, self.host, self.status = ask.method, outgoing.host, None
        self.requests += 1

    def _left_ms(self) -> int:
        return self._deadline_at - self._means.clock()

    def _wait_ms(self, ask: ApiRequest, reply: HttpResponse, *, repeatable: bool) -> int | None:
        """Return how long to wait before the same request may go better; None where it would not."""
        if reply.status in _NOT_NOW or (repeatable and reply.status in _SERVER_FAULTS):
            return retry_after_ms(reply.header("retry-after"), now=self._means.clock()) or self._retry.pause_ms
        return ask.throttled(reply)

    def _pause(self, wait_ms: int) -> bool:
        """Wait before another attempt; False if the deadline leaves no time for it, or the run ended meanwhile."""
        if wait_ms >= self._left_ms():
            return False
        return self._cancel.wait(wait_ms / 1000)
