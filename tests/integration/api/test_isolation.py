"""Tenants never see each other: generated from the routes themselves, so a new route is tested the day it is added."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.contract import Route, routes_of
from tests.support.serving import Client, Served

from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.storage.schema import metadata

ROUTES = list(routes_of(create_app(Settings())))
ALL_SCOPES = ("read", "run", "write", "review", "admin")


class Victim:
    """A workspace with one of everything that a path or a body can name."""

    def __init__(self, served: Served) -> None:
        self.admin = served.tenant("victim")
        self.admin.published("victims_function")
        outcome = self.admin.ok("POST", "/v1/functions/victims_function/invoke", {})
        # The agent has the function's own name, so that `{name}` names something whatever stands before it.
        case = {"expect": {"status": "ok"}}
        self.admin.ok("PUT", "/v1/functions/victims_function/tests/victims_case", case, status=201)
        attached = [{"function": "victims_function", "phase": "during_session"}]
        agent = self.admin.ok("PUT", "/v1/agents/victims_function", {"functions": attached})
        hook = {"name": "victims_hook", "description": "The victim's webhook.", "url": "https://victim.example.com"}
        hooked = self.admin.ok("POST", "/api/v2/functions", hook, status=201)["data"]
        adapter = {"vendor": "vapi", "agent": "victims_function", "secret": "victims-secret"}
        self.admin.ok("PUT", "/v1/adapters/victims-adapter", adapter)
        started = {"agent": "victims_function", "sessionId": "victims_session"}
        self.admin.ok("POST", "/v1/sessions", started, status=201)
        self.admin.ok("POST", "/v1/sessions/victims_session/functions/victims_function", {})
        ended = {"agent": "victims_function", "sessionId": "victims_ended_session"}
        self.admin.ok("POST", "/v1/sessions", ended, status=201)
        self.admin.ok("POST", "/v1/sessions/victims_ended_session/end", {"analysis": {}}, status=202)
        credential = {"type": "basic", "values": {"username": "victims_user", "password": "x"}}
        self.admin.ok("PUT", "/v1/credentials/victims_function", credential)
        waiting = self.admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
        self.admin.ok("POST", "/v1/functions/victims_function/versions", {"timeout": 7}, status=201)
        self.admin.ok("POST", "/v1/functions/victims_function/versions/2/submit")
        key = self.admin.ok("POST", "/v1/keys", {"principal": "victims-key", "scopes": ["read"]}, status=201)
        #: Each parameter of a path, with what it names in this workspace; version 2 waits for a decision.
        self.names = {
            "name": "victims_function",
            "number": 2,
            "invocation_id": outcome["invocation_id"],
            "key_id": key["id"],
            "session_id": "victims_session",
            "adapter_id": "victims-adapter",
            "function_id": hooked["id"],
            "case": "victims_case",
        }
        self.marks = ["victim", waiting["id"], str(self.names["invocation_id"]), key["id"], agent["id"]]


@pytest.fixture(scope="module")
def victim(served: Served) -> Victim:
    """Make the workspace that must not be seen."""
    return Victim(served)


@pytest.fixture(scope="module")
def intruders(served: Served) -> list[Client]:
    """Make two keys of another workspace: an admin's, and one that has every scope by name."""
    admin = served.tenant("intruder")
    return [admin, served.colleague(admin, "intruder-too", *ALL_SCOPES)]


@pytest.fixture
def _unchanged(served: Served, victim: Victim, intruders: list[Client]) -> Iterator[None]:
    before = snapshot(served)
    yield
    assert snapshot(served) == before


def snapshot(served: Served) -> list[str]:
    """Return every row of every table."""
    with served.engine.connect() as connection:
        return [f"{table.name} {row}" for table in metadata.sorted_tables for row in connection.execute(select(table))]


