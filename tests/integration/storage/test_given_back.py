"""An attempt that was not made is given back to a real database: due later, as if it had never been claimed."""

from tests.support.world import World

from midcall.domain.invocation import Outcome
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.leases import LEASE_MS

WHY = Outcome(InvocationStatus.FAILED)


def claim(world: World, invocation_id: str) -> bool:
    """Claim as a worker does."""
    now = world.clock.now
    with world.storage.write() as tx:
        return tx.invocations.claim(invocation_id, owner="worker", now=now, lease_until=now + LEASE_MS)


def give_back(world: World, invocation_id: str, *, attempt: int, due_at: int) -> bool:
    """Give an attempt back."""
    with world.storage.write() as tx:
        return tx.invocations.give_back(invocation_id, attempt=attempt, due_at=due_at, outcome=WHY)


def test_an_attempt_is_given_back_by_its_holder_alone_and_comes_again_when_it_is_due(world: World) -> None:
    """The sweep finds it then, and not before; its number is the one it had."""
    world.published()
    admitted = world.admitted()
    due_at = world.clock.now + 60_000
    assert not give_back(world, admitted.id, attempt=1, due_at=due_at)
    assert claim(world, admitted.id)
    assert not give_back(world, admitted.id, attempt=2, due_at=due_at)
    assert give_back(world, admitted.id, attempt=1, due_at=due_at)
    assert not give_back(world, admitted.id, attempt=1, due_at=due_at)
    row = world.read(admitted.id)
    assert (row.status, row.attempt, row.owner, row.lease_until) == (InvocationStatus.QUEUED, 0, None, None)
    assert (row.due_at, row.started_at, row.outcome) == (due_at, None, WHY)
    assert not claim(world, admitted.id)
    world.clock.advance(60_000)
    with world.storage.read() as tx:
        stale = tx.invocations.stale_queued(enqueued_before=0, now=world.clock.now, limit=10)
    assert [found.id for found in stale] == [admitted.id]
    assert claim(world, admitted.id)
    assert world.read(admitted.id).attempt == 1
