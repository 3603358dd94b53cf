"""What running code reports of itself, on its session's event stream."""

from collections.abc import Callable
from dataclasses import dataclass

from midcall.domain.events import EventName
from midcall.domain.invocation import Invocation, InvocationStatus
from midcall.service.ports import Queue, Storage
from midcall.service.task import redaction_of


@dataclass(frozen=True, slots=True)
class Progress:
    """Passes on what `actions.progress` says."""

    storage: Storage
    queue: Queue
    clock: Callable[[], int]

    def report(self, run_id: str, text: str) -> None:
        """Write a progress event for the run's session, if it has one and this attempt is still the one that runs."""
        invocation_id, attempt = run_id.split(".")[:2]
        with self.storage.write() as tx:
            found = tx.invocations.find(invocation_id)
            if found is None or found.session_key is None or not tx.sessions.by_key(found.session_key, lock=True):
                return
            # Read again under the lock: nothing may be told of a run after its outcome.
            invocation = tx.invocations.find(invocation_id)
            if invocation is None or invocation.session_key is None or not _runs(invocation, attempt):
                return
            config = tx.functions.version(invocation.function_id, invocation.version).config
            shown = redaction_of(config, invocation.params).text(text)
            data = {"invocation_id": invocation_id, "function": invocation.function, "text": shown}
            tx.events.add(invocation.session_key, EventName.PROGRESS, self.clock(), data)
        self.queue.announce(invocation.session_key)


def _runs(invocation: Invocation, attempt: str) -> bool:
    return invocation.status is InvocationStatus.RUNNING and str(invocation.attempt) == attempt
