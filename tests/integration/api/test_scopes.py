"""Each route with a key of each single scope: let in, or 403."""

from typing import Any

import pytest
from tests.support.contract import Route, routes_of
from tests.support.serving import Client, Served

from midcall.app import create_app
from midcall.bootstrap.settings import Settings

OPEN = {"GET /healthz", "GET /readyz"}
#: Vendors call these; what lets them in is a secret of their own, and no key does.
VENDORS = {
    "POST /v1/adapters/{adapter_id}",
    "POST /v1/adapters/{adapter_id}/functions/{name}",
    "POST /v1/adapters/{adapter_id}/inbound",
    "POST /v1/adapters/{adapter_id}/events",
    "POST /v1/adapters/{adapter_id}/initiation",
    "POST /v1/adapters/{adapter_id}/post-call",
}
#: The scope besides `admin` that opens a route, or several of which any does.
NEEDED = {
    "GET /v1/workspace": "read",
    "PATCH /v1/workspace": "admin",
    "POST /v1/workspace/signing-secret": "admin",
    "POST /v1/functions": "write",
    "GET /v1/functions": "read",
    "GET /v1/functions/{name}": "read",
    "PATCH /v1/functions/{name}": "write",
    "DELETE /v1/functions/{name}": "write",
    "POST /v1/functions/{name}/versions": "write",
    "GET /v1/functions/{name}/versions": "read",
    "GET /v1/functions/{name}/versions/{number}": "read",
    "POST /v1/functions/{name}/versions/{number}/submit": "write",
    "POST /v1/functions/{name}/versions/{number}/approve": "review",
    "POST /v1/functions/{name}/versions/{number}/reject": "review",
    "POST /v1/functions/{name}/publish": "write",
    "POST /v1/functions/{name}/test": "write",
    "POST /v1/functions/{name}/invoke": "run",
    "GET /v1/functions/{name}/tests": "read",
    "GET /v1/functions/{name}/tests/{case}": "read",
    "PUT /v1/functions/{name}/tests/{case}": "write",
    "DELETE /v1/functions/{name}/tests/{case}": "write",
    "POST /v1/functions/{name}/tests": "write",
    "POST /v1/invocations/{invocation_id}/test-case": "write",
    "GET /v1/actions": "read",
    "POST /v1/review": "write",
    "POST /v1/import": "write",
    "GET /v1/invocations": "read run",
    "GET /v1/invocations/{invocation_id}": "read run",
    "POST /v1/invocations/{invocation_id}/replay": "write",
    "PUT /v1/agents/{name}": "write",
    "GET /v1/agents": "read",
    "GET /v1/agents/{name}": "read",
    "GET /v1/agents/{name}/tools": "read run",
    "PUT /v1/adapters/{adapter_id}": "write",
    "GET /v1/adapters": "read",
    "GET /v1/adapters/{adapter_id}": "read",
    "DELETE /v1/adapters/{adapter_id}": "write",
    "PUT /v1/credentials/{name}": "write",
    "GET /v1/credentials": "read",
    "GET /v1/credentials/{name}": "read",
    "POST /v1/credentials/{name}/test": "write",
    "POST /v1/assistant/code": "write",
    "DELETE /v1/credentials/{name}": "write",
    "POST /api/v2/functions": "write",
    "GET /api/v2/functions": "read",
    "GET /api/v2/functions/{function_id}": "read",
    "PUT /api/v2/functions/{function_id}": "write",
    "PATCH /api/v2/functions/{function_id}": "write",
    "DELETE /api/v2/functions/{function_id}": "write",
    "POST /v1/sessions": "run",
    "GET /v1/sessions": "read run",
    "GET /v1/sessions/{session_id}": "read run",
    "PATCH /v1/sessions/{session_id}": "run",
    "DELETE /v1/sessions/{session_id}": "write",
    "POST /v1/sessions/{session_id}/end": "run",
    "POST /v1/sessions/{session_id}/functions/{name}": "run",
    "GET /v1/sessions/{session_id}/events": "read run",
    "GET /v1/audit": "read",
    "POST /v1/keys": "admin",
    "GET /v1/keys": "read",
    "DELETE /v1/keys/{key_id}": "admin",
    "POST /v1/keys/{key_id}/rotate": "admin",
}
SCOPES = ("read", "run", "write", "review", "admin")
ROUTES = list(routes_of(create_app(Settings())))


def code_of(found: Any) -> Any:
    """Return the stable word of an error, in our own form or in Vocobase's."""
    return found["error"]["code"] if "error" in found else found["code"]


