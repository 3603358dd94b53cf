"""Keys that are limited to agents: what they reach, route by route; generated, so that a new route cannot slip in."""

from typing import Any

import pytest
from sqlalchemy import update
from tests.integration.api.test_isolation import body_of
from tests.integration.api.test_scopes import NEEDED, OPEN, ROUTES, SCOPES, VENDORS, code_of
from tests.support.contract import Route
from tests.support.databases import rows_of
from tests.support.serving import Client, Served

from midcall.storage.schema import api_keys

#: What a limited key may ask for, of its own agents alone. All other routes are closed to it, new ones too.
OWN = {
    "GET /v1/agents",
    "GET /v1/agents/{name}",
    "GET /v1/agents/{name}/tools",
    "GET /v1/adapters",
    "GET /v1/adapters/{adapter_id}",
    "POST /v1/sessions",
    "GET /v1/sessions",
    "GET /v1/sessions/{session_id}",
    "PATCH /v1/sessions/{session_id}",
    "POST /v1/sessions/{session_id}/end",
    "POST /v1/sessions/{session_id}/functions/{name}",
    "GET /v1/sessions/{session_id}/events",
    "GET /v1/invocations",
    "GET /v1/invocations/{invocation_id}",
}
LISTS = {"GET /v1/agents", "GET /v1/adapters", "GET /v1/sessions", "GET /v1/invocations"}
#: Names of one's own and of the others' things. What has no agent belongs to the whole workspace.
SHARED = {"number": 1, "case": "a case", "function_id": "fn_x", "key_id": "key_x"}


class TwoAgents:
    """A workspace with two agents, each with a function, an adapter and a session; and keys for the first."""

    def __init__(self, served: Served) -> None:
        self.admin = served.tenant()
        self.served = served
        self.id = self.admin.ok("GET", "/v1/workspace")["id"]
        self.adapters = {}
        self.invocations = {}
        # Who lacks `read` reads what the same principal made.
        same = self.admin.ok("POST", "/v1/keys", {"principal": "limited", "scopes": ["run"]}, status=201)
        runner = served.client(same["secret"])
        for agent in ("mine", "theirs"):
            self.admin.published(agent)
            attached = [{"function": agent, "phase": "during_session"}]
            self.admin.ok("PUT", f"/v1/agents/{agent}", {"functions": attached})
            # Unique in the whole installation.
            self.adapters[agent] = f"{agent}-{self.admin.ok('GET', '/v1/workspace')['id'][-12:]}"
            adapter = {"vendor": "vapi", "agent": agent, "secret": f"secret-of-{agent}"}
            self.admin.ok("PUT", f"/v1/adapters/{self.adapters[agent]}", adapter)
            runner.ok("POST", "/v1/sessions", {"agent": agent, "sessionId": agent}, status=201)
            called = runner.ok("POST", f"/v1/sessions/{agent}/functions/{agent}", {})
            self.invocations[agent] = called["invocation_id"]
        self.limited = self.overgrown("run", "read")
        self.older = self.overgrown(*SCOPES)

    def overgrown(self, *scopes: str) -> Client:
        """Make a limited key, and give its row whatever scopes: older ones have more than may be asked for now."""
        wanted = {"principal": "limited", "scopes": ["run"], "agents": ["mine"]}
        made = self.admin.ok("POST", "/v1/keys", wanted, status=201)
        with self.served.engine.begin() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == made["id"]).values(scopes=list(scopes)))
        return self.served.client(made["secret"])

    def path(self, route: Route, agent: str) -> str:
        """Fill a route's path with what belongs to an agent."""
        own = {"adapter_id": self.adapters[agent], "invocation_id": self.invocations[agent]}
        return route.path.format(name=agent, session_id=agent, **own, **SHARED)

    def snapshot(self) -> list[str]:
        """Return every row of the workspace."""
        return rows_of(self.served.engine, self.id)


@pytest.fixture(scope="module")
def agents(served: Served) -> TwoAgents:
    """Make the workspace."""
    return TwoAgents(served)


def test_what_a_limited_key_may_ask_for_are_routes_that_there_are() -> None:
    """So that nothing here is left behind when a route goes."""
    assert {str(route) for route in ROUTES} >= OWN
    assert set(NEEDED) >= OWN