def body_of(document: Mapping[str, Any], route: Route) -> Any:
    """Make the smallest body that a route's own schema takes."""
    operation = document["paths"][route.path][route.method.lower()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else sample(document, content["schema"])


def sample(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Make a value of a schema: what is required, and of that the least."""
    if "$ref" in schema:
        return sample(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return sample(document, schema[either][0])
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: sample(document, properties[name]) for name in schema.get("required", [])}
    if kind == "array":
        return [sample(document, schema["items"])] * schema.get("minItems", 0)
    return {"integer": int(schema.get("minimum", 1)), "string": "x", "boolean": True}[str(kind)]


@pytest.mark.usefixtures("_unchanged")
@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.path], ids=str)
def test_what_another_workspace_owns_is_a_404(
    served: Served, victim: Victim, intruders: list[Client], route: Route
) -> None:
    """Not 403, which would say that it is there; not 200; and nothing changes."""
    path = route.path.format(**victim.names)
    body = body_of(served.contract.document, route)
    for intruder in intruders:
        if creates(route) or is_a_vendors(route):
            continue
        found = told(intruder.problem(404, route.method, path, body))
        assert found["code"] == "not_found"


def told(found: Any) -> Any:
    """Return code and detail of an error, in our own form or in Vocobase's."""
    error = found.get("error")
    return found if error is None else {"code": error["code"], "detail": error["message"]}


def creates(route: Route) -> bool:
    """Tell whether a route makes what its path names, in the caller's own workspace."""
    return str(route) in {"PUT /v1/agents/{name}", "PUT /v1/credentials/{name}", "PUT /v1/adapters/{adapter_id}"}


def is_a_vendors(route: Route) -> bool:
    """Tell whether a vendor calls a route, whom no key lets in."""
    return route.method == "POST" and "{adapter_id}" in route.path


@pytest.mark.usefixtures("_unchanged")
@pytest.mark.parametrize("route", [route for route in ROUTES if is_a_vendors(route)], ids=str)
def test_what_a_vendor_calls_is_a_401_whether_it_is_there_or_not(
    victim: Victim, intruders: list[Client], route: Route
) -> None:
    """With a key of another workspace, or with their own."""
    answers = set()
    for client in (*intruders, victim.admin):
        for adapter in ("victims-adapter", "nobodys-adapter"):
            path = route.path.format(**{**victim.names, "adapter_id": adapter})
            answers.add(client.problem(401, route.method, path, {"message": {}})["detail"])
    assert len(answers) == 1


def test_an_adapters_id_is_taken_for_all_workspaces(victim: Victim, intruders: list[Client]) -> None:
    """Its address names no workspace; whoever finds an id taken learns only that."""
    theirs = victim.admin.ok("GET", "/v1/adapters/victims-adapter")
    intruders[0].ok("PUT", "/v1/agents/own", {})
    mine = {"vendor": "retell", "agent": "own", "secret": "intruders-secret"}
    found = intruders[0].problem(409, "PUT", "/v1/adapters/victims-adapter", mine)
    assert found["code"] == "adapter_id_taken"
    assert "victim" not in found["detail"]
    assert victim.admin.ok("GET", "/v1/adapters/victims-adapter") == theirs


def test_an_agent_of_another_workspaces_name_is_another_agent(victim: Victim, intruders: list[Client]) -> None:
    """PUT makes one's own, and changes nothing of theirs; functions of theirs cannot be attached."""
    theirs = victim.admin.ok("GET", "/v1/agents/victims_function")
    attached = [{"function": "victims_function", "phase": "during_session"}]
    found = intruders[0].problem(422, "PUT", "/v1/agents/victims_function", {"functions": attached})
    assert [fault["loc"] for fault in found["errors"]] == ["functions.0.function"]
    assert victim.admin.ok("GET", "/v1/agents/victims_function") == theirs


def test_a_credential_of_another_workspaces_name_is_another_credential(served: Served, victim: Victim) -> None:
    """PUT makes one's own: nothing of theirs is kept in it, and nothing of theirs changes."""
    # Whose own audit trail has the name from now on.
    other = served.tenant("other")
    path = "/v1/credentials/victims_function"
    theirs = victim.admin.ok("GET", path)
    mask = {"type": "basic", "values": {"username": "mine", "password": "********"}}
    found = other.problem(422, "PUT", path, mask)
    assert [fault["loc"] for fault in found["errors"]] == ["values.password"]
    mine = other.ok("PUT", path, {"type": "bearer", "values": {"token": "mine"}})
    assert (mine["type"], mine["used_by"]) == ("bearer", [])
    other.ok("DELETE", path, status=204)
    assert victim.admin.ok("GET", path) == theirs


def test_importing_under_another_workspaces_name_makes_ones_own(served: Served, victim: Victim) -> None:
    """An import creates in the caller's workspace alone, whoever has a function of that name."""
    theirs = victim.admin.ok("GET", "/v1/functions/victims_function")
    config = {"name": "victims_function", "description": "Mine.", "url": "https://api.example.com/mine"}
    body = {"vendor": "retell", "config": config, "save": True}
    other = served.tenant()  # the intruders' audit trail names nothing of the victim's
    answer = other.ok("POST", "/v1/import", body)
    assert [mark for mark in victim.marks if mark in str(answer).replace("victims_function", "")] == []
    other.ok("DELETE", "/v1/functions/victims_function", status=204)
    assert victim.admin.ok("GET", "/v1/functions/victims_function") == theirs


def test_a_session_of_another_workspaces_id_is_another_session(victim: Victim, intruders: list[Client]) -> None:
    """Each workspace's runtime chooses ids as it likes."""
    theirs = victim.admin.ok("GET", "/v1/sessions/victims_session")
    intruders[0].ok("PUT", "/v1/agents/own", {})
    mine = intruders[0].ok("POST", "/v1/sessions", {"agent": "own", "sessionId": "victims_session"}, status=201)
    assert (mine["agent"], mine["invocations"]) == ("own", [])
    intruders[0].ok("PATCH", "/v1/sessions/victims_session", {"dynamicVariables": {"mine": 1}})
    intruders[0].ok("POST", "/v1/sessions/victims_session/end", {"analysis": {}}, status=202)
    intruders[0].ok("DELETE", "/v1/sessions/victims_session", status=204)
    assert victim.admin.ok("GET", "/v1/sessions/victims_session") == theirs
    found = intruders[0].problem(404, "POST", "/v1/sessions", {"agent": "victims_function", "sessionId": "x"})
    assert found["code"] == "not_found"


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.path], ids=str)
def test_what_another_workspace_owns_looks_like_what_is_not_there(
    served: Served, victim: Victim, intruders: list[Client], route: Route
) -> None:
    """The two answers differ in nothing but the name that was asked for."""
    if creates(route) or is_a_vendors(route):
        return
    body = body_of(served.contract.document, route)
    nothing = {"name": "nobodys_function", "invocation_id": "inv_0", "key_id": "key_0", "session_id": "nobodys"}
    nothing |= {"adapter_id": "nobodys-adapter", "function_id": "fn_0"}
    nowhere = {**victim.names, **nothing}
    theirs = told(intruders[0].problem(404, route.method, route.path.format(**victim.names), body))
    none = told(intruders[0].problem(404, route.method, route.path.format(**nowhere), body))
    assert (
        theirs["detail"].replace("victims_function", "nobodys_function").replace("victims-", "nobodys-")
        == none["detail"]
    )


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "GET" and "{" not in r.path], ids=str)
def test_no_listing_shows_anything_of_another_workspace(victim: Victim, intruders: list[Client], route: Route) -> None:
    """Whatever has no name in its path shows the caller's own workspace alone."""
    for intruder in intruders:
        text = intruder.send("GET", route.path).text
        assert [mark for mark in victim.marks if mark in text] == []


