"""Whoever waits is woken, and looks at the row all the same."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import delete
from tests.support.world import World

from midcall.domain.errors import NotFound, QueueFull
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.submit import InvocationRequest
from midcall.service.runs.sweep import GRACE_MS
from midcall.service.runs.wait import LAST_LOOK_MS, QUEUE_PATIENCE_MS, NoOutcome, OutcomeWaiter
from midcall.storage.schema import invocations


@dataclass
class FakeWakes:
    """Wakes that ring when they are told to."""

    events: dict[str, asyncio.Event] = field(default_factory=dict)
    watched: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def watch(self, invocation_id: str) -> Iterator[asyncio.Event]:
        """Keep the event while somebody waits."""
        self.watched.append(invocation_id)
        self.events[invocation_id] = asyncio.Event()
        try:
            yield self.events[invocation_id]
        finally:
            del self.events[invocation_id]


@dataclass
class Waiter:
    """One call that is waited for."""

    world: World
    wakes: FakeWakes = field(default_factory=FakeWakes)
    invocation_id: str = field(default_factory=lambda: new_id("inv"))
    #: What happens in the world before each look at the row.
    before_look: Callable[[], object] = lambda: None
    looks: int = 0

    def run(self, *, wake: bool = True) -> Invocation:
        """Wait for the outcome."""
        world = self.world
        waiting = OutcomeWaiter(
            storage=world.storage, queue=world.queue, sweep=world.sweep, wakes=self.wakes, clock=world.clock
        )
        call = InvocationRequest(id=self.invocation_id, function="lookup", purpose=Purpose.LIVE, params={}, session={})

        async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
            if args:
                self.looks += 1
                self.before_look()
            found = function(*args)
            if wake:
                self.wakes.events[self.invocation_id].set()
            return found

        return asyncio.run(waiting.run(lambda: world.invocations.admit(world.caller, call), call.id, in_thread))


@pytest.fixture
def waiter(world: World) -> Waiter:
    """Wait for a call of a published function."""
    world.published(timeout=30)
    return Waiter(world)


def test_a_wake_is_followed_at_once(waiter: Waiter) -> None:
    """The outcome is the row's."""
    waiter.before_look = lambda: waiter.world.executor().execute(waiter.invocation_id)
    assert waiter.run().status is InvocationStatus.SUCCEEDED
    assert waiter.looks == 1


def test_a_wake_that_never_comes_is_not_needed(waiter: Waiter) -> None:
    """The row is looked at every second anyway."""
    waiter.before_look = lambda: waiter.world.executor().execute(waiter.invocation_id)
    assert waiter.run(wake=False).status is InvocationStatus.SUCCEEDED


def test_a_wake_without_an_outcome_is_waited_on(waiter: Waiter) -> None:
    """It is a hint."""

    def third_time() -> None:
        if waiter.looks == 3:
            waiter.world.executor().execute(waiter.invocation_id)

    waiter.before_look = third_time
    assert waiter.run().final
    assert waiter.looks == 3


def test_the_wake_is_watched_for_before_the_call_is_admitted_and_let_go_after(waiter: Waiter) -> None:
    """Between commit and watch no wake can be missed; nothing is left of a call that was turned away."""
    waiter.world.workspaces.change(waiter.world.caller, {"max_in_flight": 1})
    waiter.world.admitted()
    with pytest.raises(QueueFull):
        waiter.run()
    assert waiter.wakes.watched == [waiter.invocation_id]
    assert waiter.wakes.events == {}


def test_a_refused_call_is_not_waited_for(waiter: Waiter) -> None:
    """It is final when it is admitted."""
    schema = {"type": "object", "required": ["order"]}
    waiter.world.catalog.add_version(waiter.world.caller, "lookup", {"parameters": schema}, base=None, if_match=None)
    waiter.world.reviews.submit(waiter.world.caller, "lookup", 2)
    waiter.world.catalog.publish(waiter.world.caller, "lookup", 2, "production")
    assert waiter.run().status is InvocationStatus.REFUSED
    assert waiter.looks == 0


def test_what_no_worker_takes_is_closed_at_its_deadline(waiter: Waiter) -> None:
    """Nobody waits for the sweep to come by."""
    waiter.before_look = lambda: waiter.world.clock.advance(30_000 + GRACE_MS + 1)
    assert waiter.run().status is InvocationStatus.TIMED_OUT


def test_a_queue_that_stays_away_ends_the_wait_early(waiter: Waiter) -> None:
    """After five seconds, with what happened."""
    waiter.world.queue.away = True
    waiter.before_look = lambda: waiter.world.clock.advance(QUEUE_PATIENCE_MS + 1)
    found = waiter.run()
    assert found.status is InvocationStatus.FAILED
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.type == "queue_unavailable"


def test_a_run_that_nobody_ends_is_not_waited_for_forever(waiter: Waiter) -> None:
    """Past deadline and lease the caller is told to read the invocation later."""

    def claim() -> None:
        with waiter.world.storage.write() as tx:
            tx.invocations.claim(waiter.invocation_id, owner="gone", now=1, lease_until=2**60)
        waiter.world.clock.advance(30_000 + LAST_LOOK_MS + 1)

    waiter.before_look = claim
    with pytest.raises(NoOutcome):
        waiter.run()


def test_an_invocation_that_was_deleted_is_gone(waiter: Waiter) -> None:
    """Whoever waits learns of it."""

    def forget() -> None:
        with waiter.world.engine.begin() as connection:
            connection.execute(delete(invocations))

    waiter.before_look = forget
    with pytest.raises(NotFound):
        waiter.run()
