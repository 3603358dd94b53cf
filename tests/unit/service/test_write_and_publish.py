"""Write, review and publish in one step: all of it, or nothing."""

import asyncio
from typing import Any

import pytest
from tests.support.fakes import at_once
from tests.support.world import World, function

from midcall.domain.errors import InvalidInput, NameTaken, NotFound, StaleVersion
from midcall.domain.function import VersionStatus
from midcall.service.functions.catalog import FunctionView
from midcall.service.functions.form import parse_function
from midcall.storage.listings import PageRequest

FAULTY = "def handler(session):\n    return 'fault'\n"


def create(world: World, name: str = "lookup", **changes: Any) -> FunctionView:
    """Create and publish a function."""
    return world.releases.create(world.caller, parse_function(function(name, **changes)))


def change(world: World, view: FunctionView, **patch: Any) -> FunctionView:
    """Change a function and publish that."""
    return asyncio.run(world.releases.change(world.caller, view.function.id, lambda _: patch, at_once))


def test_a_function_is_published_as_it_is_created_and_as_it_is_changed(world: World) -> None:
    """Each version is reviewed as any other."""
    made = create(world)
    assert (made.version.status, made.function.published) == (VersionStatus.APPROVED, {"production": 1})
    changed = change(world, made, timeout=7)
    assert (changed.version.number, changed.version.stored["timeout"]) == (2, 7)
    assert changed.function.published == {"production": 2}


def test_what_the_review_refuses_leaves_nothing_behind(world: World) -> None:
    """The name stays free, and the version that runs stays the latest."""
    with pytest.raises(InvalidInput) as caught:
        create(world, code={"source": FAULTY})
    assert [fault.loc for fault in caught.value.faults] == ["test.fault"]
    assert world.catalog.page(world.caller, PageRequest()) == []
    made = create(world)
    with pytest.raises(InvalidInput):
        change(world, made, code={"source": FAULTY})
    with pytest.raises(InvalidInput):
        change(world, made, timeout=0)
    assert world.catalog.get(world.caller, "lookup").version.number == 1
    with pytest.raises(NameTaken):
        create(world)


def test_where_a_person_approves_it_waits(world: World) -> None:
    """Nothing runs that nobody approved."""
    world.workspaces.change(world.caller, {"approval": "human"})
    made = create(world)
    assert (made.version.status, made.function.published) == (VersionStatus.PENDING_APPROVAL, {})


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(world: World) -> None:
    """Theirs would be lost."""
    made = create(world)

    def meanwhile(_: Any) -> Any:
        world.catalog.add_version(world.caller, "lookup", {"timeout": 9}, base=None, if_match=None)
        return {"timeout": 7}

    with pytest.raises(StaleVersion):
        asyncio.run(world.releases.change(world.caller, made.function.id, meanwhile, at_once))


def test_a_function_is_found_by_its_id_in_its_own_workspace_while_it_lives(world: World) -> None:
    """One answer for all others: another's, an archived one, none; even where the name is taken again."""
    made, stranger = create(world), world.workspace("second")
    world.catalog.create(stranger, parse_function(function()))
    assert world.catalog.by_id(world.caller, made.function.id).function == made.function
    told = []
    others = ((stranger, made.function.id), (world.workspace("third"), made.function.id), (world.caller, "fn_0"))
    for caller, function_id in others:
        with pytest.raises(NotFound) as caught:
            world.catalog.by_id(caller, function_id)
        told.append(caught.value.message)
    assert told == ["there is no such function"] * 3
    world.catalog.archive(world.caller, "lookup")
    with pytest.raises(NotFound):
        world.catalog.by_id(world.caller, made.function.id)
    create(world)
    with pytest.raises(NotFound):
        world.catalog.by_id(world.caller, made.function.id)
