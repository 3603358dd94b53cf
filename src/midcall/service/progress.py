"""What running code reports of itself, on its session's event stream."""

from collections.abc import Callable
from dataclasses import dataclass

from midcall.domain.events import EventName
from midcall.service.ports import Queue, Storage


@dataclass(frozen=True, slots=True)
class Progress:
    """Passes on what `actions.progress` says."""

    storage: Storage
    queue: Queue
    clock: Callable[[], int]

    def report(self, run_id: str, text: str) -> None:
        """Write a progress event for the run's session, if it has one that still waits for it."""
        invocation_id = run_id.partition(".")[0]
        with self.storage.write() as tx:
            invocation = tx.invocations.find(invocation_id)
            if invocation is None or invocation.final or invocation.session_key is None:
                return
            if tx.sessions.by_key(invocation.session_key, lock=True) is None:
                return
            data = {"invocation_id": invocation_id, "function": invocation.function, "text": text}
            tx.events.add(invocation.session_key, EventName.PROGRESS, self.clock(), data)
        self.queue.announce(invocation.session_key)
