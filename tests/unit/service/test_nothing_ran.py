"""A run without a sandbox was not made: who waits is told so in time, what nobody waits for is made later."""

from collections.abc import Callable

import pytest
from tests.support.claims import claim_as
from tests.support.fakes import echo
from tests.support.world import World

from midcall.domain.errors import MidcallError, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.claimed_run import SANDBOX_PATIENCE_MS
from midcall.service.runs.finish import LOST_ATTEMPTS
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.phases import BACKGROUND_PATIENCE_MS, LONGEST_WAIT_MS
from midcall.service.runs.run_code import POOL_PATIENCE_MS

QUEUED, SUCCEEDED, FAILED = InvocationStatus.QUEUED, InvocationStatus.SUCCEEDED, InvocationStatus.FAILED
TIMED_OUT, DEAD = InvocationStatus.TIMED_OUT, InvocationStatus.DEAD
FAILS = RunReport(RunStatus.ERROR, error=RunError("ValueError", "no"))

#: Makes an invocation that nobody waits for.
Beginning = Callable[[World], Invocation]

NOTHING_RAN = pytest.mark.parametrize("reason", [SandboxUnavailable(), SandboxBusy()], ids=lambda error: error.code)
MINUTE_MS = 60_000


def away(world: World, reason: MidcallError) -> Callable[[], None]:
    """Have no sandbox for anybody; returns what ends it."""
    ended: list[bool] = []

    def behave(request: RunRequest) -> RunReport:
        if not ended:
            raise reason
        return echo(request)

    world.sandbox.behave = behave
    return lambda: ended.append(True)


def script(world: World, *steps: RunReport | Exception) -> None:
    """Have the sandbox answer with these, one after the other, then as usual."""
    left = list(steps)

    def behave(request: RunRequest) -> RunReport:
        step = left.pop(0) if left else echo(request)
        if isinstance(step, Exception):
            raise step
        return step

    world.sandbox.behave = behave


def kind(invocation: Invocation) -> str | None:
    """Return the word for why an invocation did not succeed."""
    return invocation.outcome.error.type if invocation.outcome and invocation.outcome.error else None


def post_session(world: World) -> Invocation:
    """End a session that has a post-session function."""
    world.published()
    world.agent(("lookup", Phase.POST_SESSION))
    world.started()
    world.sessions.end(world.caller, "s1", {"analysis": {"mood": "good"}})
    return world.runs()[0]


def background(world: World) -> Invocation:
    """Call a function that runs in the background, and is not tried again."""
    world.published(background=True, timeout=5)
    world.agent(("lookup", Phase.DURING_SESSION))
    world.started()
    return world.called("lookup")


BEGINNINGS = pytest.mark.parametrize("begin", [post_session, background])


def swept_for(world: World, invocation: Invocation, ms: int) -> Invocation:
    """Let time pass: sweep once a second, and have a worker take whatever is woken."""
    executor = world.executor()
    for _ in range(0, ms, 1_000):
        world.clock.advance(1_000)
        known = len(world.queue.enqueued)
        world.sweep.sweep()
        for woken in world.queue.enqueued[known:]:
            executor.execute(woken)
    return world.read(invocation.id)


# Nobody waits ---------------------------------------------------------------------------------------------------------


@NOTHING_RAN
@BEGINNINGS
def test_what_nobody_waits_for_outlasts_three_minutes_without_a_sandbox(
    world: World, begin: Beginning, reason: MidcallError
) -> None:
    """An Engine that is started again loses none of it: it is made once, as its first attempt."""
    back = away(world, reason)
    begun = begin(world)
    world.executor().execute(begun.id)
    waiting = swept_for(world, begun, 3 * MINUTE_MS)
    assert (waiting.status, waiting.attempt, waiting.owner, waiting.started_at) == (QUEUED, 0, None, None)
    assert kind(waiting) == reason.code
    back()
    known = len(world.sandbox.requests)
    done = swept_for(world, begun, LONGEST_WAIT_MS + 2_000)
    assert (done.status, done.attempt, len(world.sandbox.requests) - known) == (SUCCEEDED, 1, 1)


