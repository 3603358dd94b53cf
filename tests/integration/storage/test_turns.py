"""Whose turn it is, over real databases: workspaces that share a group of workers, and claims made at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.claims import claim_as
from tests.support.world import World

from midcall.domain.errors import QueueFull
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.run_status import InvocationStatus
from midcall.service.access.access import Caller
from midcall.service.runs.turns import WEIGH_AGAIN_S, Turns, Weights

WORKERS = 6


@pytest.fixture
def others(world: World) -> list[Caller]:
    """Make three more workspaces; each has the function that the first has."""
    callers = [world.workspace(name) for name in ("second", "third", "fourth")]
    for caller in (world.caller, *callers):
        world.published(caller=caller)
    return callers


def claim(world: World, woken: Invocation, *, workers: int = WORKERS, group: str = "live") -> str | None:
    """Claim as a worker of a group does that was woken for an invocation; returns the workspace."""
    executor = world.executor(owner=f"{group}@here:1", turns=Turns(group, lambda: workers))
    claimed = claim_as(executor, woken.id)
    return claimed.workspace_id if claimed else None


def test_a_wake_of_one_workspace_runs_what_is_next_of_any(world: World, others: list[Caller]) -> None:
    """The greedy one holds half of the workers, and its wakes then serve the others; a share that is freed is used."""
    greedy = [world.admitted() for _ in range(8)]
    assert [claim(world, woken) for woken in greedy] == [world.caller.workspace_id] * 3 + [None] * 5
    modest = [world.admitted(caller=caller) for caller in others]
    assert [claim(world, greedy[4]) for _ in range(4)] == [*(each.workspace_id for each in modest), None]
    assert world.read(greedy[3].id).status is InvocationStatus.QUEUED
    # The second's run ends: there is room for the first again, but not while it holds as much as is free.
    assert claim(world, greedy[4], workers=WORKERS + 4) == world.caller.workspace_id


def test_the_oldest_of_a_workspace_is_run_first(world: World, others: list[Caller]) -> None:
    """Whichever the wake names."""
    older, newer = world.admitted(), world.admitted()
    assert claim(world, newer) == world.caller.workspace_id
    assert world.read(older.id).status is InvocationStatus.RUNNING
    assert world.read(newer.id).status is InvocationStatus.QUEUED
    assert others


def test_what_is_not_due_or_of_another_purpose_takes_no_turn(world: World, others: list[Caller]) -> None:
    """A wake is for its purpose alone: the worker that got it may listen to no other."""
    woken = world.admitted(caller=others[0])
    test = world.admitted(purpose=Purpose.TEST)
    late = world.admitted()
    with world.storage.write() as tx:
        assert tx.invocations.claim(late.id, owner="x", now=world.clock.now, lease_until=world.clock.now + 1)
        due_at = world.clock.now + 60_000
        assert tx.invocations.give_back(late.id, attempt=1, due_at=due_at, outcome=Outcome(InvocationStatus.FAILED))
    assert claim(world, woken) == others[0].workspace_id
    assert claim(world, woken) is None
    assert world.read(test.id).status is InvocationStatus.QUEUED


def test_a_workspace_that_counts_for_more_gets_more(world: World, others: list[Caller]) -> None:
    """The operator says so."""
    world.workspaces.allow("second", {"weight": 3})
    heavy = others[0]
    woken = [world.admitted(caller=caller) for _ in range(12) for caller in (world.caller, heavy)]
    claimed = Counter(claim(world, each, workers=10) for each in woken)
    assert (claimed[world.caller.workspace_id], claimed[heavy.workspace_id]) == (2, 6)


def test_what_a_workspace_counts_for_is_read_again_after_a_while(world: World) -> None:
    """And where it cannot be read, what was known of it holds: a call must not fail of it."""
    now = 100.0
    weights = Weights(world.storage, monotonic=lambda: now)
    name, workspace_id = "second", world.workspace("second").workspace_id
    assert weights(workspace_id) == 1
    world.workspaces.allow(name, {"weight": 3})
    assert weights(workspace_id) == 1
    now += WEIGH_AGAIN_S
    assert weights(workspace_id) == 3
    assert weights("ws_that_is_not_there") == 1


def test_groups_have_shares_of_their_own(world: World, others: list[Caller]) -> None:
    """What the live workers run of a workspace is not held against it elsewhere."""
    woken = [world.admitted() for _ in range(8)]
    assert [claim(world, each, workers=2) for each in woken[:2]] == [world.caller.workspace_id, None]
    assert claim(world, woken[2], workers=2, group="general") == world.caller.workspace_id
    assert others


def test_claims_made_at_once_give_nobody_more_than_its_share(world: World, others: list[Caller]) -> None:
    """Whoever chooses sees what the others chose."""
    woken = [world.admitted(caller=caller) for _ in range(6) for caller in (world.caller, *others)]
    with ThreadPoolExecutor(8) as workers:
        claimed = Counter(workers.map(lambda each: claim(world, each, workers=10), woken))
    assert claimed.pop(None) == len(woken) - 8
    assert set(claimed.values()) == {2}


def test_a_single_workspace_has_all_workers(world: World) -> None:
    """There is nobody to share with."""
    world.published()
    woken = [world.admitted() for _ in range(8)]
    assert [claim(world, each) for each in reversed(woken)] == [world.caller.workspace_id] * 8


def test_a_wake_that_names_nothing_is_for_nobody(world: World, others: list[Caller]) -> None:
    """Whoever writes to Redis can name any id."""
    admitted = world.admitted()
    executor = world.executor(turns=Turns("live", lambda: WORKERS))
    assert claim_as(executor, "inv_" + "0" * 32) is None
    assert world.read(admitted.id).status is InvocationStatus.QUEUED
    assert others


def test_one_workspace_cannot_take_all_places_in_the_queue(world: World, others: list[Caller]) -> None:
    """It is told so with a 429; the others are let in."""
    world.invocations = type(world.invocations)(
        storage=world.storage, queue=world.queue, clock=world.clock, max_queued=10, background_attempts=2
    )
    for _ in range(5):
        world.admitted()
    with pytest.raises(QueueFull, match="others need room too"):
        world.admitted()
    for caller in others:
        world.admitted(caller=caller)
