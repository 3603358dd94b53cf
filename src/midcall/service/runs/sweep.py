"""Mend what a crash left behind. Any number of processes may sweep at once: every step compares and swaps."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from midcall.domain.errors import QueueUnavailable
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.domain.variables import values
from midcall.service.claimed_run import effective
from midcall.service.ports import Queue
from midcall.service.runs.finish import Finish, attempts_if_lost
from midcall.service.runs.outcome import failed
from midcall.storage.database import Storage

#: A wake that nobody followed for this long is given again: Redis may have lost it.
REWAKE_AFTER_MS = 2_000
#: What is overdue by less is left to whoever waits for it.
GRACE_MS = 1_000

#: Wakes a sweep gives for invocations of one purpose and kind, where each is for whichever is next.
WAKES_OF_A_LANE = 2

_BATCH = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """The counts of one sweep."""

    woken: int = 0
    overdue: int = 0
    requeued: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Sweep:
    """Finds invocations that no process will finish by itself."""

    storage: Storage
    queue: Queue
    finish: Finish
    clock: Callable[[], int]

    def sweep(self) -> SweepCounts:
        """Sweep once: wake, close or queue again whatever is stale."""
        now = self.clock()
        with self.storage.read() as tx:
            overdue = tx.invocations.overdue_queued(deadline_before=now - GRACE_MS, limit=_BATCH)
            lost = tx.invocations.lost_running(lease_before=now, limit=_BATCH)
            stale = tx.invocations.stale_queued(enqueued_before=now - REWAKE_AFTER_MS, now=now, limit=_BATCH)
            several = tx.workspaces.several()
        requeued = [self._return_or_close(invocation) for invocation in self._whole(lost)]
        swept = SweepCounts(
            overdue=sum(self.close_unstarted(invocation) for invocation in self._whole(overdue)),
            requeued=requeued.count(True),
            lost=requeued.count(False),
            woken=self._wake_all(
                self._worth_waking([each for each in stale if each.deadline_at >= now], several=several)
            ),
        )
        if swept != SweepCounts():
            log.info("swept", woken=swept.woken, overdue=swept.overdue, requeued=swept.requeued, lost=swept.lost)
        return swept

    def close_unstarted(self, invocation: Invocation) -> bool:
        """Close a queued invocation that no worker took in time; False if one just did."""
        text = "no worker was free before the deadline; the function was not run"
        closed = self._close_queued(invocation, "not_started", text, InvocationStatus.TIMED_OUT)
        if closed:
            self.queue.announce(invocation.id)
        return closed

    def close_unqueued(self, invocation: Invocation) -> bool:
        """Close a queued invocation because the queue is away and somebody waits; False if a worker just took it.

        Not announced: a queue that hangs would cost who waits two seconds more.
        """
        text = QueueUnavailable().message
        return self._close_queued(invocation, QueueUnavailable.code, text, InvocationStatus.FAILED)

    def _whole(self, invocations: Sequence[Invocation]) -> Iterator[Invocation]:
        """Read invocations whole, one at a time: they may have megabytes each."""
        for invocation in invocations:
            with self.storage.read() as tx:
                found = tx.invocations.find(invocation.id)
            if found is not None:
                yield found

    def _close_queued(self, invocation: Invocation, kind: str, text: str, status: InvocationStatus) -> bool:
        return self.finish.unstarted(invocation, self._failed(invocation, kind, text, status))

    def _return_or_close(self, invocation: Invocation) -> bool | None:
        """Queue a lost invocation again (True), or close it as failed (False); None if somebody was faster."""
        now = self.clock()
        if invocation.attempt < attempts_if_lost(invocation) and invocation.deadline_at > now:
            with self.storage.write() as tx:
                taken = tx.invocations.requeue(invocation.id, attempt=invocation.attempt, enqueued_at=now)
            return self._enqueue(replace(invocation, enqueued_at=now)) if taken else None
        text = "the worker went away while the function ran"
        outcome = self._failed(invocation, "worker_lost", text, InvocationStatus.FAILED)
        return False if self.finish.lost(invocation, outcome) else None

    def _failed(self, invocation: Invocation, kind: str, text: str, status: InvocationStatus) -> Outcome:
        """Make the outcome of an invocation that is given up, with what its author wants said."""
        with self.storage.read() as tx:
            version = tx.functions.version(invocation.function_id, invocation.version)
            session = tx.sessions.by_key(invocation.session_key) if invocation.session_key else None
        messages = effective(version.config, session, invocation).messages
        return failed(kind, text, messages, values(session.variables) if session else invocation.variables, status)

    def _worth_waking(self, stale: Sequence[Invocation], *, several: bool) -> Sequence[Invocation]:
        """Leave out what only waits for its workspace's share: of workers that take turns, a few wakes are enough."""
        if not several:
            return stale
        lanes: Counter[tuple[Purpose, Kind]] = Counter()
        worth, others = list[Invocation](), list[Invocation]()
        for invocation in stale:
            lane = (invocation.purpose, invocation.kind)
            by_workers = invocation.kind is Kind.CODE or invocation.purpose is Purpose.BACKGROUND
            lanes[lane] += by_workers
            (worth if lanes[lane] <= WAKES_OF_A_LANE else others).append(invocation)
        if others:
            now = self.clock()
            with self.storage.write() as tx:
                for each in others:  # or they would stand before what else is to be woken
                    tx.invocations.touch_queued(each.id, seen=each.enqueued_at, enqueued_at=now)
        return worth

    def _wake_all(self, invocations: Sequence[Invocation]) -> int:
        # A Redis that hangs costs seconds each time: one is enough, the next sweep is a second away.
        woken = 0
        for invocation in invocations:
            now = self.clock()
            with self.storage.write() as tx:
                mine = tx.invocations.touch_queued(invocation.id, seen=invocation.enqueued_at, enqueued_at=now)
            if mine and not self._enqueue(replace(invocation, enqueued_at=now)):
                break
            woken += mine
        return woken

    def _enqueue(self, invocation: Invocation) -> bool:
        try:
            self.queue.enqueue(invocation)
        except QueueUnavailable:
            return False
        return True
