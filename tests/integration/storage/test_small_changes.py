"""A small change writes little, however large its session is: counted in bytes of the database's own log."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.support.claims import claim_as
from tests.support.world import World

from midcall.domain.phases import Phase
from midcall.domain.run import RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.sessions.sessions import MOST_ANSWERED

MEGABYTE = 1024 * 1024
#: What a small change may write: some pages of tables and indexes, each whole.
LITTLE = 128 * 1024


@cache
def noise(size: int) -> str:
    """Return text that no database makes smaller."""
    return random.Random(size).randbytes(size // 2).hex()  # noqa: S311 (nothing secret about it)


def written(engine: Engine, act: Callable[[], object]) -> int:
    """Return the bytes of log that an act writes, the least of some times: the database has work of its own."""
    if engine.dialect.name == "postgresql":
        return min(_postgres(engine, act) for _ in range(3))
    wal = Path(f"{engine.url.database}-wal")
    sizes = []
    for _ in range(3):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        act()
        sizes.append(wal.stat().st_size)
    return min(sizes)


def _postgres(engine: Engine, act: Callable[[], object]) -> int:
    def place() -> int:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").scalar_one()
            return int(found)

    before = place()
    act()
    return place() - before


def change(world: World, **changes: Any) -> Callable[[], object]:
    """Return the act of changing the session."""
    wanted: dict[str, Any] = {"transcript": [], "contact": {}, "variables": {}, **changes}
    return lambda: world.sessions.change(world.caller, "s1", **wanted)


@pytest.fixture
def large(world: World) -> World:
    """Make a session whose body has 19 MB, and its variables a quarter of one."""
    world.published("lookup")
    world.published("picky", parameters={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    world.agent(("lookup", Phase.DURING_SESSION), ("picky", Phase.DURING_SESSION))
    world.started(variables={"large": noise(240_000), **{f"v{number}": number for number in range(150)}})
    turn = {"role": "user", "content": noise(MEGABYTE - 100)}
    for _ in range(19):
        world.sessions.change(world.caller, "s1", transcript=[turn], contact={}, variables={})
    world.sandbox.behave = lambda _request: RunReport(RunStatus.OK, result={"dynamicVariables": {"small": 1}})
    return world


@pytest.mark.parametrize(
    "changes", [{"transcript": ["hello"]}, {"contact": {"name": "Ann"}}, {"variables": {"v1": 2}}], ids=str
)
def test_a_small_change_of_a_large_session_writes_little(large: World, engine: Engine, changes: dict[str, Any]) -> None:
    """It was 19 MB, in a transaction that all others waited for."""
    assert written(engine, change(large, **changes)) < LITTLE


def test_a_small_call_in_a_large_session_writes_little(large: World, engine: Engine) -> None:
    """Admission, claim and outcome, which tells all variables after it, are rows of their own."""

    def call() -> None:
        large.executor().execute(large.called("lookup", params={"order": 1}).id)

    assert written(engine, call) < LITTLE
    outcome = large.runs()[-1].outcome
    assert outcome is not None
    assert outcome.variables["large"] == noise(240_000)
    assert (outcome.variables["small"], outcome.changed) == (1, ("small",))


def test_a_repeat_of_a_call_is_answered_with_the_variables_of_its_time(large: World) -> None:
    """Whatever has become of them since: a large value that is replaced stays for those who tell of it."""
    before = large.session().variables["large"].value
    call = large.called("lookup", idempotency_key="k")
    large.executor().execute(call.id)
    large.sessions.change(large.caller, "s1", transcript=[], contact={}, variables={"large": noise(200_000)})
    repeated = large.called("lookup", idempotency_key="k")
    assert repeated.id == call.id
    assert repeated.outcome is not None
    assert repeated.outcome.variables["large"] == before
    assert large.session().variables["large"].value == noise(200_000)


def test_events_tell_of_many_variables_once(large: World) -> None:
    """As they are set; the outcome of a call comes with its own alone."""
    session = large.session()
    large.executor().execute(large.called("lookup").id)
    refused = large.called("picky", params={})
    assert refused.status is InvocationStatus.REFUSED
    told = [data["dynamicVariables"] for name, data in large.events(session) if name == "completed"]
    assert told == [{"small": 1}, {}]


def test_what_is_answered_to_a_small_change_is_little(large: World) -> None:
    """The body that is there is not sent back, nor read."""
    view = large.sessions.change(large.caller, "s1", transcript=["hello"], contact={}, variables={})
    assert (view.body, view.brief) == (None, True)
    assert view.session.body_bytes > MOST_ANSWERED
    assert large.body()["transcript"][-1] == "hello"


def test_a_lease_of_a_large_call_is_renewed_in_few_bytes(world: World, engine: Engine) -> None:
    """A megabyte was written again every second and a half."""
    world.published()
    call = world.admitted(params={"order": 1, "text": noise(MEGABYTE)}, session={"transcript": noise(MEGABYTE)})
    claimed = claim_as(world.executor(), call.id)
    assert claimed is not None
    assert claimed.params["text"] == noise(MEGABYTE)

    def renew() -> None:
        world.clock.advance(1_500)
        with world.storage.write() as tx:
            assert tx.invocations.renew(call.id, attempt=1, lease_until=world.clock.now + 5_000)

    assert written(engine, renew) < LITTLE


def test_a_refused_call_stores_no_megabyte(large: World, engine: Engine) -> None:
    """Neither in a session nor without one; how it began stays on record."""
    huge = {"n": "no number", "text": noise(MEGABYTE)}
    calls: list[Callable[[], Any]] = [
        lambda: large.called("picky", params=huge, overrides={"transcript": [noise(MEGABYTE)]}),
        lambda: large.admitted("picky", params=huge, session={"transcript": [noise(MEGABYTE)]}),
    ]
    for call in calls:
        assert written(engine, call) < LITTLE
        refused = large.read(call().id)
        assert refused.status is InvocationStatus.REFUSED
        assert (refused.params, refused.session) == ({}, {})
        assert refused.asked is not None
        assert refused.asked["cut"]["params"].startswith('{"n":"no number"')


def test_deleting_a_session_leaves_nothing_apart(large: World, engine: Engine) -> None:
    """Parts of its body, its large variables, and what its calls were asked and came to."""
    large.executor().execute(large.called("lookup", params={"order": 1, "text": noise(9_000)}).id)
    large.sessions.delete(large.caller, "s1")
    with engine.connect() as connection:
        for table in ("session_parts", "large_values", "invocations", "events"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0  # noqa: S608
