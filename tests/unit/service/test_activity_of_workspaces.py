"""What ended lately, read from an index alone, of one workspace alone, and never more than is bounded."""

import pytest
from sqlalchemy import text
from tests.support.crowd import crowd
from tests.support.world import World

from midcall.domain.activity import HOUR, MINUTE_MS
from midcall.service.runs import overview
from midcall.service.runs.overview import Overview

NOW = 1_700_000_100_000


def test_an_hour_is_summed_up_of_ones_own_runs(world: World) -> None:
    """Ten runs end in each minute; another workspace sees none of them."""
    owner, stranger = world.workspace("third"), world.workspace("second")
    crowd(world.engine, owner.workspace_id, count=2, runs=900, now=NOW)
    look = Overview(storage=world.storage)
    found = look.activity(owner, since=NOW - (HOUR - 1) * MINUTE_MS, until=NOW)
    assert len(found.minutes) == HOUR
    assert all(each.runs == 10 for each in found.minutes[1:-1])
    assert not look.activity(stranger, since=NOW - HOUR * MINUTE_MS, until=NOW).statuses


def test_of_too_many_runs_only_whole_minutes_are_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of which some runs were left out would tell a falsehood."""
    owner = world.workspace("third")
    crowd(world.engine, owner.workspace_id, count=1, runs=900, now=NOW)
    monkeypatch.setattr(overview, "MAX_RUNS", 95)
    found = Overview(storage=world.storage).activity(owner, since=NOW - 50 * MINUTE_MS, until=NOW)
    assert 8 <= len(found.minutes) <= 10
    assert all(each.runs == 10 for each in found.minutes[1:-1])


def test_the_index_has_all_that_is_asked_for(world: World) -> None:
    """SQLite says that it touches no row."""
    query = (
        "EXPLAIN QUERY PLAN SELECT status, purpose, created_at, started_at, ended_at FROM invocations "
        "WHERE workspace_id = 'x' AND ended_at >= 5 ORDER BY ended_at DESC LIMIT 10"
    )
    with world.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(query)))
    assert "USING COVERING INDEX ix_invocations_ended" in plan
    assert "TEMP B-TREE" not in plan
