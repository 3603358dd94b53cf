"""`POST /v1/sessions?tools=FORMAT`: a session's functions as tools, of the versions that it holds."""

import json
from typing import Any

import pytest
from tests.support.serving import Client, Served

from midcall.vendors.tools.export import CALLING, Format


@pytest.fixture(scope="module")
def owner(served: Served) -> Client:
    """Make a workspace whose agent has a function in each phase."""
    owner = served.tenant()
    for name in ("before", "lookup", "after"):
        owner.published(name, description=f"The first {name}.")
    attached: list[dict[str, Any]] = [
        {"function": "before", "phase": "pre_session"},
        {"function": "lookup", "phase": "during_session", "timeout": 5, "messages": {"started": ["One moment."]}},
        {"function": "after", "phase": "post_session"},
    ]
    owner.ok("PUT", "/v1/agents/desk", {"functions": attached})
    return owner


def start(owner: Client, session: str, wanted: str | None, status: int = 201) -> Any:
    """Start a session."""
    query = "" if wanted is None else f"?tools={wanted}"
    return owner.ok("POST", f"/v1/sessions{query}", {"agent": "desk", "sessionId": session}, status=status)


@pytest.mark.parametrize("wanted", Format)
def test_a_session_starts_with_its_tools_in_every_format(owner: Client, wanted: Format) -> None:
    """As the agent's list has them: what can be called during the session alone."""
    found = start(owner, f"in-{wanted.value}", wanted.value)
    listed = owner.ok("GET", f"/v1/agents/desk/tools?format={wanted.value}")
    assert (found["sessionId"], found["status"]) == (f"in-{wanted.value}", "active")
    assert found["tools"] == listed["tools"]
    assert found["tools_problems"] == listed["problems"]
    assert ([each["loc"] for each in found["tools_problems"]][:2] == ["adapter", "url"]) is (wanted in CALLING)
    assert found["tools_execution"] == listed["execution"]
    assert found["tools_execution"]["lookup"]["started"] == ["One moment."]
    assert "The first lookup." in json.dumps(found["tools"])
    assert "before" not in json.dumps(found["tools"])


def test_a_session_shows_no_tools_where_none_are_asked_for(owner: Client) -> None:
    """Nor where it is read."""
    start(owner, "plain", "openai")
    assert "tools" not in start(owner, "unasked", None)
    assert "tools" not in owner.ok("GET", "/v1/sessions/plain")


def test_a_session_that_goes_on_shows_the_versions_it_began_with(owner: Client, served: Served) -> None:
    """Whatever was published, attached or archived since; a new one shows what is there now."""
    start(owner, "older", "mcp")
    owner.ok("POST", "/v1/functions/lookup/versions", {"description": "The second lookup."}, status=201)
    owner.ok("POST", "/v1/functions/lookup/versions/2/submit")
    owner.ok("POST", "/v1/functions/lookup/publish", {"version": 2})
    assert [tool["description"] for tool in start(owner, "older", "mcp", 200)["tools"]] == ["The first lookup."]
    assert [tool["description"] for tool in start(owner, "newer", "mcp")["tools"]] == ["The second lookup."]
    runner = served.colleague(owner, "runtime", "run", agents=("desk",))
    assert [tool["name"] for tool in start(runner, "older", "mcp", 200)["tools"]] == ["lookup"]
    owner.ok("PUT", "/v1/agents/desk", {"functions": []})
    owner.send("DELETE", "/v1/functions/lookup")
    [tool] = start(owner, "older", "mcp", 200)["tools"]
    assert (tool["name"], tool["description"]) == ("lookup", "The first lookup.")
    assert start(owner, "newest", "mcp")["tools"] == []


def test_an_unknown_format_starts_nothing(owner: Client) -> None:
    """A 422 that names those there are."""
    body = {"agent": "desk", "sessionId": "never"}
    found = owner.problem(422, "POST", "/v1/sessions?tools=openapi", body)
    assert [fault["loc"] for fault in found["errors"]] == ["tools"]
    assert "'openai_responses'" in found["errors"][0]["msg"]
    owner.problem(404, "GET", "/v1/sessions/never")