@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) not in OWN | OPEN | VENDORS], ids=str)
def test_what_belongs_to_the_workspace_is_closed_to_limited_keys(agents: TwoAgents, route: Route) -> None:
    """Whatever scopes their rows have, and whatever is asked: 403, and nothing changes."""
    body = body_of(agents.served.contract.document, route)
    before = agents.snapshot()
    for key in (agents.limited, agents.older):
        for agent in ("mine", "theirs"):
            found = key.problem(403, route.method, agents.path(route, agent), body)
            assert code_of(found) == "forbidden"
    assert agents.snapshot() == before


@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) in OWN - LISTS], ids=str)
def test_what_belongs_to_other_agents_is_closed_to_limited_keys(agents: TwoAgents, route: Route) -> None:
    """403, and nothing changes."""
    before = agents.snapshot()
    for key in (agents.limited, agents.older):
        body = {"agent": "theirs", "sessionId": "new"} if str(route) == "POST /v1/sessions" else {}
        found = key.problem(403, route.method, agents.path(route, "theirs"), None if route.method == "GET" else body)
        assert found["code"] == "forbidden"
    assert agents.snapshot() == before


@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) in LISTS], ids=str)
def test_lists_hold_what_belongs_to_a_limited_keys_agents_alone(agents: TwoAgents, route: Route) -> None:
    """And nothing else, whoever asks for what."""
    for key in (agents.limited, agents.older):
        items = key.ok("GET", route.path)["items"]
        assert [item.get("agent", item.get("name", item.get("session"))) for item in items] == ["mine"]
    if str(route) == "GET /v1/sessions":
        assert agents.limited.ok("GET", "/v1/sessions?agent=theirs")["items"] == []
    if str(route) == "GET /v1/invocations":
        assert agents.limited.ok("GET", "/v1/invocations?session=theirs")["items"] == []


@pytest.mark.parametrize("scopes", [("run",), ("read",), ("write",), ("admin",), ("review",)], ids=str)
@pytest.mark.parametrize("route", [route for route in ROUTES if str(route) in OWN], ids=str)
def test_a_limited_key_reaches_its_own_with_the_routes_scope_alone(
    agents: TwoAgents, route: Route, scopes: tuple[str, ...]
) -> None:
    """`admin`, `review` and `write` of an older key open nothing, not even what is its own."""
    key = agents.overgrown(*scopes)
    body: Any = None
    if route.method != "GET":
        body = {"agent": "mine", "sessionId": "mine"} if str(route) == "POST /v1/sessions" else {"no": "such field"}
    headers = {"last-event-id": "no number"} if route.path.endswith("/events") else {}
    answer = key.send(route.method, agents.path(route, "mine"), json=body, headers=headers)
    if set(NEEDED[str(route)].split()) & set(scopes):
        assert answer.status_code in {200, 202, 422}
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize("scope", ["write", "review", "admin"])
def test_a_key_for_some_agents_cannot_be_asked_for_with_more_than_run_and_read(agents: TwoAgents, scope: str) -> None:
    """A 422 at `scopes`, which says why and what to do."""
    wanted = {"principal": "partner", "scopes": ["run", "read", scope], "agents": ["mine"]}
    fault = agents.admin.problem(422, "POST", "/v1/keys", wanted)["errors"][0]
    assert fault["loc"] == "scopes"
    assert fault["msg"].startswith(f"a key for some agents has run and read alone, not {scope}: ")


def test_an_older_key_is_shown_with_what_it_is_good_for(agents: TwoAgents) -> None:
    """Scopes that count for nothing are not told of."""
    agents.overgrown("write", "read")
    keys = agents.admin.ok("GET", "/v1/keys?limit=200")["items"]
    assert keys[-1]["scopes"] == ["read"]
    assert all(set(key["scopes"]) <= {"run", "read"} for key in keys if key["agents"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/functions",
        "/v1/functions/{name}",
        "/v1/functions/{name}/versions",
        "/v1/functions/{name}/versions/1",
        "/v1/functions/{name}/tests",
        "/api/v2/functions",
    ],
)
def test_a_limited_key_that_reads_sees_no_functions_source(agents: TwoAgents, path: str) -> None:
    """Neither its agents' functions' nor others': what it reads of them is what an LLM is shown, and what runs said."""
    for agent in ("mine", "theirs"):
        assert agents.overgrown("read").problem(403, "GET", path.format(name=agent))
    assert "def handler" not in str(agents.limited.ok("GET", "/v1/agents/mine/tools"))
