"""What a crash left behind is mended: woken, queued again, or closed with a reason; never twice."""

from tests.support.world import World

from midcall.domain.invocation import Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.sweep import GRACE_MS, REWAKE_AFTER_MS, SweepCounts

QUEUED, FAILED, TIMED_OUT = InvocationStatus.QUEUED, InvocationStatus.FAILED, InvocationStatus.TIMED_OUT


def claim(world: World, invocation_id: str) -> None:
    """Have a worker take an invocation, and then fall silent."""
    with world.storage.write() as tx:
        now = world.clock.now
        assert tx.invocations.claim(invocation_id, owner="gone", now=now, lease_until=now + LEASE_MS)


def test_nothing_to_mend_changes_nothing(world: World) -> None:
    """Neither what waits, nor what runs, nor what is done."""
    world.published()
    for _ in range(3):
        world.admitted()
    claim(world, world.admitted().id)
    world.executor().execute(world.admitted().id)
    assert world.sweep.sweep() == SweepCounts()


def test_a_wake_that_was_lost_is_given_again(world: World) -> None:
    """After two seconds, and again two seconds later, not in between."""
    world.published()
    admitted = world.admitted()
    world.clock.advance(REWAKE_AFTER_MS)
    assert world.sweep.sweep() == SweepCounts()
    world.clock.advance(1)
    assert world.sweep.sweep() == SweepCounts(woken=1)
    assert world.sweep.sweep() == SweepCounts()
    world.clock.advance(REWAKE_AFTER_MS + 1)
    assert world.sweep.sweep() == SweepCounts(woken=1)
    assert world.queue.enqueued == [admitted.id] * 3
    assert world.read(admitted.id).status is QUEUED


def test_what_was_admitted_while_redis_was_away_is_woken_when_it_is_back(world: World) -> None:
    """Accepted is accepted."""
    world.published()
    world.queue.away = True
    admitted = world.admitted()
    world.clock.advance(REWAKE_AFTER_MS + 1)
    assert world.sweep.sweep().woken == 0
    world.queue.away = False
    world.clock.advance(REWAKE_AFTER_MS + 1)
    assert world.sweep.sweep().woken == 1
    world.executor().execute(world.queue.enqueued[-1])
    assert world.read(admitted.id).status is InvocationStatus.SUCCEEDED


def test_what_no_worker_took_before_its_deadline_is_closed(world: World) -> None:
    """A second of grace is left to whoever waits for it; then it is timed out and announced."""
    world.published(timeout=5, messages={"error": "Busy."})
    admitted = world.admitted()
    world.clock.advance(5_000 + GRACE_MS)
    assert world.sweep.sweep().overdue == 0
    world.clock.advance(1)
    assert world.sweep.sweep().overdue == 1
    found = world.read(admitted.id)
    assert (found.status, found.started_at, found.ended_at) == (TIMED_OUT, None, world.clock.now)
    assert found.outcome is not None
    assert found.outcome.message == "Busy."
    assert world.queue.announced == [admitted.id]
    world.executor().execute(admitted.id)
    assert world.sandbox.requests == []


def test_a_lost_run_without_retries_is_closed_as_failed(world: World) -> None:
    """Nobody knows what it did, and somebody waits."""
    world.published()
    admitted = world.admitted()
    claim(world, admitted.id)
    world.clock.advance(LEASE_MS)
    assert world.sweep.sweep() == SweepCounts()
    world.clock.advance(1)
    assert world.sweep.sweep() == SweepCounts(lost=1)
    found = world.read(admitted.id)
    assert (found.status, found.owner) == (FAILED, None)
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.type == "worker_lost"
    assert world.queue.announced == [admitted.id]
    assert world.sweep.sweep() == SweepCounts()


def test_a_lost_run_with_retries_is_queued_again_until_they_are_used_up(world: World) -> None:
    """Each loss uses one."""
    world.published(retries=1, timeout=60)
    admitted = world.admitted()
    claim(world, admitted.id)
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep() == SweepCounts(requeued=1)
    assert (world.read(admitted.id).status, world.queue.enqueued) == (QUEUED, [admitted.id] * 2)
    claim(world, admitted.id)
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep() == SweepCounts(lost=1)
    assert world.read(admitted.id).status is FAILED


def test_a_lost_run_past_its_deadline_is_closed_whatever_its_retries(world: World) -> None:
    """There is no time left to run it in."""
    world.published(retries=5, timeout=5)
    claim(world, world.admitted().id)
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep() == SweepCounts(lost=1)


def test_a_run_that_renews_its_lease_is_left_alone(world: World) -> None:
    """However long it takes."""
    world.published()
    admitted = world.admitted()
    claim(world, admitted.id)
    for _ in range(5):
        world.clock.advance(LEASE_MS)
        with world.storage.write() as tx:
            assert tx.invocations.renew(admitted.id, attempt=1, lease_until=world.clock.now + LEASE_MS)
        assert world.sweep.sweep() == SweepCounts()


def test_closing_by_hand_gives_way_to_a_worker_that_was_faster(world: World) -> None:
    """Whoever waits may try to close it; the row decides."""
    world.published()
    admitted = world.admitted()
    seen = world.read(admitted.id)
    claim(world, admitted.id)
    assert not world.sweep.close_unstarted(seen)
    assert not world.sweep.close_unqueued(seen)
    assert world.read(admitted.id).status is InvocationStatus.RUNNING


def test_an_archived_function_s_leftovers_are_mended_too(world: World) -> None:
    """Its versions stay on record, so does what its author wants said."""
    world.published(messages={"error": "Gone."})
    admitted = world.admitted()
    claim(world, admitted.id)
    world.catalog.archive(world.caller, "lookup")
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep() == SweepCounts(lost=1)
    outcome = world.read(admitted.id).outcome
    assert outcome is not None
    assert outcome.message == "Gone."


def test_a_great_many_are_mended_in_a_few_rounds(world: World) -> None:
    """Each round takes a bounded bite."""
    world.published(timeout=1)
    world.workspaces.allow("first", {"max_in_flight": 1_000})
    world.workspaces.change(world.caller, {"max_in_flight": 1_000})
    for _ in range(150):
        world.admitted()
    world.clock.advance(10_000)
    assert [world.sweep.sweep().overdue for _ in range(3)] == [100, 50, 0]


def test_where_workspaces_share_workers_a_few_wakes_of_a_kind_are_enough(world: World) -> None:
    """Each is for whichever is next; the others are looked at again later, and keep nobody else from being woken."""
    world.published()
    admitted = [world.admitted() for _ in range(6)]
    tests = [world.admitted(purpose=Purpose.TEST) for _ in range(2)]
    world.workspace("second")
    world.queue.enqueued.clear()
    world.clock.advance(REWAKE_AFTER_MS + 1)
    assert world.sweep.sweep() == SweepCounts(woken=4)
    assert world.queue.enqueued == [each.id for each in (*admitted[:2], *tests)]
    assert world.sweep.sweep() == SweepCounts()
