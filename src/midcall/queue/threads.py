"""`midcall.service.ports.Queue` of an api process: what only waits for a network runs right here, in threads.

A blocking webhook needs neither a worker nor a sandbox; sent through Redis, hundreds of them would need hundreds of
processes. Its row is claimed, leased and recorded like any other, so that a process that dies with it is mended alike.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.on_behalf import OWNER
from midcall.domain.shares import WaitingWorkspace, next_in_turn
from midcall.queue.rq_queue import RqQueue
from midcall.queue.wakes import RedisWakes

#: Webhooks that run at a time in one process; what is more waits for a thread, within its own deadline. A workspace
#: that wants all of them gets half, which is what it may have in flight unless the operator allows more.
THREADS = 640

log = structlog.get_logger()


class ThreadedQueue:
    """Runs webhooks that somebody waits for; wakes workers for all else."""

    def __init__(
        self, queue: RqQueue, wakes: RedisWakes, *, weigh: Callable[[str], int] = lambda _id: 1, threads: int = THREADS
    ) -> None:
        self._queue = queue
        self._wakes = wakes
        self._weigh = weigh
        self._size = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="webhook")
        self._execute: Callable[[str], object] | None = None
        self._lock = threading.Lock()
        #: Ids that wait for a thread, by workspace, oldest first; and how many threads each workspace holds.
        self._waiting: dict[str, deque[str]] = {}
        self._held: Counter[str] = Counter()
        #: What each that waits counted for when it last asked.
        self._weights: dict[str, int] = {}
        self._here: set[str] = set()
        self._closed = False

    def serve(self, execute: Callable[[str], object]) -> None:
        """Begin to run webhooks with `execute`; until then workers get them."""
        self._execute = execute

    def enqueue(self, invocation: Invocation) -> None:
        """Run a webhook that somebody waits for, or wake a worker; raises QueueUnavailable."""
        here = invocation.kind is Kind.WEBHOOK and invocation.purpose is not Purpose.BACKGROUND
        if not here or self._execute is None or not self._takes(invocation, self._execute):
            self._queue.enqueue(invocation)

    def runs_here(self, invocation_id: str) -> bool:
        """Tell whether a thread of this process carries an invocation out, or will."""
        return invocation_id in self._here

    def announce(self, invocation_id: str) -> None:
        """Tell who waits: here at once, elsewhere through Redis."""
        self._wakes.wake(invocation_id)
        self._queue.announce(invocation_id)

    def alive(self) -> bool:
        """Tell whether Redis answers."""
        return self._queue.alive()

    def lengths(self) -> dict[str, int]:
        """Count ids that wait for a worker, by what they are for; raises QueueUnavailable."""
        return self._queue.lengths()

    def close(self) -> None:
        """Let webhooks that run come to their end, start no other, and close the connections."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._queue.close()

    def _takes(self, invocation: Invocation, execute: Callable[[str], object]) -> bool:
        """Take a webhook for a thread of this process; False at its end: workers and other processes go on."""
        weight = self._weigh(invocation.workspace_id)
        with self._lock:
            if self._closed:
                return False
            if invocation.id not in self._here:
                self._here.add(invocation.id)
                self._weights[invocation.workspace_id] = weight
                self._waiting.setdefault(invocation.workspace_id, deque()).append(invocation.id)
            self._begin(execute)
            return True

    def _begin(self, execute: Callable[[str], object]) -> None:
        """Give threads to those whose turn it is; the lock is held."""
        while self._waiting and not self._closed:
            heads = [
                WaitingWorkspace(each, ids[0], self._held[each], self._weights[each])
                for each, ids in self._waiting.items()
            ]
            chosen = next_in_turn(heads, free=self._size - self._held.total())
            if chosen is None:
                return
            workspace_id, waiting = chosen.workspace_id, self._waiting[chosen.workspace_id]
            waiting.popleft()
            if not waiting:
                del self._waiting[workspace_id], self._weights[workspace_id]
            self._held[workspace_id] += 1
            self._threads.submit(self._run, execute, workspace_id, chosen.oldest)

    def _run(self, execute: Callable[[str], object], workspace_id: str, invocation_id: str) -> None:
        OWNER.set(workspace_id)
        try:
            execute(invocation_id)
        except Exception:  # a thread's edge: the lease runs out and the sweep closes the row
            log.exception("webhook_not_carried_out", invocation=invocation_id)
        finally:
            with self._lock:
                self._here.discard(invocation_id)
                self._held[workspace_id] -= 1
                if not self._held[workspace_id]:
                    del self._held[workspace_id]
                self._begin(execute)