def test_the_victim_itself_finds_all_of_it(victim: Victim) -> None:
    """The names above are real: with the victim's own key every GET of them is a 200."""
    for route in ROUTES:
        if route.method == "GET" and route.path.startswith("/v1"):
            # An event stream ends by itself where the session is over.
            over = {"session_id": "victims_ended_session"} if route.path.endswith("/events") else {}
            victim.admin.ok("GET", route.path.format(**{**victim.names, **over}))


def test_filters_and_cursors_of_another_workspace_show_nothing(victim: Victim, intruders: list[Client]) -> None:
    """An id of another workspace is good for nothing as a place to go on from either."""
    name, invocation = victim.names["name"], victim.names["invocation_id"]
    for query in (f"function={name}", f"cursor={invocation}z", "status=succeeded", "session=victims_session"):
        assert intruders[0].ok("GET", f"/v1/invocations?{query}")["items"] == []
    newest = int(victim.admin.ok("GET", "/v1/audit?limit=1")["items"][0]["id"])
    assert intruders[0].ok("GET", f"/v1/audit?function={name}")["items"] == []
    text = intruders[0].send("GET", f"/v1/audit?limit=200&cursor={newest + 1}").text
    assert [mark for mark in victim.marks if mark in text] == []


def test_the_victims_own_trail_tells_of_all_that_could_be_seen(victim: Victim) -> None:
    """So the marks that no intruder finds are there to be found."""
    text = victim.admin.send("GET", "/v1/audit?limit=200").text
    workspace, key, agent = victim.marks[1], victim.names["key_id"], victim.marks[-1]
    assert [mark for mark in (workspace, key, agent, "victims_function") if mark not in text] == []
    named = {line["function"] for line in victim.admin.ok("GET", "/v1/audit?kind=version")["items"]}
    assert named == {"victims_function", "victims_hook"}
