"""Many at once on sessions: one start, one end, one outcome; no deadlock, whoever locks what in which order."""

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.integration.storage.test_races import THREADS, at_once
from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S
from tests.support.world import World

from midcall.domain.errors import MidcallError, NotFound
from midcall.domain.phases import Phase
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.progress import Progress
from midcall.service.sessions.sweep import DAY_MS
from midcall.storage.sessions import SessionMark

PRE, DURING, POST = Phase.PRE_SESSION, Phase.DURING_SESSION, Phase.POST_SESSION


def test_of_many_starts_one_makes_the_session(world: World) -> None:
    """And its first function is queued once."""
    world.published("pre")
    world.agent(("pre", PRE))
    assert len({session.id for session in at_once(lambda _: world.started())}) == 1
    assert len(world.runs()) == 1
    assert world.queue.enqueued == [world.runs()[0].id]


def test_of_many_calls_with_one_key_one_is_made(world: World) -> None:
    """All are told the same invocation."""
    world.published("a")
    world.agent(("a", DURING))
    world.started()
    assert len({call.id for call in at_once(lambda _: world.called("a", idempotency_key="k"))}) == 1
    assert len(world.runs()) == 1


def test_of_many_ends_and_sweeps_one_starts_the_post_session_phase(world: World) -> None:
    """Whoever comes first."""
    world.published("post")
    world.agent(("post", POST))
    session = world.started()
    world.clock.advance(24 * 3600 * 1000)
    acts: list[Callable[[], Any]] = [
        lambda: world.sessions.end(world.caller, "s1", {"analysis": {}}),
        lambda: world.sessions.end_forgotten(SessionMark(session.id, session.updated_at), "idle"),
        world.session_sweep.sweep,
    ]
    at_once(lambda number: acts[number % 3]())
    assert [run.function for run in world.runs()] == ["post"]
    assert [name for name, _ in world.events(session)].count("session") == 2


def test_outcomes_recorded_at_once_are_all_merged(world: World) -> None:
    """Eight runs of one session end together."""
    world.published("a")
    world.agent(("a", DURING))
    world.started()
    calls = [world.called("a") for _ in range(THREADS)]

    def setting(request: RunRequest) -> RunReport:
        return replace(echo(request), result={"dynamicVariables": {request.run_id: 1}})

    world.sandbox.behave = setting
    at_once(lambda number: world.executor(f"w{number}").execute(calls[number].id))
    assert len(world.session().variables) == 1 + THREADS
    ids = [event.id for event in world.sessions.events_after(world.session().id, 0, 1_000)[0]]
    assert len(set(ids)) == THREADS * 3 + 1


def test_publishing_and_calling_at_once_wait_for_each_other_at_most(world: World) -> None:
    """A call locks its workspace and refers to its function; publishing locks that, and is noted in the workspace."""
    world.published("a")
    world.agent(("a", DURING))
    for number in range(THREADS):
        world.started(f"s{number}")

    def act(number: int) -> None:
        for _ in range(12):
            if number % 2:
                world.catalog.publish(world.caller, "a", 1, "production")
            else:
                world.called("a", f"s{number}")
                world.admitted("a")

    began = time.monotonic()
    at_once(act)
    assert time.monotonic() - began < PATIENCE_S


