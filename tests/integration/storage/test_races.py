"""Many at once on a real database: exactly one wins, and nobody fails with the database's own errors."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from tests.support.databases import opened
from tests.support.patience import PATIENCE_S
from tests.support.world import SOURCE, World, function

from midcall.domain.errors import Conflict, NameTaken, QueueFull, StaleVersion
from midcall.domain.function import VersionId, VersionStatus
from midcall.domain.invocation import Outcome
from midcall.domain.rereview import Rereview
from midcall.domain.run_status import InvocationStatus
from midcall.domain.workspace import Scope
from midcall.service.functions.form import parse_function
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.sweep import REWAKE_AFTER_MS, SweepCounts
from midcall.storage.database import Storage

THREADS = 8
SUCCEEDED = Outcome(InvocationStatus.SUCCEEDED)

Value = TypeVar("Value")


def at_once(act: Callable[[int], Value], count: int = THREADS) -> list[Value]:
    """Do something in so many threads, as near to one moment as can be."""
    gate = threading.Barrier(count)

    def go(number: int) -> Value:
        gate.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(go, range(count)))


@pytest.fixture
def storages(database_url: str) -> Iterator[list[Storage]]:
    """Open the database twice, as two processes would."""
    with opened(database_url) as one, opened(database_url) as other:
        yield [Storage(one), Storage(other)]


def test_of_many_claims_exactly_one_wins(world: World, storages: list[Storage]) -> None:
    """Whoever wins has attempt 1; the others do nothing."""
    world.published()
    for _ in range(5):
        admitted = world.admitted()

        def claim(number: int, wanted: str = admitted.id) -> bool:
            with storages[number % 2].write() as tx:
                return tx.invocations.claim(wanted, owner=f"w{number}", now=1, lease_until=2)

        assert at_once(claim).count(True) == 1
        assert world.read(admitted.id).attempt == 1


def test_of_many_workers_exactly_one_runs_the_code(world: World) -> None:
    """The same through the use case: one run, one announcement."""
    world.published()
    admitted = world.admitted()
    at_once(lambda number: world.executor(f"w{number}").execute(admitted.id))
    assert len(world.sandbox.requests) == 1
    assert world.queue.announced == [admitted.id]


def test_of_many_records_exactly_one_stays(world: World) -> None:
    """An outcome is recorded once, and never by a stale attempt."""
    world.published()
    admitted = world.admitted()
    with world.storage.write() as tx:
        tx.invocations.claim(admitted.id, owner="w", now=1, lease_until=2)

    def record(number: int) -> bool:
        outcome = replace(SUCCEEDED, result=number)
        with world.storage.write() as tx:
            return tx.invocations.record(admitted.id, attempt=number % 2, outcome=outcome, report=None, ended_at=3)

    recorded = at_once(record)
    assert recorded.count(True) == 1
    found = world.read(admitted.id)
    assert found.outcome is not None
    assert recorded[found.outcome.result]
    assert found.outcome.result % 2 == 1


def test_of_recording_and_closing_exactly_one_happens(world: World) -> None:
    """A worker that ends just when its lease does, and the sweep."""
    world.published()
    for _ in range(5):
        admitted = world.admitted()
        with world.storage.write() as tx:
            tx.invocations.claim(admitted.id, owner="w", now=1, lease_until=2)

        def end(number: int, wanted: str = admitted.id) -> bool:
            with world.storage.write() as tx:
                if number % 2:
                    return tx.invocations.record(wanted, attempt=1, outcome=SUCCEEDED, report=None, ended_at=3)
                lost = Outcome(InvocationStatus.FAILED)
                return tx.invocations.close_lost(wanted, attempt=1, outcome=lost, ended_at=3)

        assert at_once(end).count(True) == 1


def total(swept: list[SweepCounts]) -> SweepCounts:
    """Add up what several sweeps did."""
    names = ("woken", "overdue", "requeued", "lost")
    return SweepCounts(*(sum(getattr(one, name) for one in swept) for name in names))


def test_of_many_sweeps_exactly_one_acts_on_each(world: World) -> None:
    """Every rule: to be woken, overdue, to be queued again, lost."""
    world.published("short", timeout=3)
    world.published("long", timeout=600)
    world.published("tried_again", timeout=600, retries=3)
    for _ in range(5):
        world.admitted("short")
        world.admitted("long")
        for name in ("long", "tried_again"):
            admitted = world.admitted(name)
            with world.storage.write() as tx:
                now = world.clock.now
                tx.invocations.claim(admitted.id, owner="w", now=now, lease_until=now + LEASE_MS)
    world.queue.enqueued.clear()
    world.clock.advance(max(LEASE_MS, REWAKE_AFTER_MS) + 1)
    assert total(at_once(lambda _: world.sweep.sweep())) == SweepCounts(woken=5, overdue=5, requeued=5, lost=5)
    assert len(world.queue.enqueued) == len(set(world.queue.enqueued)) == 10
    assert len(world.queue.announced) == len(set(world.queue.announced)) == 10


def test_versions_made_at_once_have_numbers_of_their_own(world: World) -> None:
    """None is lost, none is overwritten, none fails."""
    world.draft()

    def add(number: int) -> int:
        patch = {"timeout": number + 1}
        view = world.catalog.add_version(world.caller, "lookup", patch, base=1, if_match=None)
        assert view.version.stored["timeout"] == number + 1
        return view.version.number

    assert sorted(at_once(add)) == list(range(2, 2 + THREADS))
    assert world.catalog.get(world.caller, "lookup").function.latest == 1 + THREADS


def test_of_many_changes_with_the_same_precondition_exactly_one_is_stored(world: World) -> None:
    """The others are told to read again."""
    world.draft()

    def add(number: int) -> bool:
        try:
            world.catalog.add_version(world.caller, "lookup", {"timeout": number + 1}, base=None, if_match=1)
        except StaleVersion:
            return False
        return True

    assert at_once(add).count(True) == 1
    assert world.catalog.get(world.caller, "lookup").function.latest == 2


def test_of_many_creations_of_one_name_exactly_one_is_stored(world: World) -> None:
    """The others learn that the name is taken."""

    def create(_: int) -> bool:
        try:
            world.catalog.create(world.caller, parse_function(function()))
        except NameTaken:
            return False
        return True

    assert at_once(create).count(True) == 1


def test_of_many_workspaces_of_one_name_exactly_one_is_made(world: World) -> None:
    """The others learn that the name is taken, in midcall's own words."""

    def create(_: int) -> bool:
        try:
            world.workspaces.create("same", principal="a")
        except Conflict:
            return False
        return True

    assert at_once(create).count(True) == 1


