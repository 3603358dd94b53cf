"""What may be written about a function, whichever way it comes in."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.support.world import World, function

from midcall.domain.errors import InvalidInput
from midcall.domain.jsonvalue import Json
from midcall.domain.parameters import MASK
from midcall.service.functions.catalog import Catalog
from midcall.service.functions.form import parse_draft, parse_function
from midcall.service.releases.import_function import FunctionImports
from midcall.storage.database import Storage
from midcall.ui.function import saving
from midcall.ui.function.form import document_of
from midcall.ui.function.inputs import from_text
from midcall.ui.function.json_field import JsonField
from midcall.ui.function.saving import store
from midcall.ui.page_context import PageContext
from midcall.vendors.imports.readers import ImportVendor

HALF = "a\ud800b"
#: A null inside of what its author writes freely.
NULLABLE = {"type": "object", "properties": {"city": {"type": ["string", "null"], "default": None}}}
WEBHOOK = {"url": "https://api.example.com/orders", "headers": {"X-Api-Key": "k-1"}}


def webhook(**changes: Any) -> dict[str, Any]:
    """Return the body of a webhook that is fine, with changed parts."""
    body = {name: value for name, value in function().items() if name != "code"}
    return {**body, "kind": "webhook", "webhook": {**WEBHOOK, **changes}}


class Page:
    """A page's context, as far as saving asks for it."""

    def __init__(self, world: World) -> None:
        self.services = world


def saved_again(world: World, **changes: Any) -> dict[str, Any]:
    """Save the one function from the editor with changed fields; returns what is stored then."""
    saved = world.catalog.opened(world.caller, "lookup")
    document: Json = {**document_of(saved), **changes}
    done = store(cast(PageContext, Page(world)), world.caller, saved, document, saved.view.function.latest)
    return dict(done.open.version.stored)


def test_the_editor_saves_a_null_from_version_2_on_as_it_does_in_the_first(world: World) -> None:
    """In a schema, in a body; what was secret stays what it was."""
    world.catalog.create(world.caller, parse_function(webhook()))
    shown = document_of(world.catalog.opened(world.caller, "lookup"))
    key = world.catalog.version(world.caller, "lookup", 1).version.stored["webhook"]["headers"]
    wanted = {**shown["webhook"], "body": {"note": None}, "payload": "template"}
    stored = saved_again(world, parameters=NULLABLE, webhook=wanted)
    created = parse_function({**webhook(body={"note": None}), "parameters": NULLABLE}).config().to_stored()
    assert stored["parameters"] == created["parameters"]
    assert stored["parameters"]["properties"]["city"] == {"type": ["string", "null"], "default": None}
    assert stored["webhook"]["body"] == {"note": None}
    assert stored["webhook"]["headers"] == key
    assert key["X-Api-Key"].startswith(MASK)


def test_what_is_saved_unchanged_or_named_anew_makes_no_version(world: World) -> None:
    """Of what is no part of a version no version is made; a function keeps its kind."""
    world.catalog.create(world.caller, parse_function(function()))
    saved_again(world)
    saved_again(world, display_name="Look it up")
    view = world.catalog.get(world.caller, "lookup")
    assert (view.function.latest, view.function.display_name) == (1, "Look it up")
    saved_again(world, timeout=7)
    assert world.catalog.get(world.caller, "lookup").function.latest == 2
    with pytest.raises(InvalidInput) as caught:
        saved_again(world, name="other")
    assert [fault.loc for fault in caught.value.faults] == ["name"]


