"""The audit trail: who did what, when, to which bytes; added to, never changed."""

from typing import Any

import pytest
from sqlalchemy import Connection, event
from tests.support.world import World, function

from midcall.domain.errors import Forbidden, InvalidInput
from midcall.domain.phases import Phase
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.service.functions.form import parse_function
from midcall.storage.listings import PageRequest

DAY_MS = 24 * 3600 * 1000


def test_every_act_is_told_with_who_did_it_under_which_key(world: World) -> None:
    """Functions, versions, decisions, keys, settings: in the order they happened."""
    world.clock.advance(5)
    world.published()
    world.catalog.describe(world.caller, "lookup", display_name="Look up", tags=["a"])
    world.catalog.add_version(world.caller, "lookup", {"timeout": 5}, base=None, if_match=None)
    world.reviews.submit(world.caller, "lookup", 2)
    world.catalog.publish(world.caller, "lookup", 2, "production")
    world.catalog.publish(world.caller, "lookup", 1, "production")
    world.agent(("lookup", Phase.DURING_SESSION))
    world.catalog.archive(world.caller, "lookup")
    key = world.colleague("ci", Scope.READ).key
    world.access.rotate(world.caller, key.id, grace_s=0)
    world.access.revoke(world.caller, key.id)
    world.workspaces.change(world.caller, {"max_in_flight": 5})
    world.signing.rotate(world.caller)
    lines = world.told()
    assert [line.act for line in lines[:2]] == ["workspace.create", "key.create"]
    assert {(line.principal, line.key_id) for line in lines[:2]} == {("operator", None)}
    assert [line.act for line in lines[2:]] == [
        *("function.create", "version.submit", "function.publish", "function.describe"),
        *(
            "version.create",
            "version.submit",
            "function.publish",
            "function.roll_back",
            "agent.put",
            "function.archive",
        ),
        *("key.create", "key.rotate", "key.revoke", "workspace.change", "workspace.rotate_signing_secret"),
    ]
    assert {(line.principal, line.key_id) for line in lines[2:]} == {("first-admin", world.caller.key.id)}
    assert {line.at for line in lines[2:]} == {world.clock.now}


def test_two_keys_of_one_principal_are_told_apart(world: World) -> None:
    """The principal alone would not say which key is to be revoked."""
    twin = world.colleague(world.caller.principal, Scope.WRITE)
    world.draft()
    world.reviews.submit(twin, "lookup", 1)
    created, submitted = world.told(function="lookup")
    assert created.principal == submitted.principal
    assert (created.key_id, submitted.key_id) == (world.caller.key.id, twin.key.id)


def test_a_submit_tells_which_bytes_were_judged_by_which_rules_and_why(world: World) -> None:
    """Digest, policy, outcome, and the rules that spoke; not the source, nor what the comments quote of it."""
    world.draft(code={"source": "fault = 'a literal of the source'"}, description="Short.")
    review = world.reviews.submit(world.caller, "lookup", 1)
    (line,) = world.told("version.submit")
    assert (line.function, line.detail) == (
        "lookup",
        {
            "version": 1,
            "sha256": review["sha256"],
            "author": "first-admin",
            "status": "changes_requested",
            "policy": "test.1",
            "errors": ["test.fault"],
            "warnings": ["naming-description"],
        },
    )


