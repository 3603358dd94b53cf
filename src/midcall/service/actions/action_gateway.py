"""The gateway of one run: takes its code's action calls, checks what was approved, has it done, keeps records."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.connectors.kit import Connector
from midcall.domain.action import (
    MAX_CALLS,
    ActionCall,
    ActionFailed,
    ActionRecord,
    ActionReply,
)
from midcall.domain.egress import Egress
from midcall.domain.mock import (
    ABANDONED,
    ActionAnswer,
    NotRecorded,
    Raised,
    Recording,
    Returned,
    bounded,
    give,
    masked,
    recorded,
)
from midcall.domain.redaction import Redaction
from midcall.service.actions.action_executor import ActionExecutor, Means
from midcall.service.actions.allowed_call import allowed_call, name_on_record
from midcall.service.actions.answer_filter import AnswerFilter
from midcall.service.actions.keyring import Keyring
from midcall.service.actions.mocks import MocksOfRun
from midcall.service.actions.request import ActionTarget
from midcall.service.claimed_run import ClaimedRun
from midcall.service.credentials.credentials import Credentials
from midcall.storage.database import Storage

#: Failures that a replay comes to by itself.
_OWN = frozenset({"no_mock", "not_recorded"})
_NONE_CAME = NotRecorded(ABANDONED)


@dataclass(frozen=True, slots=True)
class ActionGateways:
    """Opens gateways; one a process."""

    storage: Storage
    credentials: Credentials
    means: Means
    #: Where connectors live, if not where they say themselves.
    base_urls: Mapping[str, str]

    def open(self, claimed: ClaimedRun) -> "ActionGateway":
        """Open the gateway of one run."""
        return ActionGateway(self, claimed)


@dataclass(slots=True)
class _Call:
    """One call under way."""

    name: str
    began: float
    executor: ActionExecutor | None = None
    outcome: str = ABANDONED
    ms: float = 0.0
    mocked: bool = False
    #: What was asked; None: it never came so far that its options were read.
    options: Mapping[str, Any] | None = None
    answer: ActionAnswer = _NONE_CAME
    #: What masked it: secrets that the run learned later are still in it.
    masked_by: Redaction | None = None


class ActionGateway:
    """Serves one run, from several threads; after `close` nothing more is begun."""

    def __init__(self, gateways: ActionGateways, claimed: ClaimedRun) -> None:
        code = claimed.version.config.code
        self._gateways = gateways
        self._claimed = claimed
        self._enabled = code.actions
        self._egress = Egress.parse(code.egress)
        self._mocks = MocksOfRun(claimed.rehearsal)
        self._opened = time.monotonic()
        self._keyring = Keyring(
            gateways.storage,
            gateways.credentials,
            workspace_id=claimed.invocation.workspace_id,
            environment=claimed.invocation.environment,
        )
        self._answering = AnswerFilter()
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._closed = False

    @property
    def redaction(self) -> Redaction:
        """The masks of every secret that an action of this run has used so far."""
        return self._answering.redaction

    def act(self, call: ActionCall) -> ActionReply:
        """Carry out one call and answer it; raises nothing that the code could have caused."""
        under_way = self._begin(call)
        if under_way is None:
            return ActionReply(error=ActionFailed(f"a run may call {MAX_CALLS} actions at most", code="too_many_calls"))
        try:
            value, error = self._carry_out(call, under_way), None
        except ActionFailed as failure:
            value, error = None, self._answering.failure(failure)
        with self._lock:
            if not self._closed:
                under_way.outcome = error.code if error else "ok"
                under_way.answer = _answer(value, error)
                under_way.ms = (time.monotonic() - under_way.began) * 1000
        return ActionReply(value, error)

    def close(self) -> tuple[ActionRecord, ...]:
        """End the gateway with its run; what is still under way is abandoned, and recorded so."""
        with self._lock:
            self._closed = True
            calls = list(self._calls)
        for call in calls:
            if call.outcome == ABANDONED and call.executor is not None:
                call.executor.cancel()
        return tuple(map(self._record, calls))

    def recording(self, session: Mapping[str, Any]) -> Recording | None:
        """Return what the calls were answered, in order, once the gateway is closed; None where there were none.

        `session` is the body as the run saw it. Every secret of the run is known by now, whichever call used it first.
        """
        if not self._calls:
            return None
        calls = [call for call in self._calls if call.options is not None and call.outcome not in _OWN]
        # Masking takes about a millisecond a KiB: what is not kept is left out before it, and nothing is masked twice.
        raw = bounded(recorded(call.name, call.options or {}, call.answer) for call in calls)
        redaction, of_task = self.redaction, self._claimed.redaction
        mocks = bounded(
            masked(mock, (redaction, of_task), (of_task,) if call.masked_by is redaction else (redaction, of_task))
            for mock, call in zip(raw, calls, strict=True)
        )
        return Recording(mocks, {name: session[name] for name in self._claimed.unkept if name in session})

    def _begin(self, call: ActionCall) -> _Call | None:
        with self._lock:
            if self._closed or len(self._calls) >= MAX_CALLS:
                return None
            under_way = _Call(name_on_record(call), time.monotonic())
            self._calls.append(under_way)
            return under_way

    def _carry_out(self, call: ActionCall, under_way: _Call) -> Any:
        made = allowed_call(self._enabled, call)
        connector, operation, bound = made.connector, made.operation, made.bound
        under_way.options = made.options
        under_way.masked_by = self.redaction
        answer = self._mocks.answer(call.name, under_way.options)
        if answer is not None:
            under_way.mocked = True
            return self._answering.value(give(answer))
        grant, account = self._keyring.granted(made.credential, connector, operation, bound)
        self._answering.learn(grant.secrets)
        executor = ActionExecutor(
            self._gateways.means,
            ActionTarget.of(connector, self._base_url(connector), account, self._egress),
            grant,
            workspace_id=self._claimed.invocation.workspace_id,
            retry=connector.retry,
            deadline_at=self._claimed.deadline_at,
        )
        with self._lock:
            under_way.executor = executor
            if self._closed:  # while its credential was looked up: nobody else would end it now
                executor.cancel()
        try:
            value = executor.run(operation.run(bound.options, account))
        finally:
            self._answering.learn(executor.secrets)
            under_way.masked_by = self.redaction
        return self._answering.value(value)

    def _base_url(self, connector: Connector) -> str | None:
        return self._gateways.base_urls.get(connector.name, connector.base_url)

    def _record(self, call: _Call) -> ActionRecord:
        executor = call.executor
        return ActionRecord(
            action=call.name,
            outcome=call.outcome,
            method=executor.method if executor else None,
            host=executor.host if executor else None,
            status=executor.status if executor else None,
            requests=executor.requests if executor else 0,
            ms=round(call.ms, 3),
            at_ms=round((call.began - self._opened) * 1000, 3),
            mocked=call.mocked,
        )


def _answer(value: Any, error: ActionFailed | None) -> ActionAnswer:
    return Returned(value) if error is None else Raised(error.message, error.code, error.status, error.body)