@pytest.fixture(scope="module")
def keyring(served: Served) -> dict[str, Client]:
    """Make a key of each single scope in one workspace."""
    admin = served.tenant()
    return {scope: served.colleague(admin, f"{scope}-alone", scope) for scope in SCOPES}


def test_the_table_has_every_route() -> None:
    """A new route must say which scope opens it."""
    assert {str(route) for route in ROUTES} == set(NEEDED) | OPEN | VENDORS


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) in NEEDED], ids=str)
def test_a_route_opens_for_its_scope_and_admin_alone(keyring: dict[str, Client], route: Route, scope: str) -> None:
    """A key without the scope gets 403 before anything about the call is looked at."""
    path = route.path.format(
        name="no_such",
        number=1,
        invocation_id="inv_no_such",
        key_id="key_no_such",
        session_id="s",
        adapter_id="no-such",
        function_id="fn_no_such",
        case="no such",
    )
    body = None if route.method == "GET" else {"no": "such field"}
    response = keyring[scope].send(route.method, path, json=body)
    if scope in {*NEEDED[str(route)].split(), "admin"}:
        assert response.status_code in {200, 404, 422}
    else:
        assert (response.status_code, code_of(response.json())) == (403, "forbidden")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) in VENDORS], ids=str)
def test_no_key_of_ours_opens_what_vendors_call(keyring: dict[str, Client], route: Route, scope: str) -> None:
    """Not even an admin's: whoever comes in there acts as the adapter."""
    path = route.path.format(adapter_id="no-such", name="f")
    assert keyring[scope].problem(401, route.method, path, {})["code"] == "unauthenticated"


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_route_without_a_key_answers_401_unless_it_is_health(served: Served, route: Route) -> None:
    """Whatever else is wrong with the call: who one is comes first."""
    path = route.path.format(
        name="a b",
        number="x",
        invocation_id="y",
        key_id="z",
        session_id="s",
        adapter_id="A b",
        function_id="x",
        case=" a",
    )
    nobody = served.client(None)
    response = nobody.send(route.method, path, json=None if route.method == "GET" else [1])
    if str(route) in OPEN:
        assert response.status_code in {200, 503}
    else:
        assert (response.status_code, code_of(response.json())) == (401, "unauthenticated")


def test_a_key_that_only_runs_reads_what_it_made_itself(served: Served) -> None:
    """Its session, the events, the invocations; of what others made not even that it ran."""
    admin = served.tenant()
    admin.published("look")
    admin.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "look", "phase": "during_session"}]})
    runner = served.colleague(admin, "runner", "run")
    for who, session in ((runner, "own"), (admin, "other")):
        who.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": session}, status=201)
        called = who.ok("POST", f"/v1/sessions/{session}/functions/look", {})
        who.ok("POST", f"/v1/sessions/{session}/end", {"analysis": {}}, status=202)
        paths = (
            f"/v1/sessions/{session}",
            f"/v1/sessions/{session}/events",
            f"/v1/invocations/{called['invocation_id']}",
        )
        for path in paths:
            admin.ok("GET", path)
            if who is runner:
                runner.ok("GET", path)
            else:
                assert "what it made itself" in runner.problem(403, "GET", path)["detail"]
    # One may go on with a session that another began, and reads what one asked for there.
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "shared"}, status=201)
    mine = runner.ok("POST", "/v1/sessions/shared/functions/look", {})["invocation_id"]
    assert runner.ok("GET", f"/v1/invocations/{mine}")["id"] == mine
    assert [each["sessionId"] for each in runner.ok("GET", "/v1/sessions")["items"]] == ["own"]
    assert {each["principal"] for each in runner.ok("GET", "/v1/invocations")["items"]} == {"runner"}
    assert [each["id"] for each in runner.ok("GET", "/v1/invocations?session=shared")["items"]] == [mine]
    assert runner.ok("GET", "/v1/invocations?session=other")["items"] == []
    assert len(admin.ok("GET", "/v1/sessions")["items"]) == len(admin.ok("GET", "/v1/invocations")["items"]) == 3
    runner.problem(403, "GET", "/v1/sessions/shared")
    said = {"contact": {"name": "Ada"}, "dynamicVariables": {"pin": "1234"}}
    admin.ok("PATCH", "/v1/sessions/shared", {**said, "transcript": [{"role": "user", "content": "My pin is 1234."}]})
    answers = (
        runner.ok("PATCH", "/v1/sessions/shared", {}),
        runner.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "shared"}),
        runner.ok("POST", "/v1/sessions/shared/end", {}, status=202),
    )
    for answer in answers:
        assert answer["sessionId"] == "shared"
        assert not any(word in str(answer) for word in ("1234", "Ada", mine))
