"""Lists take a few queries, however many rows they have; and what they say is so, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.support.crowd import crowd
from tests.support.world import World

from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.overview import RECENT, Overview
from midcall.storage.listings import PageRequest, RunsAtAGlance


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Note the statements that are executed within the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("count", "queries"), [(1, 4), (60, 4)])
def test_a_page_of_functions_at_a_glance_takes_four_queries(
    world: World, engine: Engine, count: int, queries: int
) -> None:
    """Functions, what is published, latest versions, runs; for one function as for fifty."""
    crowd(engine, world.caller.workspace_id, count=count, runs=200, now=world.clock.now)
    with counted(engine) as seen:
        lines = Overview(world.storage).functions(world.caller, PageRequest(50))
    assert len(lines) == min(count, 50)
    assert len(seen) == queries, seen


def test_a_page_of_functions_in_full_takes_four_queries(world: World, engine: Engine) -> None:
    """The list of the API as well, with all versions of each."""
    crowd(engine, world.caller.workspace_id, count=60, runs=0, now=world.clock.now, versions_each=3)
    with counted(engine) as seen:
        views = world.catalog.page(world.caller, PageRequest(50))
    assert [[version.number for version in view.versions] for view in views] == [[1, 2, 3]] * 50
    assert {view.version.number for view in views} == {3}
    assert len(seen) == 4, seen


def test_a_list_says_of_each_what_reading_it_says(world: World) -> None:
    """Versions, flags and all, but for the review, which lists leave out."""
    world.published("one")
    world.draft("two")
    world.catalog.add_version(world.caller, "one", {"description": "Another text."}, base=None, if_match=None)
    for view in world.catalog.page(world.caller, PageRequest()):
        alone = world.catalog.get(world.caller, view.function.name)
        assert (view.function, view.versions, view.flags) == (alone.function, alone.versions, alone.flags)
        assert view.version.stored == alone.version.stored


def test_a_glance_looks_at_the_latest_runs_alone(world: World, engine: Engine) -> None:
    """The median of those that succeeded among them; nothing for a function that never ran."""
    crowd(engine, world.caller.workspace_id, count=2, runs=90, now=world.clock.now)
    world.draft("zz_never")
    first, second, never = Overview(world.storage).functions(world.caller, PageRequest())
    runs = [number for number in range(90) if number % 2 or number // 2 % 2 == 0][-RECENT:]
    took = sorted(number % 400 for number in runs if number % 7)
    assert first.runs.p50_ms == took[(len(took) - 1) // 2]
    assert first.runs.counted == len(took)
    assert first.runs.last_status is InvocationStatus.SUCCEEDED
    assert second.runs.last_at is not None
    assert never.runs == RunsAtAGlance()


def test_an_earlier_function_of_the_same_name_is_another_one(world: World) -> None:
    """Runs of what was archived are not the new one's."""
    world.published("lookup")
    world.admitted("lookup")
    world.catalog.archive(world.caller, "lookup")
    world.draft("lookup")
    [line] = Overview(world.storage).functions(world.caller, PageRequest())
    assert line.runs == RunsAtAGlance()


def test_a_search_takes_words_as_they_are(world: World) -> None:
    """In any order, of name or display name, whatever their case; a percent sign is one; other workspaces are none."""
    world.draft("lookup_order", display_name="Order status")
    world.draft("book_slot", display_name="100% booked")
    world.draft("lookup_order", caller=world.workspace("other"))

    def found(search: str) -> list[str]:
        return [
            line.function.name for line in Overview(world.storage).functions(world.caller, PageRequest(), search=search)
        ]

    assert found("STATUS lookup") == ["lookup_order"]
    assert found("0%") == ["book_slot"]
    assert found("%order") == []
    assert found("lookup_order") == ["lookup_order"]
    assert found("lookup slot") == []
    assert found("") == ["book_slot", "lookup_order"]