@pytest.mark.parametrize(("decision", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_persons_decision_is_told_with_the_reason(world: World, decision: str, status: str) -> None:
    """Who decided, about whose version, under which policy, and what they said."""
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    view = world.draft()
    world.reviews.submit(world.caller, "lookup", 1)
    judge = world.colleague("judge", Scope.REVIEW)
    getattr(world.reviews, decision)(judge, "lookup", 1, "Seen it.")
    line = world.told("version")[-1]
    assert (line.act, line.principal, line.key_id) == (f"version.{decision}", "judge", judge.key.id)
    told = {"version": 1, "author": "first-admin", "status": status, "policy": "test.1", "comment": "Seen it."}
    assert line.detail == {**told, "sha256": view.version.sha256}


def test_what_is_published_is_told_by_its_bytes(world: World) -> None:
    """And what ran before it."""
    world.published()
    view = world.catalog.get(world.caller, "lookup")
    (line,) = world.told("function.publish")
    told = {"version": 1, "sha256": view.version.sha256, "environment": "production", "before": None}
    assert line.detail == told


def test_a_change_of_settings_tells_what_was_and_what_is(world: World) -> None:
    """Of what changed alone; of a callback's URL the host alone, for platforms put tokens into them."""
    url = "https://user:pass@hooks.example.com/T0/secret-token?key=s3cret"
    world.workspaces.change(world.caller, {"callback_url": url, "approval": ApprovalMode.HUMAN, "max_in_flight": 100})
    (line,) = world.told("workspace.change")
    assert line.detail == {
        "approval": {"before": "auto", "after": "human"},
        "callback_url": {"before": None, "after": "hooks.example.com"},
    }


def test_a_session_deleted_for_its_age_is_told(world: World) -> None:
    """By midcall itself, which has no key; and only by whoever deleted it."""
    world.agent()
    world.workspaces.change(world.caller, {"retention_days": 1})
    session = world.started()
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    world.clock.advance(DAY_MS + 1)
    world.session_sweep.sweep()
    world.session_sweep.sweep()
    (line,) = world.told("session")
    assert (line.act, line.principal, line.key_id, line.subject) == ("session.expire", "midcall", None, session.id)


def test_no_secret_and_no_source_is_in_the_trail(world: World) -> None:
    """Not of a key, not of a callback, not what functions are made of."""
    new = world.access.create(world.caller, principal="ci", scopes=frozenset({Scope.READ}), agents=())
    rotated = world.access.rotate(world.caller, new.key.id, grace_s=60)
    signing = world.signing.rotate(world.caller)
    brought = "key_" + "a1b2" * 8
    world.signing.rotate(world.caller, brought)
    world.workspaces.change(world.caller, {"callback_url": "https://example.com/tok3n"})
    world.published()
    text = str(world.told())
    for secret in (new.token, rotated.token):
        assert secret.split("_", 2)[2] not in text
    for key in (new.key, rotated.key):
        assert key.secret_hash not in text
    assert signing.current not in text
    assert brought not in text
    assert "tok3n" not in text
    assert "def handler" not in text


def test_the_line_is_written_with_what_it_tells_of(world: World) -> None:
    """If the line cannot be written, nothing is done."""

    def refuse(_c: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("INSERT INTO audit"):
            raise RuntimeError

    view = world.approved()
    judge = world.colleague("judge", Scope.REVIEW)
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    world.draft("waiting")
    world.reviews.submit(world.caller, "waiting", 1)
    world.draft("new")
    before = [world.catalog.get(world.caller, name) for name in ("lookup", "new", "waiting")]
    event.listen(world.engine, "before_cursor_execute", refuse)
    acts: list[Any] = [
        lambda: world.catalog.create(world.caller, parse_function(function("other"))),
        lambda: world.catalog.describe(world.caller, "lookup", display_name="x", tags=None),
        lambda: world.catalog.add_version(world.caller, "lookup", {"timeout": 3}, base=None, if_match=None),
        lambda: world.catalog.publish(world.caller, "lookup", 1, "production"),
        lambda: world.catalog.archive(world.caller, "lookup"),
        lambda: world.reviews.submit(world.caller, "new", 1),
        lambda: world.reviews.approve(judge, "waiting", 1, ""),
        lambda: world.reviews.reject(judge, "waiting", 1, ""),
        lambda: world.access.create(world.caller, principal="x", scopes=frozenset({Scope.READ}), agents=()),
        lambda: world.access.revoke(world.caller, judge.key.id),
        lambda: world.workspaces.change(world.caller, {"max_in_flight": 3}),
        lambda: world.workspaces.create("second", principal="x"),
    ]
    for act in acts:
        with pytest.raises(RuntimeError):
            act()
    event.remove(world.engine, "before_cursor_execute", refuse)
    assert [world.catalog.get(world.caller, name) for name in ("lookup", "new", "waiting")] == before
    assert before[0].version == view.version
    assert [view.function.name for view in world.catalog.page(world.caller, PageRequest())] == [
        "lookup",
        "new",
        "waiting",
    ]
    assert world.workspaces.get(world.caller).settings.max_in_flight == 100
    assert not world.workspaces.exists("second")
    assert [(key.principal, key.revoked_at) for key in world.access.page(world.caller, PageRequest())] == [
        ("first-admin", None),
        ("judge", None),
    ]


def test_the_trail_is_read_newest_first_a_page_at_a_time(world: World) -> None:
    """Each line once; a cursor that is none is an invalid input."""
    for name in ("one", "two", "three"):
        world.draft(name)
    pages = [world.trail.page(world.caller, PageRequest(2), function=None, kind=None)]
    while len(pages[-1]) == 2:
        cursor = str(pages[-1][-1].id)
        pages.append(world.trail.page(world.caller, PageRequest(2, cursor), function=None, kind=None))
    flat = [line for page in pages for line in page]
    assert [line.function for line in flat] == ["three", "two", "one", None, None]
    for bad in ("x", "1" * 19, "-1", "\u0663"):
        with pytest.raises(InvalidInput):
            world.trail.page(world.caller, PageRequest(2, bad), function=None, kind=None)


def test_lines_are_found_by_function_and_by_kind(world: World) -> None:
    """By a noun or a whole act; a function's past namesake is part of its history."""
    world.published("one")
    world.approved("two")
    world.catalog.archive(world.caller, "one")
    world.draft("one")
    acts = ["function.create", "version.submit", "function.publish", "function.archive", "function.create"]
    assert [line.act for line in world.told(function="one")] == acts
    assert [line.function for line in world.told("version.submit")] == ["one", "two"]
    assert [line.act for line in world.told("function", "two")] == ["function.create"]
    assert [line.act for line in world.told("key")] == ["key.create"]
    for nothing in ("ke", "key_", "version.sub", "%"):
        assert world.told(nothing) == []
    assert world.told(function="nobody") == []


def test_who_is_no_admin_reads_what_happened_to_functions_alone(world: World) -> None:
    """Keys, settings and sessions are an admin's to see; a key limited to agents sees nothing."""
    world.approved()
    world.agent(("lookup", Phase.DURING_SESSION))
    reader = world.colleague("reader", Scope.READ)
    seen = world.trail.page(reader, PageRequest(), function=None, kind=None)
    assert [line.act for line in seen] == ["version.submit", "function.create"]
    assert world.trail.page(reader, PageRequest(), function=None, kind="key") == []
    limited = world.colleague("agent", Scope.READ, agents=("front_desk",))
    with pytest.raises(Forbidden):
        world.trail.page(limited, PageRequest(), function=None, kind=None)


def test_another_workspaces_trail_is_not_shown(world: World) -> None:
    """Not under the same function's name either."""
    other = world.workspace("second")
    world.published()
    world.draft(caller=other)
    assert [line.act for line in world.trail.page(other, PageRequest(), function="lookup", kind=None)] == [
        "function.create"
    ]
    assert {line.principal for line in world.trail.page(other, PageRequest(), function=None, kind=None)} == {
        "operator",
        "second-admin",
    }