def test_whatever_happens_to_sessions_at_once_fails_with_words_of_our_own_alone(world: World) -> None:  # noqa: C901
    """Starts, calls, workers, progress, ends, sweeps, deletes, replays and listings, all over three sessions."""
    for name in ("pre", "a", "bg", "post"):
        world.published(name, background=name == "bg")
    world.agent(("pre", PRE), ("a", DURING), ("bg", DURING), ("post", POST))
    world.workspaces.change(world.caller, {"retention_days": 1})
    progress = Progress(storage=world.storage, queue=world.queue, clock=world.clock)

    def reporting(request: RunRequest) -> RunReport:
        progress.report(request.run_id, "half way")
        return replace(echo(request), result={"dynamicVariables": {"a": 1}})

    world.sandbox.behave = reporting

    def work(chance: random.Random) -> None:
        if world.queue.enqueued:
            world.executor().execute(chance.choice(world.queue.enqueued))

    def delete_old(chance: random.Random) -> None:
        with world.storage.read() as tx:
            found = tx.sessions.find(world.caller.workspace_id, chance.choice(names))
        if found is not None:
            world.session_sweep._delete(SessionMark(found.id, found.updated_at))

    def replay(chance: random.Random) -> None:
        world.invocations.replay(world.caller, chance.choice(world.queue.enqueued))

    names = ["s1", "s2", "s3"]
    acts: list[Callable[[random.Random], Any]] = [
        *[lambda chance: world.started(chance.choice(names))] * 2,
        *[lambda chance: world.called(chance.choice(["a", "bg"]), chance.choice(names))] * 4,
        *[work] * 8,
        lambda chance: world.sessions.end(world.caller, chance.choice(names), {"analysis": {}}),
        lambda chance: world.sessions.change(
            world.caller, chance.choice(names), transcript=["x"], contact={}, variables={"b": 1}
        ),
        lambda _: world.sweep.sweep(),
        lambda _: world.session_sweep.sweep(),
        lambda chance: world.sessions.delete(world.caller, chance.choice(names)),
        delete_old,
        replay,
        lambda chance: world.clock.advance(chance.choice([1, 3_000, 6_000])),
        lambda chance: world.sessions.view(world.caller, chance.choice(names)),
        lambda _: world.agent(("pre", PRE), ("a", DURING), ("bg", DURING), ("post", POST)),
    ]
    world.queue.enqueued.append("inv_none")

    def act(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        for _ in range(60):
            try:
                chance.choice(acts)(chance)
            except MidcallError:  # what a runtime is told: not there, over, conflict
                continue

    at_once(act)
    for name in names:
        settle_down(world, name)


def settle_down(world: World, name: str) -> None:
    """Let a session come to its end: nothing of it is stuck."""
    try:
        world.sessions.end(world.caller, name, {"analysis": {}})
    except NotFound:
        return
    for _ in range(20):
        world.clock.advance(70_000)
        world.sweep.sweep()
        world.session_sweep.sweep()
        runs = world.run_all(name)
        if all(run.final for run in runs):
            break
    assert all(run.final for run in world.runs(name))
    assert [run.status for run in world.runs(name) if run.phase is POST] == [InvocationStatus.SUCCEEDED]


def test_recording_and_deleting_at_once_leave_nothing_behind(world: World) -> None:
    """The outcome is recorded or discarded; the session is gone either way, and nobody waits for the other for ever."""
    world.published("a")
    world.agent(("a", DURING))
    world.workspaces.change(world.caller, {"retention_days": 1})
    for number in range(10):
        name = f"s{number}"
        world.started(name)
        calls = [world.called("a", name) for _ in range(4)]
        world.sessions.end(world.caller, name, {"analysis": {}})
        world.clock.advance(DAY_MS + 1)

        def act(place: int, calls: Any = calls, name: str = name) -> None:
            if place < 4:
                world.executor(f"w{place}").execute(calls[place].id)
            elif place < 6:
                world.session_sweep.sweep()
            else:
                with contextlib.suppress(NotFound):
                    world.sessions.delete(world.caller, name)

        at_once(act)
        with world.storage.read() as tx:
            assert tx.sessions.find(world.caller.workspace_id, name) is None
            assert all(tx.invocations.find(call.id) is None for call in calls)


def test_a_reader_sees_one_moment(world: World) -> None:
    """A run that is seen to have succeeded has its variables in the session that is seen beside it."""
    world.published("a")
    world.agent(("a", DURING))
    world.started()
    call = world.called("a")
    world.sandbox.behave = lambda request: replace(echo(request), result={"dynamicVariables": {"a": 1}})
    with world.storage.read() as tx:
        before = tx.sessions.get(world.caller.workspace_id, "s1")
        world.executor().execute(call.id)
        runs = tx.invocations.of_session(before.id, limit=9)
    assert [run.line.status for run in runs] == [InvocationStatus.QUEUED]
    assert world.session().variables["a"].value == 1
