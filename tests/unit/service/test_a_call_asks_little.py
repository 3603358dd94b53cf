"""What a call asks of the database is counted: each statement is a part of a millisecond that somebody waits."""

import pytest
from sqlalchemy import event
from tests.support.world import World

Counted = list[str]


@pytest.fixture
def asked(world: World) -> Counted:
    """Write down what is asked of the database from now on: the first word of each statement."""
    words: Counted = []

    @event.listens_for(world.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        words.append(statement.split(maxsplit=1)[0])

    return words


def test_admission_reads_once_and_then_counts_and_stores(world: World, asked: Counted) -> None:
    """The version with its function and settings; the workspace, what is open, and the row."""
    world.published()
    asked.clear()
    world.admitted()
    assert [word for word in asked if word != "BEGIN"] == ["SELECT", "SELECT", "SELECT", "INSERT"]


def test_carrying_out_claims_reads_and_records(world: World, asked: Counted) -> None:
    """The claim and its row, the version, the outcome."""
    world.published()
    admitted = world.admitted()
    asked.clear()
    world.executor().execute(admitted.id)
    assert [word for word in asked if word != "BEGIN"] == ["UPDATE", "SELECT", "SELECT", "UPDATE"]
