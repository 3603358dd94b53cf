"""An attempt that was not made is given back to a real database: due later, as if it had never been claimed."""

from tests.integration.queue.parts import House

from midcall.domain.invocation import InvocationStatus, Outcome
from midcall.service.leases import LEASE_MS

WHY = Outcome(InvocationStatus.FAILED)


def claim(house: House, invocation_id: str) -> bool:
    """Claim as a worker does."""
    now = house.clock()
    with house.storage.write() as tx:
        return tx.invocations.claim(invocation_id, owner="worker", now=now, lease_until=now + LEASE_MS)


def test_an_attempt_is_given_back_by_its_holder_alone_and_comes_again_when_it_is_due(house: House) -> None:
    """The sweep finds it then, and not before; its number is the one it had."""
    admitted = house.admit("plain")
    due_at = house.clock() + 60_000
    with house.storage.write() as tx:
        assert not tx.invocations.give_back(admitted.id, attempt=1, due_at=due_at, outcome=WHY)
    assert claim(house, admitted.id)
    with house.storage.write() as tx:
        assert not tx.invocations.give_back(admitted.id, attempt=2, due_at=due_at, outcome=WHY)
        assert tx.invocations.give_back(admitted.id, attempt=1, due_at=due_at, outcome=WHY)
        assert not tx.invocations.give_back(admitted.id, attempt=1, due_at=due_at, outcome=WHY)
    row = house.row(admitted.id)
    assert (row.status, row.attempt, row.owner, row.lease_until) == (InvocationStatus.QUEUED, 0, None, None)
    assert (row.due_at, row.started_at, row.outcome) == (due_at, None, WHY)
    assert not claim(house, admitted.id)
    house.clock.ahead_ms += 60_001
    with house.storage.read() as tx:
        stale = tx.invocations.stale_queued(enqueued_before=0, now=house.clock(), limit=10)
    assert [found.id for found in stale] == [admitted.id]
    assert claim(house, admitted.id)
    assert house.row(admitted.id).attempt == 1
