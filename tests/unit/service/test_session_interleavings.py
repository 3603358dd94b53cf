"""Sessions under every interleaving of calls, workers, crashes, lost wakes, clocks and sweeps that can be found.

The storage is real; worker, queue and clock are moved by hand. The model is sequential: what was recorded, in the order
in which it was recorded.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.claims import claim_as
from tests.support.databases import Sqlite, opened
from tests.support.fakes import Clock
from tests.support.world import World

from midcall.domain.errors import NotFound, QueueFull, SandboxBusy, SessionOver
from midcall.domain.events import EventName
from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.session import Session, SessionStatus
from midcall.domain.variables import CURRENT_TIME, values
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.submit import MAX_OPEN_CALLS

SESSIONS = ("s1", "s2")
PHASES = {
    "pre": Phase.PRE_SESSION,
    "live": Phase.DURING_SESSION,
    "again": Phase.DURING_SESSION,
    "background": Phase.DURING_SESSION,
    "first": Phase.POST_SESSION,
    "second": Phase.POST_SESSION,
}
IDLE_S = 60
EXAMPLES, STEPS = 40, 35


def prepare(world: World) -> None:
    """Publish the functions, and attach them to one agent."""
    options: dict[str, dict[str, Any]] = {"again": {"retries": 1}, "background": {"background": True}}
    for name in PHASES:
        world.published(name, timeout=10, **options.get(name, {}))
    world.agent(*PHASES.items())
    world.workspaces.change(world.caller, {"session_idle_s": IDLE_S, "post_session_wait_s": 20})


@dataclass(frozen=True)
class Seen:
    """A session, with its invocations whole."""

    session: Session
    invocations: Sequence[Invocation]


class Interleavings(RuleBasedStateMachine):
    """Two sessions of one agent, two workers' worth of claims at any time."""

    def __init__(self, template: Path, number: Iterator[int]) -> None:
        super().__init__()
        self._open = ExitStack()
        self.file = template.with_name(f"machine{next(number)}.db")
        shutil.copy(template, self.file)
        self.world = World.again(self._open.enter_context(opened(f"sqlite:///{self.file}")), Clock())
        #: What workers hold: claimed, and not yet recorded.
        self.held: list[Invocation] = []
        #: Calls that were accepted, by session; keys that were used, with the call that came of each.
        self.accepted: dict[str, set[str]] = {name: set() for name in SESSIONS}
        self.keys: dict[tuple[str, str], str] = {}
        #: The model: a session's variables, and every outcome that was ever seen recorded.
        self.variables: dict[str, dict[str, Any]] = {name: {} for name in SESSIONS}
        self.outcomes: dict[str, tuple[InvocationStatus, Outcome | None, int | None]] = {}
        self.serial = 0

    # What a runtime does ------------------------------------------------------------------------------------------

    @initialize(begun=st.sampled_from([True, True, False]))
    def begin(self, begun: bool) -> None:  # noqa: FBT001
        """Have a session whose agent has started, most interleavings being about those."""
        if begun:
            self.world.started("s1")
            self.work()

    @rule(name=st.sampled_from(SESSIONS))
    def start(self, name: str) -> None:
        """Start a session, or the same one again."""
        self.world.started(name)

    @rule(
        name=st.sampled_from(SESSIONS),
        function=st.sampled_from(["live", "again", "background"]),
        key=st.none() | st.sampled_from(["k1", "k2"]),
    )
    def call(self, name: str, function: str, key: str | None) -> None:
        """Call a function, now and then with a key that came before."""
        if not self.exists(name):
            return
        self.make_call(name, function, key)

    @rule(functions=st.lists(st.sampled_from(["live", "again", "background"]), min_size=1, max_size=3))
    def calls_that_are_taken(self, functions: list[str]) -> None:
        """Call functions side by side, and have workers claim them at once."""
        for function in functions:
            call = self.make_call("s1", function, None) if self.exists("s1") else None
            claimed = claim_as(self.world.executor(), call.id) if call else None
            if claimed is not None:
                self.held.append(claimed)

    def make_call(self, name: str, function: str, key: str | None) -> Invocation | None:
        """Call a function; None if the session is over, has not begun, or has as many calls open as it may."""
        key = key and f"{key}-{function}"
        try:
            call = self.world.called(function, name, idempotency_key=key)
        except SessionOver:
            session = self.world.session(name)
            assert session.status is not SessionStatus.ACTIVE or not session.pre_done
            assert (name, key) not in self.keys
            return None
        except QueueFull:
            assert sum(not run.final for run in self.world.runs(name)) >= MAX_OPEN_CALLS
            assert (name, key) not in self.keys
            return None
        if key is not None:
            assert self.keys.setdefault((name, key), call.id) == call.id
        self.accepted[name].add(call.id)
        return call

    @rule(
        name=st.sampled_from(SESSIONS),
        late=st.sampled_from([{}, {"analysis": {"n": 1}}]),
        now=st.sampled_from([False, False, True]),
    )
    def end(self, name: str, late: dict[str, Any], now: bool) -> None:  # noqa: FBT001
        """End a session, or add to its end; seldom, so that there is something to end."""
        if now and self.exists(name):
            assert self.world.sessions.end(self.world.caller, name, late).session.status is SessionStatus.ENDED

    # What workers do ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.queue.enqueued)
    @rule(data=st.data(), lost=st.integers(0, 3))
    def wake(self, data: st.DataObject, lost: int) -> None:
        """Have a worker claim what it was woken for; one wake in four is lost."""
        waiting = self.world.queue.enqueued
        woken = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
        if lost:
            claimed = claim_as(self.world.executor(), woken)
            if claimed is not None:
                self.held.append(claimed)

    @rule()
    def work(self) -> None:
        """Have a worker do all that it was woken for, and does not have to wait for."""
        while self.world.queue.enqueued:
            claimed = claim_as(self.world.executor(), self.world.queue.enqueued.pop(0))
            if claimed is not None:
                self.record(claimed, succeeds=True, takes_ms=0)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), succeeds=st.booleans(), takes_ms=st.sampled_from([0, 0, 100, 12_000]))
    def finish(self, data: st.DataObject, succeeds: bool, takes_ms: int) -> None:  # noqa: FBT001
        """Run what was claimed and record it: perhaps long after somebody else took it over."""
        claimed = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.record(claimed, succeeds=succeeds, takes_ms=takes_ms)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def find_no_sandbox(self, data: st.DataObject) -> None:
        """Have no sandbox for what was claimed: it fails, or is given back and comes again under the same number."""
        claimed = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.record(claimed, succeeds=False, takes_ms=0, sandbox=False)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """Lose a worker in the middle of a run."""
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @precondition(lambda self: self.held)
    @rule(late=st.booleans())
    def others_take_over(self, late: bool) -> None:  # noqa: FBT001
        """Let leases lapse and other workers claim what was lost; those that held it come back, perhaps right then."""
        before = list(self.held)
        self.world.clock.advance(LEASE_MS + 1)
        self.sweep()
        while self.world.queue.enqueued:
            claimed = claim_as(self.world.executor(), self.world.queue.enqueued.pop(0))
            if claimed is not None:
                self.held.append(claimed)
        if late:
            for claimed in before:
                self.held.remove(claimed)
                self.record(claimed, succeeds=True, takes_ms=0)

    # What happens to all ------------------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([1, 100, 1_500, 2_500, 2_500, LEASE_MS + 1, LEASE_MS + 1, 11_000, IDLE_S * 1000 + 1]))
    def time_passes(self, ms: int) -> None:
        """Let leases lapse, deadlines pass, sessions be forgotten; whoever still works keeps its lease or not."""
        self.world.clock.advance(ms)

    @rule()
    def sweep(self) -> None:
        """Sweep in two processes at once."""
        acts: list[Callable[[], Any]] = [self.world.sweep.sweep, self.world.session_sweep.sweep] * 2
        with ThreadPoolExecutor(len(acts)) as threads:
            for done in [threads.submit(act) for act in acts]:
                done.result()
        for view in self.views().values():
            self.outcomes_never_change(view.invocations)

    @rule(away=st.sampled_from([False, False, True]))
    def redis_goes_or_comes(self, away: bool) -> None:  # noqa: FBT001
        """Let the queue take nothing for a while."""
        self.world.queue.away = away

    # What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        """Hold what stands in the database against the model; read once, since this comes after every step."""
        for name, view in self.views().items():
            self.outcomes_never_change(view.invocations)
            self.variables_are_the_models(name, view.session)
            self.accepted_calls_are_there(name, view.invocations)

    def outcomes_never_change(self, runs: Sequence[Invocation]) -> None:
        """Hold each outcome to what it was when it was recorded."""
        for run in runs:
            seen = (run.status, run.outcome, run.ended_at)
            if run.final:
                assert self.outcomes.setdefault(run.id, seen) == seen
            else:
                assert run.id not in self.outcomes

    def variables_are_the_models(self, name: str, session: Session) -> None:
        """No update is lost, none is made of what was discarded."""
        found = values(session.variables)
        assert {key: value for key, value in found.items() if key != CURRENT_TIME} == self.variables[name]

    def accepted_calls_are_there(self, name: str, runs: Sequence[Invocation]) -> None:
        """None is lost, and each has one row."""
        assert {run.id for run in runs if run.phase is Phase.DURING_SESSION} == self.accepted[name]

    def teardown(self) -> None:
        """Let everything come to its end, with nobody in the way: nothing is stuck, all is told once."""
        try:
            self.come_to_an_end()
            self.all_is_as_the_model_has_it()
            for name, view in self.views().items():
                self.check_the_end(name, view)
        finally:
            self._open.close()
            self.file.unlink()

    def come_to_an_end(self) -> None:
        """Drop what workers hold, then sweep and run until nothing moves any more."""
        self.held.clear()
        self.world.queue.away = False
        for _ in range(40):
            self.world.clock.advance(IDLE_S * 1000 + 1)
            self.sweep()
            self.work()
            views = self.views().values()
            if all(view.session.post_started for view in views) and not any(
                not run.status.final for view in views for run in view.invocations
            ):
                return
        pytest.fail("something is stuck")

    def check_the_end(self, name: str, view: Seen) -> None:
        """Each post-session function has exactly one row and one outcome; each outcome was told exactly once."""
        session, runs = view.session, view.invocations
        assert session.status is SessionStatus.ENDED
        post = [run.function for run in runs if run.phase is Phase.POST_SESSION]
        assert post == ["first", "second"]
        assert all(run.final and run.outcome is not None for run in runs)
        events, over = self.world.sessions.events_after(session.id, 0, 10_000)
        assert over
        told = [event.data["invocation_id"] for event in events if event.name is EventName.COMPLETED]
        assert sorted(told) == sorted(run.id for run in runs)
        began = [event.data["invocation_id"] for event in events if event.name is EventName.STARTED]
        assert sorted(began) == sorted(run.id for run in runs)
        assert [event.data["status"] for event in events if event.name is EventName.SESSION] == ["active", "ended"]
        last_word = {event.data["name"]: event.data["value"] for event in events if event.name is EventName.VARIABLE}
        assert last_word == self.variables[name]

    # Parts --------------------------------------------------------------------------------------------------------

    def views(self) -> dict[str, Seen]:
        """Read the sessions that exist, with their invocations."""
        found: dict[str, Seen] = {}
        for name in SESSIONS:
            with suppress(NotFound):
                found[name] = Seen(self.world.session(name), self.world.runs(name))
        return found

    def exists(self, name: str) -> bool:
        """Tell whether a session was started."""
        with self.world.storage.read() as tx:
            return tx.sessions.find(self.world.caller.workspace_id, name) is not None

    def record(self, claimed: Invocation, *, succeeds: bool, takes_ms: int, sandbox: bool = True) -> None:
        """Carry a claimed invocation out and settle it, as a worker does."""
        self.serial += 1
        set_now = {f"by_{claimed.function}": self.serial, "last": self.serial}
        world = self.world

        def behave(_: Any) -> RunReport:
            world.clock.advance(takes_ms)
            if not sandbox:
                raise SandboxBusy
            return RunReport(RunStatus.OK, {"dynamicVariables": set_now}) if succeeds else RunReport(RunStatus.CRASHED)

        world.sandbox.behave = behave
        ended = world.executor()._carry_out(claimed)
        before = world.read(claimed.id)
        kept = world.executor()._recorded(claimed, ended)
        fenced = before.status is InvocationStatus.RUNNING and before.attempt == claimed.attempt
        assert kept == fenced
        if kept and ended.outcome.status is InvocationStatus.SUCCEEDED:
            assert claimed.session_id is not None
            self.variables[claimed.session_id] |= set_now


def test_no_interleaving_loses_repeats_or_strands_anything(sqlite: Sqlite) -> None:
    """Nothing accepted is lost, no outcome is recorded or told twice, variables are those of a sequential run."""
    with sqlite.migrated() as url:
        with opened(url) as engine:
            prepare(World(engine))
        template = Path(url.removeprefix("sqlite:///"))
        numbers = iter(range(10_000))
        run_state_machine_as_test(
            lambda: Interleavings(template, numbers),  # type: ignore[arg-type]  # any factory will do
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
