from typing import Any

import pytest
from tests.support.credentials import name_in_versions
from tests.support.world import World

from midcall.domain.agent import Attachment
from midcall.domain.function_config import FunctionConfig
from midcall.domain.phases import Phase
from midcall.service.credentials.uses import find_uses


def webhook(**parts: Any) -> dict[str, Any]:
    """Make the document of a webhook with these parts."""
    return {"kind": "webhook", "webhook": {"url": "https://example.com", **parts}}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (webhook(auth={"type": "credential", "credential": "crm"}), {"crm"}),
        (webhook(headers={"X-A": "k {{ secret.crm.token }} {{secret.b.key}}"}), {"crm", "b"}),
        (webhook(auth={"type": "bearer", "token": "{{secret.b.key}}"}), {"b"}),
        (webhook(body={"credential": "no"}, query={"secret.crm.x": "secret.crm.x"}), set()),
        ({"code": {"source": "x", "actions": ["http", {"name": "http.get", "credentials": ["a", "b"]}]}}, {"a", "b"}),
        ({"code": {"source": "'credential'; '{{secret.a.b}}'", "actions": ["http"]}}, set()),
        ({"code": {"source": "x"}, "messages": {"credential": "no"}}, set()),
    ],
)
def test_names_are_read_from_where_versions_name_credentials(config: dict[str, Any], named: set[str]) -> None:
    """In auth, templates and declarations; not in a body, a source or a message that happens to hold the word."""
    assert FunctionConfig.from_stored(config).credentials_named() == named


def versioned(world: World, name: str, *credentials: str | None) -> None:
    """Create a function with an approved version for each credential, from version 2 on."""
    world.draft(name)
    name_in_versions(world.storage, world.caller.workspace_id, name, *credentials)


def uses(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find what names credentials, and what of that runs."""
    with world.storage.read() as tx:
        found = find_uses(tx, world.caller.workspace_id, ["old", "pinned", "published", "latest", "crm"])
    return dict(found.by_name), dict(found.running)


def test_latest_published_and_pinned_versions_count_and_no_others(world: World) -> None:
    """What nobody runs and nobody edits any more holds no credential back."""
    versioned(world, "a", "old", "pinned", "published", "latest")
    versioned(world, "b", "latest", None)
    world.catalog.publish(world.caller, "a", 4, "staging")
    world.agent(Attachment("a", Phase.DURING_SESSION, 0, version=3))
    assert uses(world) == (
        {"pinned": ["a"], "published": ["a"], "latest": ["a"]},
        {"pinned": ["a"], "published": ["a"]},
    )


def test_an_archived_function_and_another_workspaces_hold_nothing_back(world: World) -> None:
    """They do not run, or are somebody else's business."""
    versioned(world, "a", "crm")
    world.agent(Attachment("a", Phase.DURING_SESSION, 0, version=2))
    assert uses(world)[1] == {"crm": ["a"]}
    world.catalog.archive(world.caller, "a")
    assert uses(world) == ({}, {})
    with world.storage.read() as tx:
        assert not find_uses(tx, world.workspace("other").workspace_id, ["crm"]).by_name
