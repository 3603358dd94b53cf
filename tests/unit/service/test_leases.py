"""Leases are renewed for the claims that are held, and for no others, whatever a round runs into."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from tests.support.fakes import Clock
from tests.support.patience import PATIENCE_S
from tests.support.world import World

from midcall.domain.invocation import Invocation
from midcall.service.runs.leases import Leases

#: Seconds in which everything here is over on any machine.


class Rows:
    """As much of a storage as leases use: `answer` says of each renewal whether the row is still held."""

    def __init__(self, answer: Callable[[], bool]) -> None:
        self._answer = answer
        self.renewed: list[tuple[str, int]] = []
        self.invocations = self

    @contextmanager
    def write(self) -> Iterator["Rows"]:
        """Begin a transaction."""
        yield self

    def renew(self, invocation_id: str, *, attempt: int, lease_until: int) -> bool:  # noqa: ARG002 (the port's)
        """Renew one."""
        self.renewed.append((invocation_id, attempt))
        return self._answer()


def test_a_round_that_fails_is_followed_by_the_next(world: World) -> None:
    """A database that is away for a moment costs a round, not the thread."""
    world.published()
    claimed = world.admitted()
    faults = [OSError("away"), LookupError("nobody expected it")]
    enough = threading.Event()

    def answer() -> bool:
        if faults:
            raise faults.pop()
        enough.set()
        return True

    leases = Leases(cast(Any, Rows(answer)), Clock())
    with leases.hold(claimed):
        assert enough.wait(PATIENCE_S)
    assert (leases.loop.failures, leases.loop.gone) == (2, False)


def test_a_claim_made_while_an_earlier_one_is_found_over_is_still_renewed(world: World) -> None:
    """What was given back may be claimed here again, by the same number: that claim is another one."""
    world.published()
    first = world.admitted()
    second: Invocation = replace(first)
    began = threading.Event()

    def answer() -> bool:
        held.__enter__()  # between the round's look at the row and what it makes of it
        began.set()
        return False

    rows = Rows(answer)
    leases = Leases(cast(Any, rows), Clock())
    held = leases.hold(second)
    with leases.hold(first):
        assert began.wait(PATIENCE_S)
        rows._answer = lambda: True
        end = time.monotonic() + PATIENCE_S
        while len(rows.renewed) < 3 and time.monotonic() < end:
            time.sleep(0.01)
    assert len(rows.renewed) >= 3
    assert leases._held == {second.id: second}
    held.__exit__(None, None, None)
    assert leases._held == {}
