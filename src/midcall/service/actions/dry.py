"""The gateway of a run that is only tried out, without a store: mocks answer, and nothing leaves this machine."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from midcall.domain.action import MAX_CALLS, ActionCall, ActionFailed, ActionRecord, ActionReply, enabled_actions
from midcall.domain.mock import ActionAnswer, Mock, Rehearsal, Returned, give
from midcall.service.actions.allowed_call import allowed_call, name_on_record
from midcall.service.actions.answer_filter import AnswerFilter
from midcall.service.actions.mocks import MocksOfRun

_NOTHING = Returned()


class DryGateway:
    """Serves one run, from several threads. `records` has what it was called for, in order."""

    def __init__(self, actions: Sequence[str | Mapping[str, Any]], mocks: Sequence[Mock]) -> None:
        self._enabled = enabled_actions(actions)
        self._mocks = MocksOfRun(Rehearsal(tuple(mocks), dry=True))
        self._answering = AnswerFilter()
        self._opened = time.monotonic()
        self._lock = threading.Lock()
        self._records: list[ActionRecord] = []

    @property
    def records(self) -> tuple[ActionRecord, ...]:
        """The calls so far."""
        with self._lock:
            return tuple(self._records)

    def act(self, call: ActionCall) -> ActionReply:
        """Answer one call as its mock does; raises nothing that the code could have caused."""
        began, mocked = time.monotonic(), False
        try:
            answer = self._answer(call)
            mocked = True
            reply, outcome = ActionReply(self._answering.value(give(answer))), "ok"
        except ActionFailed as failure:
            reply, outcome = ActionReply(error=self._answering.failure(failure)), failure.code
        record = ActionRecord(
            action=name_on_record(call),
            outcome=outcome,
            ms=round((time.monotonic() - began) * 1000, 3),
            at_ms=round((began - self._opened) * 1000, 3),
            mocked=mocked,
        )
        with self._lock:
            if len(self._records) < MAX_CALLS:
                self._records.append(record)
        return reply

    def _answer(self, call: ActionCall) -> ActionAnswer:
        with self._lock:
            if len(self._records) >= MAX_CALLS:
                raise ActionFailed(f"a run may call {MAX_CALLS} actions at most", code="too_many_calls")
        # A dry run's mocks answer or refuse: nothing is carried out.
        return self._mocks.answer(call.name, allowed_call(self._enabled, call).options) or _NOTHING
