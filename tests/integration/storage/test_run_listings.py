"""Lists of agents, sessions and invocations take a few queries, however many rows they have, and say what is so."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.integration.storage.test_listings import counted
from tests.support.crowd import crowd, crowd_of_sessions
from tests.support.world import World

from midcall.domain.agent import Agent, Attachment
from midcall.domain.credential import CredentialType
from midcall.domain.parameters import MASK
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.overview import Overview
from midcall.service.sessions.timeline import CallEntry, Timeline, Timelines
from midcall.service.test_cases.form import CaseForm
from midcall.storage.listings import InvocationFilter, PageRequest, SessionFilter


@pytest.mark.parametrize("count", [1, 60])
def test_lists_take_as_many_queries_for_one_row_as_for_fifty(world: World, engine: Engine, count: int) -> None:
    """Agents with their warnings, sessions with their counts, invocations, and a session with its events."""
    workspace, now = world.caller.workspace_id, world.clock.now
    crowd(engine, workspace, count=12, runs=120, now=now)
    last = crowd_of_sessions(engine, workspace, count=count, now=now, calls=2 * count)
    overview = Overview(world.storage)
    shown = min(count, 50)

    with counted(engine) as seen:
        agents = world.agents.page(world.caller, PageRequest(50))
    assert (len(agents), len(seen)) == (shown, 4), seen

    with counted(engine) as seen:
        sessions = overview.sessions(world.caller, SessionFilter(), PageRequest(50))
    assert (len(sessions), len(seen)) == (shown, 2), seen
    assert sessions[0].session.session_id == last
    assert sessions[0].invocations == 2 * count

    with counted(engine) as seen:
        runs = overview.invocations(world.caller, InvocationFilter(), PageRequest(50))
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
    while part := Overview(world.storage).invocations_of(
        world.caller, last, PageRequest(20, found[-1] if found else None)
    ):
        found += [line.id for line in part]
    assert (len(found), len(set(found))) == (70, 70)
    assert found == sorted(found, reverse=True)

    timeline, more = Timeline(), True
    while more:
        read = Timelines(world.storage).read_on(world.caller, last, last=timeline.last, limit=9)
        timeline.tell(read.events)
        more = read.more
    calls = [entry for entry in timeline.entries.values() if isinstance(entry, CallEntry)]
    assert len(calls) == 35
    assert {call.status for call in calls} == {InvocationStatus.SUCCEEDED}


def test_a_search_for_sessions_takes_signs_as_they_are(world: World, engine: Engine) -> None:
    """Part of the id, whatever its case; a percent sign is one."""
    crowd(engine, world.caller.workspace_id, count=1, runs=0, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=12, now=world.clock.now, functions_each=1)
    overview = Overview(world.storage)

    def found(**where: Any) -> list[str]:
        return [
            each.session.session_id for each in overview.sessions(world.caller, SessionFilter(**where), PageRequest())
        ]

    assert found(search="ALL-00001") == ["call-000011", "call-000010"]
    assert found(search="%") == []
    assert found(agent="agent-0003", status="ended") == ["call-000003"]
    assert found(status="active") == []


def test_lines_are_what_reading_says(world: World, engine: Engine) -> None:
    """Each column of a list as the invocation itself has it; other workspaces see none of it."""
    crowd(engine, world.caller.workspace_id, count=2, runs=8, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=1, now=world.clock.now, functions_each=1, calls=3)
    overview = Overview(world.storage)
    lines = overview.invocations(world.caller, InvocationFilter(), PageRequest())
    assert len(lines) == 8
    for line in lines:
        whole = world.invocations.find(world.caller, line.id)
        assert all(getattr(whole, name) == getattr(line, name) for name in type(line).__slots__)
    other = world.workspace("other")
    assert list(overview.invocations(other, InvocationFilter(), PageRequest())) == []
    assert overview.sessions(other, SessionFilter(), PageRequest()) == []


#: What may be megabytes.
LARGE = (
    "invocations.params",
    "invocations.report",
    "invocations.outcome",
    "versions.config",
    "agents.attachments",
    "test_cases.document",
    "large_",
    "session_parts",
)


def test_lists_read_nothing_large(world: World, engine: Engine) -> None:
    """Neither a column that may be megabytes, nor what stands apart from its row."""
    crowd(engine, world.caller.workspace_id, count=2, runs=8, now=world.clock.now)
    crowd_of_sessions(engine, world.caller.workspace_id, count=1, now=world.clock.now, functions_each=1, calls=3)
    world.draft("cased")
    world.test_cases.put(world.caller, "cased", "one", CaseForm.model_validate({"expect": {"exact": "e" * 9_000}}))
    world.credentials.put(world.caller, "crm", CredentialType.BEARER, {"token": "t"}, None)
    overview = Overview(world.storage)
    lists: dict[str, Callable[[], Sequence[Any]]] = {
        "invocations": lambda: world.invocations.page(world.caller, InvocationFilter(), PageRequest()),
        "sessions": lambda: world.sessions.page(world.caller, SessionFilter(), PageRequest()),
        "functions": lambda: world.catalog.page(world.caller, PageRequest()),
        "agents": lambda: world.agents.page(world.caller, PageRequest()),
        "test cases": lambda: world.test_cases.page(world.caller, "cased", PageRequest()),
        "credentials": lambda: world.credentials.page(world.caller, PageRequest()),
        "functions at a glance": lambda: overview.functions(world.caller, PageRequest()),
        "sessions at a glance": lambda: overview.sessions(world.caller, SessionFilter(), PageRequest()),
        "invocations at a glance": lambda: overview.invocations(world.caller, InvocationFilter(), PageRequest()),
    }
    for name, read in lists.items():
        with counted(engine) as seen:
            assert read(), name
        columns = [statement.split("FROM")[0] for statement in seen]
        # What of a case is sensitive is for the schemas of the one or two versions in use to say.
        large = [word for word in LARGE if (name, word) != ("test cases", "versions.config")]
        assert not [each for each in columns if any(word in each for word in large)], name


def test_a_page_of_the_largest_agents_is_read(world: World) -> None:
    """With more attachments in all than a database takes parameters of a statement; none of what is said is read."""
    said = {"error": "m" * 900}
    for number in range(200):
        named = [
            Attachment(f"f{number}_{each}", Phase.PRE_SESSION, each, version=1, messages=said) for each in range(180)
        ]
        with world.storage.write() as tx:
            tx.agents.put(Agent(f"ag_{number}", world.caller.workspace_id, f"a{number:03}", "", "", tuple(named), 0, 0))
    views = world.agents.page(world.caller, PageRequest(200))
    assert [len(view.warnings) for view in views] == [180] * 200
    assert all(view.cut["functions"] for view in views)
    assert all(each.messages is None for view in views for each in view.agent.attachments)
    assert world.agents.get(world.caller, "a007").agent.attachments[7].messages == said


def test_a_list_of_cases_shows_no_beginning_of_what_may_be_sensitive(world: World) -> None:
    """Small values are masked as in the case itself; of large ones nothing is shown."""
    properties = {"pin": {"type": "string", "x-midcall": {"sensitive": True}}, "n": {"type": "string"}}
    world.draft("cased", parameters={"type": "object", "properties": properties})
    for name, much in (("small", 1), ("large", 900)):
        params = {"n": "n" * much, "pin": "1234" * much}
        form = CaseForm.model_validate({"expect": {"status": "ok"}, "params": params})
        world.test_cases.put(world.caller, "cased", name, form)
    large, small = world.test_cases.page(world.caller, "cased", PageRequest())
    assert (small.whole["params"], small.cut) == ({"n": "n", "pin": MASK}, {})
    assert ("params" in large.whole, large.cut) == (False, {"params": ""})
