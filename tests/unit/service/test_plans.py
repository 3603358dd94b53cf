"""How SQLite finds what lists and sweeps ask for: from an index, in its order, however many other rows there are.

Nobody runs ANALYZE on a user's file, so it plans without figures, as here.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from tests.support.world import World

from midcall.domain.run_status import InvocationStatus
from midcall.storage.database import Transaction
from midcall.storage.listings import InvocationFilter, PageRequest, SessionFilter

Asked = Callable[[Transaction, str], object]
PAGE = PageRequest(limit=50)


def invocations(**where: Any) -> Asked:
    """Ask for a page of invocations."""
    return lambda tx, workspace: tx.invocations.page(workspace, InvocationFilter(**where), PAGE)


def sessions(**where: Any) -> Asked:
    """Ask for a page of sessions."""
    return lambda tx, workspace: tx.sessions.page(workspace, SessionFilter(**where), PAGE)


ASKED: dict[str, Asked] = {
    "invocations": invocations(),
    "invocations of a status": invocations(status=InvocationStatus.TIMED_OUT),
    "invocations of a principal": invocations(principal="ann"),
    "invocations of a function": invocations(function="lookup"),
    "invocations of a session": invocations(session="call-1"),
    "sessions": sessions(),
    "sessions of an agent": sessions(agent="desk"),
    "sessions of a principal": sessions(principal="ann"),
    "versions, in brief": lambda tx, _: tx.functions.brief([("fn_1", 1), ("fn_2", 3)]),
    "versions": lambda tx, _: tx.functions.numbered([("fn_1", 1)]),
    "traits of versions": lambda tx, _: tx.functions.traits([("fn_1", 1)]),
    "lost runs": lambda tx, _: tx.invocations.lost_running(lease_before=1, limit=9),
    "overdue calls": lambda tx, _: tx.invocations.overdue_queued(deadline_before=1, limit=9),
    "stale calls": lambda tx, _: tx.invocations.stale_queued(enqueued_before=1, now=1, limit=9),
    "forgotten sessions": lambda tx, _: tx.sessions.forgotten(now=1, limit=9),
    "sessions whose pre-session phase is late": lambda tx, _: tx.sessions.pre_overdue(deadline_before=1, limit=9),
    "sessions whose post-session phase is due": lambda tx, _: tx.sessions.post_due(now=1, limit=9),
    "callbacks that are due": lambda tx, _: tx.callbacks.due(now=1, limit=9),
}
#: Few rows are open or due at a time: those may be sorted.
SORTED = {name for name, _ in ASKED.items() if name.startswith(("lost", "overdue", "stale", "forgotten", "callbacks"))}
SORTED |= {name for name in ASKED if "phase is" in name}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_for_is_found_from_an_index(world: World, name: str) -> None:
    """No table is gone through; what may be many is not sorted either."""
    statements: list[tuple[str, Any]] = []

    @event.listens_for(world.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        statements.append((statement, parameters))

    with world.storage.read() as tx:
        ASKED[name](tx, world.caller.workspace_id)
    event.remove(world.engine, "before_cursor_execute", note)
    with world.engine.connect() as connection:
        plans = [
            str(row[3])
            for statement, parameters in statements
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert plans
    assert [step for step in plans if step.startswith("SCAN ") and "CONSTANT" not in step] == []
    if name not in SORTED:
        assert [step for step in plans if "TEMP B-TREE" in step] == []
