"""What grows without end is deleted in its time, a little at a round, and nothing before."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.databases import row_counts
from tests.support.world import World

from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.service.admin.forms import WorkspaceChange
from midcall.service.sessions.retention import MOST_AT_ONCE
from midcall.service.sessions.sweep import DAY_MS

PICKY: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def swept(world: World) -> list[int]:
    """Sweep until nothing is left; returns what each round took."""
    rounds = []
    while deleted := world.retention_sweep.sweep():
        rounds.append(deleted)
    return rounds


def rows(world: World, table: str) -> int:
    """Count the rows of a table."""
    return row_counts(world.engine)[table]


def test_refused_calls_are_deleted_after_a_week(world: World) -> None:
    """Nothing ran for them; but a session that goes on answers a repeat with its refusal."""
    world.published("picky", parameters=PICKY)
    world.published("plain")
    world.agent(("picky", Phase.DURING_SESSION))
    world.workspaces.change(world.caller, {"session_idle_s": 30 * 24 * 3600, "session_max_age_s": 60 * 24 * 3600})
    world.started()
    refused = [world.admitted("picky"), world.called("picky")]
    assert {call.status for call in map(world.read, [call.id for call in refused])} == {InvocationStatus.REFUSED}
    kept = world.admitted("plain")
    world.executor().execute(kept.id)
    world.clock.advance(7 * DAY_MS)
    assert swept(world) == []
    world.clock.advance(1)
    assert swept(world) == [1]
    world.sessions.end(world.caller, "s1", {})
    assert swept(world) == [1]
    assert world.read(kept.id).status is InvocationStatus.SUCCEEDED


def test_runs_without_a_session_are_deleted_as_sessions_are(world: World) -> None:
    """With all that hangs on them, which may stand apart; by default they are kept."""
    world.published("plain")
    call = world.admitted("plain", params={"order": 1, "text": "x" * 9_000})
    world.executor().execute(call.id)
    world.clock.advance(300 * DAY_MS)
    assert swept(world) == []
    world.workspaces.change(world.caller, {"retention_days": 299})
    assert swept(world) == [1]
    assert (rows(world, "invocations"), rows(world, "large_values")) == (0, 0)


def test_events_of_sessions_that_are_over_are_deleted_after_a_month(world: World) -> None:
    """Some at a round; those of a session that goes on stay, and so does the session."""
    world.agent()
    world.workspaces.change(world.caller, {"session_idle_s": 90 * 24 * 3600, "session_max_age_s": 90 * 24 * 3600})
    for name in ("s1", "s2"):
        world.started(name)
        for number in range(MOST_AT_ONCE):
            changes: dict[str, Any] = {"transcript": [], "contact": {}, "variables": {"n": number}}
            world.sessions.change(world.caller, name, **changes)
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    before = rows(world, "events")
    world.clock.advance(30 * DAY_MS)
    assert swept(world) == []
    world.clock.advance(1)
    assert swept(world) == [MOST_AT_ONCE, 2]
    assert rows(world, "events") == before - MOST_AT_ONCE - 2
    assert world.session("s1").variables["n"].value == MOST_AT_ONCE - 1
    assert world.sessions.events_after(world.session("s1").id, 0, 10) == ([], True)


def test_lines_of_the_trail_are_deleted_after_a_year(world: World) -> None:
    """The oldest first, some at a round; what came since stays."""
    for number in range(MOST_AT_ONCE + 5):
        world.workspaces.change(world.caller, {"session_idle_s": 100 + number})
    old = rows(world, "audit")
    world.clock.advance(365 * DAY_MS + 1)
    world.workspaces.change(world.caller, {"session_idle_s": 99})
    assert swept(world) == [MOST_AT_ONCE, old - MOST_AT_ONCE]
    assert [line.act for line in world.told()] == ["workspace.change"]


@pytest.mark.parametrize("name", ["refused_retention_days", "event_retention_days", "audit_retention_days"])
def test_what_is_to_be_kept_is_kept(world: World, name: str) -> None:
    """Null keeps it for ever."""
    assert WorkspaceChange.model_validate({name: None}).changes() == {name: None}
    world.workspaces.change(world.caller, {name: None})
    world.published("picky", parameters=PICKY)
    world.admitted("picky")
    world.agent()
    world.started()
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    table = {"refused": "invocations", "event": "events", "audit": "audit"}[name.split("_", maxsplit=1)[0]]
    before = rows(world, table)
    world.clock.advance(3_000 * DAY_MS)
    swept(world)
    assert rows(world, table) == before


@pytest.mark.parametrize("given", [{"audit_retention_days": 29}, {"event_retention_days": 7}])
def test_what_others_may_still_need_is_kept_for_a_while(given: dict[str, int]) -> None:
    """Nobody takes their own line away the day after; and post-session functions write events for a week."""
    with pytest.raises(ValidationError):
        WorkspaceChange.model_validate(given)
