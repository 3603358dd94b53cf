"""`midcall.service.ports.Queue` of an api process: what only waits for a network runs right here, in threads.

A blocking webhook needs neither a worker nor a sandbox; sent through Redis, hundreds of them would need hundreds of
processes. Its row is claimed, leased and settled like any other, so that a process that dies with it is mended alike.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from midcall.domain.function import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.queue.rq_queue import RqQueue
from midcall.queue.wakes import Wakes

#: Webhooks that run at a time in one process; what is more waits for a thread, within its own deadline.
THREADS = 320

log = structlog.get_logger()


class ThreadedQueue:
    """Runs webhooks that somebody waits for; wakes workers for all else."""

    def __init__(self, queue: RqQueue, wakes: Wakes) -> None:
        self._queue = queue
        self._wakes = wakes
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self._execute: Callable[[str], None] | None = None
        self._here: set[str] = set()

    def serve(self, execute: Callable[[str], None]) -> None:
        """Begin to run webhooks with `execute`; until then workers get them."""
        self._execute = execute

    def enqueue(self, invocation: Invocation) -> None:
        """Run a webhook that somebody waits for, or wake a worker; raises QueueUnavailable."""
        here = invocation.kind is Kind.WEBHOOK and invocation.purpose is not Purpose.BACKGROUND
        if not here or self._execute is None:
            self._queue.enqueue(invocation)
            return
        self._here.add(invocation.id)
        try:
            self._threads.submit(self._run, self._execute, invocation.id)
        except RuntimeError:  # this process is ending: workers and other processes go on
            self._here.discard(invocation.id)
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
        """Count jobs that wait for a worker, by what they are for; raises QueueUnavailable."""
        return self._queue.lengths()

    def close(self) -> None:
        """Let webhooks that run come to their end, start no other, and close the connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._queue.close()

    def _run(self, execute: Callable[[str], None], invocation_id: str) -> None:
        try:
            execute(invocation_id)
        except Exception:  # a thread's edge: the lease runs out and the sweep closes the row
            log.exception("webhook_not_carried_out", invocation=invocation_id)
        finally:
            self._here.discard(invocation_id)