def test_a_save_reads_its_document_once_and_is_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is no part of the version: all of it is stored, or nothing."""
    world.catalog.create(world.caller, parse_function(function()))
    saved = world.catalog.opened(world.caller, "lookup")
    steps: list[str] = []

    def count(owner: Any, name: str) -> None:
        does = getattr(owner, name)

        def counted(*given: Any, **more: Any) -> Any:
            steps.append(name)
            return does(*given, **more)

        monkeypatch.setattr(owner, name, counted)

    count(Storage, "read")
    count(Storage, "write")
    count(saving, "parse_function")
    document = {**document_of(saved), "timeout": 7, "display_name": "Look it up", "tags": ["a"]}
    done = store(cast(PageContext, Page(world)), world.caller, saved, document, 1)
    assert steps == ["parse_function", "write"]
    monkeypatch.undo()
    assert done == world.catalog.opened(world.caller, "lookup")
    assert (done.view.function.latest, done.open.version.stored["timeout"]) == (2, 7)
    assert (done.view.function.display_name, done.view.function.tags) == ("Look it up", ("a",))


def test_a_save_that_fails_halfway_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the version nor its record."""
    world.catalog.create(world.caller, parse_function(function()))
    before = world.catalog.opened(world.caller, "lookup")

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Catalog, "_described", fail)
    with pytest.raises(ZeroDivisionError):
        saved_again(world, timeout=7, tags=["a"])
    assert world.catalog.opened(world.caller, "lookup") == before


@pytest.mark.parametrize("field", ["display_name", "output_schema", "attempt_timeout", "code", "messages.error"])
def test_a_null_that_create_takes_means_the_default_in_a_patch_too(world: World, field: str) -> None:
    """`display_name` was refused as no part of a version: a null says nothing of it."""
    outer, _, inner = field.partition(".")
    change = {outer: {inner: None} if inner else None}
    made = world.catalog.create(world.caller, parse_function({**webhook(), **change})).version.stored
    again = world.catalog.add_version(world.caller, "lookup", change, base=None, if_match=None).version.stored
    assert again == made


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (function(description=HALF), "description"),
        (function(parameters={**NULLABLE, "title": HALF}), "parameters"),
        (function(parameters=[{"name": "a", "type": "string", "default": HALF}]), "parameters"),
        (function(code={"source": HALF}), "code.source"),
        (function(requires=[{"function": "verify", "variable": "v", "equals": {"a": [HALF]}}]), "requires.0.equals"),
        (webhook(body={HALF: 1}), "webhook.body"),
        (webhook(body=HALF), "webhook.body"),
        (webhook(headers={"X-A": HALF}), "webhook.headers.X-A"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_half_a_surrogate_pair_is_refused_everywhere(world: World, body: Json, loc: str) -> None:
    """Created, drafted, patched, saved by the editor."""
    fine = webhook() if body["kind"] == "webhook" else function()
    world.catalog.create(world.caller, parse_function(fine))
    changed = {name: value for name, value in body.items() if value != fine.get(name)}
    ways: tuple[Callable[[], Any], ...] = (
        lambda: parse_function(body),
        lambda: parse_draft(body),
        lambda: world.catalog.add_version(world.caller, "lookup", changed, base=None, if_match=None),
        lambda: saved_again(world, **changed),
    )
    for way in ways:
        with pytest.raises(InvalidInput) as caught:
            way()
        assert [(fault.loc, "half of a surrogate pair" in fault.msg) for fault in caught.value.faults] == [(loc, True)]


@pytest.mark.parametrize("text", ['{"a": "\ud800"}', '{"a": "\\ud800"}'])
def test_no_field_of_the_editor_writes_something_else_in_its_place(text: str) -> None:
    """One of them had a question mark there, and the other spoke of bytes."""
    field = JsonField.__new__(JsonField)
    field.loc, field._empty = "params", None
    field.box = cast(Any, type("Box", (), {"value": text})())
    reads: tuple[Callable[[], Any], ...] = (lambda: from_text(text, "params"), field.read)
    for read in reads:
        with pytest.raises(InvalidInput) as caught:
            read()
        assert [(fault.loc, fault.msg) for fault in caught.value.faults] == [
            ("params", "holds half of a surrogate pair")
        ]


def test_an_import_refuses_it_as_well(world: World) -> None:
    """At its place in the vendor's config."""
    config = {"name": "lookup", "url": "https://api.example.com", "description": HALF, "parameters": {"type": "object"}}
    with pytest.raises(InvalidInput) as caught:
        FunctionImports(world.catalog, world.reviews).create(world.caller, ImportVendor.RETELL, config, None)
    assert any("half of a surrogate pair" in fault.msg for fault in caught.value.faults)