@NOTHING_RAN
@BEGINNINGS
def test_a_worker_is_not_lost_to_what_cannot_be_run(world: World, begin: Beginning, reason: MidcallError) -> None:
    """It asks once, and the row waits: it is due soon, then in longer pauses, and no event or wake tells of it."""
    away(world, reason)
    begun = begin(world)
    world.clock.advance(200)
    before, announced = world.clock.now, list(world.queue.announced)
    world.executor().execute(begun.id)
    first = world.read(begun.id)
    assert world.clock.now == before
    assert len(world.sandbox.requests) == 1
    assert first.due_at is not None
    assert 0 < first.due_at - before <= 1_000
    assert world.queue.announced == announced
    swept_for(world, begun, 2 * MINUTE_MS)
    asked = len(world.sandbox.requests)
    assert asked <= 12 + 2 * MINUTE_MS // (LONGEST_WAIT_MS // 2)
    swept_for(world, begun, 4 * LONGEST_WAIT_MS)
    assert len(world.sandbox.requests) >= asked + 3


def test_code_that_nobody_waits_for_has_all_its_time_once_it_runs(world: World) -> None:
    """The pool holds it back for a while at most, which is not the code's; for others, waiting is part of it all."""
    begun = background(world)
    world.executor().execute(begun.id)
    world.published("live", timeout=5)
    world.executor().execute(world.admitted("live").id)
    nobody, somebody = world.sandbox.requests
    assert (nobody.deadline_ms, nobody.session["deadlineMs"], nobody.wait_ms) == (5_000, 5_000, SANDBOX_PATIENCE_MS)
    assert (somebody.deadline_ms, somebody.wait_ms) == (5_000, 0)


@NOTHING_RAN
def test_only_what_ran_counts_as_an_attempt(world: World, reason: MidcallError) -> None:
    """A failed run between two that were not made is the first attempt, and the next one the second."""
    begun = post_session(world)
    script(world, reason, FAILS, reason, reason)
    world.executor().execute(begun.id)
    done = swept_for(world, begun, 2 * MINUTE_MS)
    assert (done.status, done.attempt, len(world.sandbox.requests)) == (SUCCEEDED, 2, 5)


@NOTHING_RAN
def test_workers_that_are_lost_count_beside_what_was_not_run(world: World, reason: MidcallError) -> None:
    """A run that takes its worker down is begun LOST_ATTEMPTS times, however often there was no sandbox between."""
    begun = background(world)
    for lost in range(1, LOST_ATTEMPTS + 1):
        away(world, reason)
        swept_for(world, begun, MINUTE_MS)
        waiting = world.read(begun.id)
        assert (waiting.status, waiting.attempt) == (QUEUED, lost - 1)
        world.clock.advance(LONGEST_WAIT_MS)
        taken = claim_as(world.executor("lost"), begun.id)
        assert taken is not None
        assert taken.attempt == lost
        world.clock.advance(LEASE_MS + 1)
        swept = world.sweep.sweep()
        assert (swept.requeued, swept.lost) == ((1, 0) if lost < LOST_ATTEMPTS else (0, 1))
    assert (world.read(begun.id).status, kind(world.read(begun.id))) == (FAILED, "worker_lost")


def test_an_attempt_that_was_taken_over_is_not_given_back(world: World) -> None:
    """The fence is the attempt: a worker that comes back changes no row of another one's."""
    begun = background(world)
    stale = claim_as(world.executor("stale"), begun.id)
    assert stale is not None
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep().requeued == 1
    current = claim_as(world.executor("current"), begun.id)
    assert not world.finish.not_run(stale, Outcome(FAILED))
    assert world.read(begun.id) == current


