"""Wait for an invocation's outcome: the wake is a hint, the row decides.

The one use case that is asynchronous: hundreds may wait at once, and a thread each would be too many.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from midcall.domain.errors import MidcallError, NotFound
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.service.ports import Queue
from midcall.service.runs.sweep import GRACE_MS, Sweep
from midcall.storage.database import Storage

#: The row is looked at this often, wake or no wake.
LOOK_EVERY_S = 1.0
#: How long a caller waits for a queue that does not answer.
QUEUE_PATIENCE_MS = 5_000
#: A worker that dies at the deadline is noticed when its lease is over; nobody waits longer than that.
LAST_LOOK_MS = 10_000


class Wakes(Protocol):
    """Gives an event that is set when an invocation or a session is announced."""

    def watch(self, announced: str) -> AbstractContextManager[asyncio.Event]:
        """Watch an invocation or a session, from before it can be announced."""
        ...


#: Runs a blocking function in a thread of the right kind.
InThread = Callable[..., Awaitable[Any]]


class NoOutcome(MidcallError):
    """The call was accepted, but its outcome could not be learned in time; read the invocation later."""

    code = "no_outcome"


def _is_final(invocation: Invocation) -> bool:
    return invocation.final


def is_answerable(invocation: Invocation) -> bool:
    """Tell whether there is something to answer: an outcome, or that the call runs in the background."""
    return invocation.final or invocation.purpose is Purpose.BACKGROUND


@dataclass(frozen=True, slots=True)
class OutcomeWaiter:
    """The use case that waits for invocations' outcomes, for hundreds of callers at once."""

    storage: Storage
    queue: Queue
    sweep: Sweep
    wakes: Wakes
    clock: Callable[[], int]
    #: Whether an invocation is carried out by a thread of this process.
    here: Callable[[str], bool] = lambda _: False

    async def run(
        self,
        admit: Callable[[], Invocation],
        invocation_id: str,
        in_thread: InThread,
        until: Callable[[Invocation], bool] = _is_final,
    ) -> Invocation:
        """Admit an invocation and wait until it is final, or whatever else `until` asks; returns it as it then is.

        A repeat of a call gets the invocation that exists, and waits for that one.
        """
        with self.wakes.watch(invocation_id) as event:
            invocation: Invocation = await in_thread(admit)
            if invocation.id == invocation_id:
                return await self._until(invocation, event, in_thread, until)
        with self.wakes.watch(invocation.id) as event:
            invocation = await in_thread(self._look, invocation)
            return await self._until(invocation, event, in_thread, until)

    async def _until(
        self, invocation: Invocation, event: asyncio.Event, in_thread: InThread, until: Callable[[Invocation], bool]
    ) -> Invocation:
        while not until(invocation):
            if self.clock() > invocation.deadline_at + LAST_LOOK_MS:
                raise NoOutcome
            woken = await wait_a_while(event)
            # What a thread of this very process carries out cannot end unheard of.
            if woken or not self.here(invocation.id):
                invocation = await in_thread(self._look, invocation, woken)
        return invocation

    def _look(self, invocation: Invocation, woken: bool = True) -> Invocation:  # noqa: FBT001, FBT002 (for a thread)
        """Read the row again; close it if it waits for what will not come."""
        if not woken:
            # The cheapest look there is, and while many wait the usual one: nothing else of the row matters yet, and it
            # may have megabytes.
            status = self._status(invocation)
            if status is not None and not status.final and not (status.queued and self._is_hopeless(invocation)):
                return replace(invocation, status=status)
        found = self._read(invocation)
        return self._read(found) if self._close_if_hopeless(found) else found

    def _status(self, invocation: Invocation) -> InvocationStatus | None:
        with self.storage.read() as tx:
            return tx.invocations.status(invocation.id)

    def _is_hopeless(self, invocation: Invocation) -> bool:
        """Tell whether a queued invocation waits for what will not come."""
        now = self.clock()
        if now > invocation.deadline_at + GRACE_MS:
            return True
        return now > invocation.created_at + QUEUE_PATIENCE_MS and not self.queue.alive()

    def _read(self, invocation: Invocation) -> Invocation:
        with self.storage.read() as tx:
            found = tx.invocations.find(invocation.id)
        if found is None:
            raise NotFound("the invocation was deleted while it was waited for")
        return found

    def _close_if_hopeless(self, found: Invocation) -> bool:
        if not found.status.queued:
            return False
        now = self.clock()
        if now > found.deadline_at + GRACE_MS:
            return self.sweep.close_unstarted(found)
        away = now > found.created_at + QUEUE_PATIENCE_MS and not self.queue.alive()
        return away and self.sweep.close_unqueued(found)


async def wait_a_while(event: asyncio.Event, seconds: float = LOOK_EVERY_S) -> bool:
    """Wait for a wake, or `seconds`; tells whether it was a wake."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
