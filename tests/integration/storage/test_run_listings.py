"""Lists of agents, sessions and invocations take a few queries, however many rows they have, and say what is so."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.integration.storage.test_listings import counted
from tests.support.crowd import crowd, crowd_of_sessions
from tests.support.world import World

from midcall.domain.invocation import InvocationStatus
from midcall.service.overview import Overview
from midcall.service.stores import InvocationFilter, Page, SessionFilter
from midcall.service.timeline import Call, Timeline, Timelines


@pytest.mark.parametrize("count", [1, 60])
def test_lists_take_as_many_queries_for_one_row_as_for_fifty(world: World, engine: Engine, count: int) -> None:
    """Agents with their warnings, sessions with their counts, invocations, and a session with its events."""
    workspace, now = world.caller.workspace_id, world.clock.now
    crowd(engine, workspace, count=12, runs=120, now=now)
    last = crowd_of_sessions(engine, workspace, count=count, now=now, calls=2 * count)
    overview = Overview(world.storage)
    shown = min(count, 50)

    with counted(engine) as seen:
        agents = world.agents.page(world.caller, Page(50))
    assert (len(agents), len(seen)) == (shown, 4), seen

    with counted(engine) as seen:
        sessions = overview.sessions(world.caller, SessionFilter(), Page(50))
    assert (len(sessions), len(seen)) == (shown, 2), seen
    assert sessions[0].session.session_id == last
    assert sessions[0].invocations == 2 * count

    with counted(engine) as seen:
        runs = overview.invocations(world.caller, InvocationFilter(), Page(50))
    assert (len(runs), len(seen)) == (50, 1), seen

    with counted(engine) as seen:
        part = Timelines(world.storage).read_on(world.caller, last, last=0, limit=50, calls=[runs[0].id])
    assert len(seen) == 4, seen
    assert (len(part.events), part.more, part.over) == (min(2 * count, 50), count > 25, True)
    assert part.calls == {runs[0].id: runs[0]}


def test_pages_of_a_session_hold_each_call_once(world: World, engine: Engine) -> None:
    """Its invocations page by page, and its timeline part by part: starts and outcomes find each other across parts."""
    workspace, now = world.caller.workspace_id, world.clock.now
    crowd(engine, workspace, count=2, runs=70, now=now)
    last = crowd_of_sessions(engine, workspace, count=3, now=now, calls=70)
    found: list[str] = []
    while part := Overview(world.storage).invocations_of(world.caller, last, Page(20, found[-1] if found else None)):
        found += [line.id for line in part]
    assert (len(found), len(set(found))) == (70, 70)
    assert found == sorted(found, reverse=True)

    timeline, more = Timeline(), True
    while more:
        read = Timelines(world.storage).read_on(world.caller, last, last=timeline.last, limit=9)
        timeline.tell(read.events)
        more = read.more
    calls = [entry for entry in timeline.entries.values() if isinstance(entry, Call)]
    assert len(calls) == 35
    assert {call.status for call in calls} == {InvocationStatus.SUCCEEDED}


def test_a_search_for_sessions_takes_signs_as_they_are(world: World, engine: Engine) -> None:
    """Part of the id, whatever its case; a percent sign is one."""
    crowd(engine, world.caller.workspace_id, count=1, runs=0, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=12, now=world.clock.now, functions_each=1)
    overview = Overview(world.storage)

    def found(**where: Any) -> list[str]:
        return [each.session.session_id for each in overview.sessions(world.caller, SessionFilter(**where), Page())]

    assert found(search="ALL-00001") == ["call-000011", "call-000010"]
    assert found(search="%") == []
    assert found(agent="agent-0003", status="ended") == ["call-000003"]
    assert found(status="active") == []


def test_lines_are_what_reading_says(world: World, engine: Engine) -> None:
    """Each column of a list as the invocation itself has it; other workspaces see none of it."""
    crowd(engine, world.caller.workspace_id, count=2, runs=8, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=1, now=world.clock.now, functions_each=1, calls=3)
    overview = Overview(world.storage)
    lines = overview.invocations(world.caller, InvocationFilter(), Page())
    assert len(lines) == 8
    for line in lines:
        whole = world.invocations.find(world.caller, line.id)
        assert all(getattr(whole, name) == getattr(line, name) for name in type(line).__slots__)
    other = world.workspace("other")
    assert list(overview.invocations(other, InvocationFilter(), Page())) == []
    assert overview.sessions(other, SessionFilter(), Page()) == []


#: What may be megabytes.
LARGE = (
    "invocations.params",
    "invocations.report",
    "invocations.outcome",
    "versions.config",
    "large_",
    "session_parts",
)


def test_lists_read_nothing_large(world: World, engine: Engine) -> None:
    """Neither a column that may be megabytes, nor what stands apart from its row."""
    crowd(engine, world.caller.workspace_id, count=2, runs=8, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=1, now=world.clock.now, functions_each=1, calls=3)
    overview = Overview(world.storage)
    lists: dict[str, Callable[[], Sequence[Any]]] = {
        "invocations": lambda: world.invocations.page(world.caller, InvocationFilter(), Page()),
        "sessions": lambda: world.sessions.page(world.caller, SessionFilter(), Page()),
        "functions": lambda: world.catalog.page(world.caller, Page()),
        "functions at a glance": lambda: overview.functions(world.caller, Page()),
        "sessions at a glance": lambda: overview.sessions(world.caller, SessionFilter(), Page()),
        "invocations at a glance": lambda: overview.invocations(world.caller, InvocationFilter(), Page()),
    }
    for name, read in lists.items():
        with counted(engine) as seen:
            assert read(), name
        columns = [statement.split("FROM")[0] for statement in seen]
        assert not [each for each in columns if any(word in each for word in LARGE)], name
