"""What running code reports of itself, on its session's event stream."""

from collections.abc import Callable
from dataclasses import dataclass

from midcall.domain.events import EventName
from midcall.domain.ids import RunId
from midcall.service.claimed_run import redaction_of
from midcall.service.ports import Queue
from midcall.storage.database import Storage


@dataclass(frozen=True, slots=True)
class Progress:
    """Passes on what `actions.progress` says."""

    storage: Storage
    queue: Queue
    clock: Callable[[], int]

    def report(self, run_id: str, text: str) -> None:
        """Write a progress event for the run's session, if it has one and this attempt is still the one that runs."""
        run = RunId.of(run_id)
        with self.storage.read() as tx:
            invocation = tx.invocations.find(run.invocation)
            if invocation is None or invocation.session_key is None:
                return
            config = tx.functions.version(invocation.function_id, invocation.version).config
        shown = redaction_of(config.parameters, invocation.params).text(text)
        with self.storage.write() as tx:
            # Asked under the lock: nothing may be told of a run after its outcome.
            if not tx.sessions.by_key(invocation.session_key, lock=True):
                return
            if tx.invocations.attempt_running(run.invocation) != run.attempt:
                return
            data = {"invocation_id": run.invocation, "function": invocation.function, "text": shown}
            tx.events.add(invocation.session_key, EventName.PROGRESS, self.clock(), data)
        self.queue.announce(invocation.session_key)
