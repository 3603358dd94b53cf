"""What tests count of an app that they share."""

from tests.support.conversation import agent, converse, functions
from tests.support.serving import Served


def test_what_another_workspace_stores_is_not_counted(served: Served) -> None:
    """Whichever way its rows lead to it; the other one finds them all."""
    mine = served.tenant()
    mine.published()
    before = mine.row_counts()
    other = served.tenant()
    functions(other)
    agent(other)
    converse(other)
    other.ok("POST", "/v1/functions/book_slot/invoke", {"params": {"day": "x" * 10_000}})
    after = mine.row_counts()
    assert {table: count - before[table] for table, count in after.items() if count != before[table]} == {
        "workspaces": 1
    }
    theirs = other.row_counts()
    assert {table for table, count in theirs.items() if count > after[table]} >= {
        *("agents", "audit", "events", "functions", "invocations", "large_values", "publications"),
        *("session_parts", "sessions", "versions"),
    }