def test_publishing_at_once_leaves_one_of_them_published(world: World) -> None:
    """The first publication in an environment included."""
    world.approved()
    for number in range(2, THREADS + 1):
        world.catalog.add_version(world.caller, "lookup", {"timeout": number}, base=None, if_match=None)
        world.reviews.submit(world.caller, "lookup", number)
    at_once(lambda number: world.catalog.publish(world.caller, "lookup", number + 1, "production"))
    assert world.catalog.get(world.caller, "lookup").function.published["production"] in range(1, THREADS + 1)


def test_of_approving_and_rejecting_exactly_one_happens(world: World) -> None:
    """A decision is made once."""
    world.workspaces.change(world.caller, {"approval": "human"})
    world.draft()
    world.reviews.submit(world.caller, "lookup", 1)
    judge = world.colleague("judge", Scope.REVIEW)

    def decide(number: int) -> str | None:
        act = world.reviews.approve if number % 2 else world.reviews.reject
        try:
            return str(act(judge, "lookup", 1, "")["status"])
        except Conflict:
            return None

    made = [status for status in at_once(decide) if status]
    assert made == [world.catalog.get(world.caller, "lookup").version.status.value]


def test_of_many_processes_exactly_one_reviews_a_version_again(world: World, storages: list[Storage]) -> None:
    """Each version is taken once, reviewed once and told of once, however many look for work at once."""
    world.reviewer.policy = "older"
    names = [f"f{number}" for number in range(6)]
    for name in names:
        world.approved(name, code={"source": f"{SOURCE}# {name}\n"})
    processes = [world.rereviewer() for _ in range(THREADS)]
    for number, process in enumerate(processes):
        process.storage = storages[number % 2]
    looked = at_once(lambda number: processes[number].sweep())
    assert sum(looked) == len(names)
    assert sorted(subject.source[-3:-1] for subject in world.background.subjects) == names
    assert sorted(line.function or "" for line in world.told("version.rereview")) == names


