"""Leases: how a process shows that it still works on what it has claimed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from midcall.domain.invocation import Invocation
from midcall.service.loops import ThreadLoop
from midcall.storage.database import Storage

#: A process that is silent for this long has lost its invocations.
LEASE_MS = 5_000
RENEW_EVERY_S = 1.5


class Leases:
    """Renews the leases of all invocations that this process carries out, in one transaction a round.

    One thread for all: hundreds of webhooks may be under way at once, and a commit each would keep the database busy.
    Make one a process, after its fork.
    """

    def __init__(self, storage: Storage, clock: Callable[[], int]) -> None:
        self._storage = storage
        self._clock = clock
        self._held: dict[str, Invocation] = {}
        self._changed = threading.Condition()
        self._pause = threading.Event()
        #: What renews them.
        self.loop = ThreadLoop("leases", self._renew_next)

    @contextmanager
    def hold(self, invocation: Invocation) -> Iterator[None]:
        """Renew the lease of a claimed invocation until the block ends."""
        with self._changed:
            self._held[invocation.id] = invocation
            self.loop.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._forget(invocation)

    def _renew_next(self) -> bool:
        """Renew what is held, after a while; where that fails the next turn tries again: the fence guards the rest."""
        with self._changed:
            self._changed.wait_for(lambda: self._held)
        self._pause.wait(RENEW_EVERY_S)
        with self._changed:
            held = dict(self._held)
        self._renew(held)
        return True

    def _forget(self, invocation: Invocation) -> None:
        # This very claim: one that was lost, or given back, may have been claimed again here since, by its number too.
        if self._held.get(invocation.id) is invocation:
            del self._held[invocation.id]

    def _renew(self, held: dict[str, Invocation]) -> None:
        if not held:
            return
        with self._storage.write() as tx:
            until = self._clock() + LEASE_MS
            lost = [
                invocation
                for key, invocation in held.items()
                if not tx.invocations.renew(key, attempt=invocation.attempt, lease_until=until)
            ]
        with self._changed:
            for invocation in lost:  # over, given back, or taken by the sweep: nothing to renew
                self._forget(invocation)
