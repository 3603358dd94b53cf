"""What is stored is read back as it was, on both databases."""

from sqlalchemy import select, text, update
from tests.support.crowd import crowd
from tests.support.world import World

from midcall.domain.invocation import Outcome
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.storage.listings import InvocationFilter, PageRequest
from midcall.storage.schema import EncodedJson, invocations, write_json

ODD = {
    "nul": "a\x00b",
    "half": "\ud800",
    "other half": "\udfff",
    "\x00": {"\udc00": ["\U0001f600", None, 10**400, 1e-7]},
}


def test_odd_json_is_read_back_as_it_was(world: World) -> None:
    """U+0000, half a surrogate pair, large numbers, as names and as values."""
    world.published()
    admitted = world.admitted(params=ODD, session=ODD)
    assert world.read(admitted.id) == admitted
    report = RunReport(
        RunStatus.ERROR, ODD, "\x00\ud800", error=RunError("E\x00", "\ud800", 1, "\udfff"), sandbox_id="c"
    )
    error = RunError("E\x00", "\ud800", 1, "\udfff")
    outcome = Outcome(
        InvocationStatus.FAILED, ODD, variables=ODD, changed=("\x00", "\ud800"), error=error, warnings=("\0",)
    )
    with world.storage.write() as tx:
        assert tx.invocations.claim(admitted.id, owner="w", now=1, lease_until=2)
        assert tx.invocations.record(admitted.id, attempt=1, outcome=outcome, report=report, ended_at=9)
    found = world.read(admitted.id)
    assert (found.outcome, found.report) == (outcome, report)


def test_what_a_run_was_kept_in_is_read_back(world: World) -> None:
    """With why it was no jail; reports of earlier releases have neither."""
    world.published()
    for report in (
        RunReport(RunStatus.OK, isolation=Isolation.JAIL),
        RunReport(RunStatus.OK, isolation=Isolation.CONTAINER, isolation_note="no jail was left"),
        RunReport(RunStatus.OK),
    ):
        admitted = world.admitted()
        with world.storage.write() as tx:
            assert tx.invocations.claim(admitted.id, owner="w", now=1, lease_until=2)
            outcome = Outcome(InvocationStatus.SUCCEEDED)
            assert tx.invocations.record(admitted.id, attempt=1, outcome=outcome, report=report, ended_at=9)
        found = world.read(admitted.id).report
        assert found == report
        assert found.isolation is report.isolation
    with world.engine.begin() as connection:
        written = connection.execute(select(invocations.c.report).where(invocations.c.id == admitted.id)).scalar_one()
        older = {name: value for name, value in written.items() if not name.startswith("isolation")}
        text_of_it = EncodedJson(write_json(older))
        connection.execute(update(invocations).where(invocations.c.id == admitted.id).values(report=text_of_it))
    assert world.read(admitted.id).report == report


def test_a_version_keeps_its_document_and_its_decision(world: World) -> None:
    """Status, review and seal are read back with it; a listing leaves the large ones out."""
    view = world.approved(messages={"error": {"404": "x", "default": "\u00e9"}})
    with world.storage.read() as tx:
        found = tx.functions.version(view.function.id, 1)
        brief = tx.functions.versions_of([view.function.id], latest=9)[view.function.id]
    assert found == view.version
    assert found.approval is not None
    assert [(one.number, one.stored, one.review, one.approval) for one in brief] == [(1, {}, None, found.approval)]


def test_a_page_goes_on_after_its_cursor(world: World) -> None:
    """Names in byte order, invocations newest first; each comes once."""
    names = ["B", "_a", "a", "a1", "aB", "b"]
    for name in names:
        world.published(name)
    with world.storage.read() as tx:
        first = tx.functions.page(world.caller.workspace_id, PageRequest(limit=4))
        rest = tx.functions.page(world.caller.workspace_id, PageRequest(limit=4, cursor=first[-1].name))
    assert [function.name for function in [*first, *rest]] == names
    made = [world.admitted("a").id for _ in range(5)]
    with world.storage.read() as tx:
        everything = InvocationFilter()
        newest = tx.invocations.page(world.caller.workspace_id, everything, PageRequest(limit=3))
        older = tx.invocations.page(
            world.caller.workspace_id, everything, PageRequest(limit=3, cursor=newest[-1].line.id)
        )
    assert sorted([one.line.id for one in [*newest, *older]]) == sorted(made)


def test_a_listing_of_invocations_is_found_through_an_index(world: World) -> None:
    """A workspace's history grows without end; its first page must not read all of it."""
    crowd(world.engine, world.caller.workspace_id, count=1, runs=2_000, now=world.clock.now)
    explain = "EXPLAIN QUERY PLAN " if world.engine.dialect.name == "sqlite" else "EXPLAIN "
    with world.engine.begin() as connection:
        if world.engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE invocations"))
        query = "SELECT * FROM invocations WHERE workspace_id = 'x' ORDER BY id DESC LIMIT 50"
        plan = "\n".join(str(row) for row in connection.execute(text(explain + query)))
    assert "ix_invocations_listing" in plan
