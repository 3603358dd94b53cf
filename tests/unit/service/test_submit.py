"""A call is checked, committed, and only then a worker woken."""

from dataclasses import replace

import pytest
from tests.support.databases import row_counts
from tests.support.world import World

from midcall.domain.errors import Forbidden, NotApproved, NotFound, NotPublished, QueueFull
from midcall.domain.invocation import Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.domain.workspace import Scope

REQUIRED = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}


def test_an_admitted_call_is_committed_before_its_wake(world: World) -> None:
    """Whoever is woken finds the row."""
    seen: list[InvocationStatus] = []
    world.published(timeout=5, retries=2)
    world.queue.on_enqueue = lambda invocation: seen.append(world.read(invocation.id).status)
    admitted = world.admitted(params={"order": "5"})
    assert seen == [InvocationStatus.QUEUED]
    assert (admitted.params, admitted.max_attempts) == ({"order": 5}, 3)
    assert admitted.deadline_at == world.clock.now + 5_000


def test_params_that_do_not_fit_are_recorded_as_refused_and_wake_nobody(world: World) -> None:
    """The invocation returned is final, and so is the row."""
    world.published(parameters=REQUIRED)
    admitted = world.admitted(params={"order": "soon"})
    assert admitted.final
    assert world.read(admitted.id) == admitted
    assert admitted.status is InvocationStatus.REFUSED
    assert (world.queue.enqueued, world.sandbox.requests) == ([], [])


def test_a_refusal_needs_no_room(world: World) -> None:
    """Nothing waits for it."""
    world.published(parameters=REQUIRED)
    world.workspaces.change(world.caller, {"max_in_flight": 1})
    world.admitted(params={"order": 1})
    assert world.admitted().status is InvocationStatus.REFUSED


def test_one_call_more_than_the_workspace_may_have_in_flight_is_turned_away(world: World) -> None:
    """Queued and running ones count, finished ones do not; nothing is stored for the one turned away."""
    world.published()
    world.workspaces.change(world.caller, {"max_in_flight": 2})
    first, second = world.admitted(), world.admitted()
    with world.storage.write() as tx:
        tx.invocations.claim(second.id, owner="w", now=1, lease_until=2)
    before = row_counts(world.engine)
    with pytest.raises(QueueFull, match="2 calls of this workspace"):
        world.admitted()
    assert row_counts(world.engine) == before
    world.executor().execute(first.id)
    world.admitted()


def test_one_workspace_in_full_flight_does_not_hold_up_another(world: World) -> None:
    """The limit is each one's own."""
    other = world.workspace("second")
    world.published()
    world.published(caller=other)
    world.workspaces.change(world.caller, {"max_in_flight": 1})
    world.admitted()
    world.admitted(caller=other)
    world.admitted(caller=other)


def test_a_full_queue_turns_everybody_away(world: World) -> None:
    """The bound over all workspaces counts what waits, not what runs."""
    other = world.workspace("second")
    world.published()
    world.published(caller=other)
    world.invocations = replace(world.invocations, max_queued=2)
    first = world.admitted()
    world.admitted(caller=other)
    with pytest.raises(QueueFull):
        world.admitted(caller=other)
    with world.storage.write() as tx:
        tx.invocations.claim(first.id, owner="w", now=1, lease_until=2)
    world.admitted()


def test_a_redis_that_is_away_does_not_lose_the_call(world: World) -> None:
    """The row stays queued, for the sweep to wake."""
    world.published()
    world.queue.away = True
    admitted = world.admitted()
    assert world.read(admitted.id).status is InvocationStatus.QUEUED


@pytest.mark.parametrize("purpose", Purpose)
def test_nothing_is_admitted_that_was_not_approved(world: World, purpose: Purpose) -> None:
    """Neither published nor named nor latest: a draft runs nowhere."""
    world.draft()
    with pytest.raises(NotApproved if purpose is Purpose.TEST else NotPublished):
        world.admitted(purpose=purpose)
    with pytest.raises(NotApproved):
        world.admitted(purpose=purpose, version=1)
    with pytest.raises(NotFound):
        world.admitted("nothing", purpose=purpose)


def test_a_test_run_takes_the_latest_approved_version(world: World) -> None:
    """Not a draft after it, whatever is published."""
    world.published()
    world.catalog.add_version(world.caller, "lookup", {"timeout": 7}, base=None, if_match=None)
    world.reviews.submit(world.caller, "lookup", 2)
    world.catalog.add_version(world.caller, "lookup", {"timeout": 8}, base=None, if_match=None)
    assert world.admitted(purpose=Purpose.TEST).version == 2
    assert world.admitted(purpose=Purpose.LIVE).version == 1


def test_what_is_published_elsewhere_is_not_what_runs_here(world: World) -> None:
    """Each environment has its own."""
    world.published()
    with pytest.raises(NotPublished, match="staging"):
        world.admitted(environment="staging")


def test_a_key_limited_to_agents_calls_nothing_outside_their_sessions(world: World) -> None:
    """Whatever its scopes."""
    world.published()
    limited = world.colleague("runtime", Scope.RUN, Scope.READ, agents=("desk",))
    with pytest.raises(Forbidden):
        world.admitted(caller=limited)