@NOTHING_RAN
@BEGINNINGS
def test_a_sandbox_that_never_comes_ends_the_run_with_its_reason(
    world: World, begin: Beginning, reason: MidcallError
) -> None:
    """Where the deadline of a week leaves no time to wait again; a post-session run is parked and can be replayed."""
    away(world, reason)
    begun = begin(world)
    world.clock.advance(BACKGROUND_PATIENCE_MS - 100)
    world.executor().execute(begun.id)
    done = world.read(begun.id)
    failed = FAILED if isinstance(reason, SandboxUnavailable) else TIMED_OUT
    assert (done.status, kind(done)) == (DEAD if begin is post_session else failed, reason.code)
    assert done.ended_at == world.clock.now


@NOTHING_RAN
def test_the_next_post_session_function_waits_for_the_first_attempt_of_the_one_before(
    world: World, reason: MidcallError
) -> None:
    """In order: what was not made has not come to its end; then both are run."""
    for name in ("one", "two"):
        world.published(name)
    world.agent(("one", Phase.POST_SESSION), ("two", Phase.POST_SESSION))
    world.started()
    back = away(world, reason)
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    world.run_all()
    assert [run.function for run in world.runs()] == ["one"]
    back()
    world.clock.advance(LONGEST_WAIT_MS)
    assert [(run.function, run.status, run.attempt) for run in world.run_all()] == [
        ("one", SUCCEEDED, 1),
        ("two", SUCCEEDED, 1),
    ]


def test_a_background_run_whose_pool_was_lost_is_made_again_like_one_whose_worker_was(world: World) -> None:
    """What became of it is unknown, and nobody can ask for it again: LOST_ATTEMPTS in all."""
    begun = background(world)
    script(world, SandboxLost())
    world.executor().execute(begun.id)
    done = swept_for(world, begun, MINUTE_MS)
    assert (done.status, done.attempt) == (SUCCEEDED, 2)
    begun = world.called("lookup")
    away(world, SandboxLost())
    world.executor().execute(begun.id)
    done = swept_for(world, begun, 2 * MINUTE_MS)
    assert (done.status, done.attempt, kind(done)) == (FAILED, LOST_ATTEMPTS, "sandbox_lost")


# Somebody waits -------------------------------------------------------------------------------------------------------


def test_who_waits_hears_of_an_absent_pool_at_the_end_of_the_deadline(world: World) -> None:
    """Not that the function took too long: it was never run."""
    world.published(timeout=10)
    away(world, SandboxUnavailable())
    admitted, began = world.admitted(), world.clock.now
    world.executor().execute(admitted.id)
    done = world.read(admitted.id)
    assert (done.status, kind(done)) == (FAILED, "sandbox_unavailable")
    assert 9_000 <= world.clock.now - began <= 10_000
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert "nothing was run" in done.outcome.error.message


def test_who_waits_outlasts_the_boot_of_a_pool(world: World) -> None:
    """A boot may take 20 s; then the call is made, with what is left of its deadline."""
    world.published(timeout=60)
    admitted, began = world.admitted(), world.clock.now

    def behave(request: RunRequest) -> RunReport:
        if world.clock.now - began < POOL_PATIENCE_MS - 1_000:
            raise SandboxUnavailable
        return echo(request)

    world.sandbox.behave = behave
    world.executor().execute(admitted.id)
    assert POOL_PATIENCE_MS > 20_000
    assert world.read(admitted.id).status is SUCCEEDED
    assert world.sandbox.requests[-1].deadline_ms <= 60_000 - POOL_PATIENCE_MS + 1_000


@NOTHING_RAN
@pytest.mark.parametrize(("before", "told"), [(FAILS, "ValueError"), (SandboxLost(), "sandbox_lost")])
def test_nobody_is_told_that_nothing_was_run_after_an_attempt_that_was(
    world: World, reason: MidcallError, before: RunReport | Exception, told: str
) -> None:
    """What the attempt before came to is the outcome."""
    world.published(retries=1, timeout=10)
    script(world, before, *[reason] * 1_000)
    admitted = world.admitted()
    world.executor().execute(admitted.id)
    assert (world.read(admitted.id).status, kind(world.read(admitted.id))) == (FAILED, told)