def test_a_version_to_be_reviewed_again_is_taken_by_one_and_recorded_by_whoever_holds_it(
    world: World, storages: list[Storage]
) -> None:
    """Free, taken, taken over when its time is over, done for good: each step by exactly one."""
    version = VersionId(world.approved().function.id, 1)
    passed = Rereview("later", VersionStatus.APPROVED, (), reviewed_at=9)

    def take(number: int, now: int) -> int | None:
        with storages[number % 2].write() as tx:
            return tx.rereviews.take(version, "later", now=now, until=now + 10)

    def record(number: int) -> bool:
        with storages[number % 2].write() as tx:
            return tx.rereviews.record(version, passed, attempt=number % 2 + 2)

    assert sorted(at_once(lambda number: take(number, 0)), key=str) == [1] + [None] * (THREADS - 1)
    assert at_once(lambda number: take(number, 10)) == [None] * THREADS
    assert sorted(at_once(lambda number: take(number, 11)), key=str) == [2] + [None] * (THREADS - 1)
    with storages[0].write() as tx:
        tx.rereviews.postpone(version, "later", attempt=1, until=99)
        assert tx.rereviews.find(version, "later") is None
    assert take(0, 22) == 3
    recorded = at_once(record)
    assert [recorded.count(True), recorded[0::2].count(True)] == [1, 0]
    assert take(0, 1_000) is None
    with storages[0].read() as tx:
        assert tx.rereviews.find(version, "later") == passed
        assert tx.rereviews.statuses_of([version], "later") == {version.function_id: {1: VersionStatus.APPROVED}}
        assert tx.rereviews.outdated("later", now=0, limit=9) == []


def test_settings_changed_at_once_are_all_kept(world: World) -> None:
    """Each change is of what it names: none overwrites another's."""
    changes: list[dict[str, Any]] = [{"enforce_current_policy": True}, {"max_in_flight": 7}]
    at_once(lambda number: world.workspaces.change(world.caller, changes[number % 2]))
    settings = world.workspaces.get(world.caller).settings
    assert (settings.enforce_current_policy, settings.max_in_flight) == (True, 7)


def test_calls_admitted_at_once_stay_about_within_the_limit(world: World) -> None:
    """Counting and adding are two statements: a few too many may slip in, never all of them when it is full."""
    world.published()
    world.workspaces.change(world.caller, {"max_in_flight": 4})

    def admit(_: int) -> bool:
        try:
            world.admitted()
        except QueueFull:
            return False
        return True

    assert 4 <= at_once(admit).count(True) <= THREADS
    with pytest.raises(QueueFull):
        world.admitted()


def test_readers_are_not_held_up_by_a_writer(world: World) -> None:
    """A listing answers while a transaction that writes is open."""
    world.published()
    with world.storage.write() as tx:
        tx.functions.get(world.caller.workspace_id, "lookup", lock=True)
        with ThreadPoolExecutor(1) as reader:
            assert reader.submit(world.catalog.get, world.caller, "lookup").result(timeout=PATIENCE_S)


def test_a_transaction_that_fails_leaves_nothing(world: World) -> None:
    """All of it or none."""
    view = world.draft()

    def fail() -> None:
        with world.storage.write() as tx:
            tx.functions.archive(view.function.id, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert world.catalog.get(world.caller, "lookup")
