"""Whole sessions on real processes and containers: the vendors' own example, and workers that are killed."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from tests.e2e.stack import Stack, stack
from tests.support.patience import CLIENT_S, wait_for
from tests.support.target import Received, Reply, replying

VERIFY = """\
CUSTOMERS = {"12345": ("5678", "John Smith"), "99999": ("0000", "Jane Doe")}


def handler(session):
    params = session["params"]
    pin, name = CUSTOMERS.get(params["customer_id"], (None, None))
    verified = pin is not None and params["phone_pin"] == pin
    print("asked for", params["customer_id"], "with", params["phone_pin"])
    return {
        "verified": verified,
        "customer_name": name if verified else None,
        "dynamicVariables": {"verified": verified},
    }
"""

#: Counts its own runs where everybody can see it: `orders_read` is set by nothing else.
ORDERS = """\
def handler(session):
    customer = session["params"]["customer_id"]
    seen = session["dynamicVariables"].get("orders_read", [])
    return {
        "orders": [{"id": "ORD-789", "status": "shipped", "customer": customer}],
        "dynamicVariables": {"orders_read": seen + [customer]},
    }
"""

POST = """\
def handler(session, actions):
    actions.http.get({url!r}, timeout=300_000)
    done = session["dynamicVariables"].get("done", [])
    name = {url!r}.split("/")[-1]
    return {{"dynamicVariables": {{"done": done + [name]}}, "mood": session["analysis"]["mood"]}}
"""


class Runtime:
    """An agent's runtime, in one session."""

    def __init__(self, it: Stack, session: str) -> None:
        self.it = it
        self.session = session

    def send(self, method: str, path: str = "", body: Any = None) -> Any:
        """Make a call that must be right."""
        answer = self.it.client.request(method, f"/v1/sessions/{self.session}{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def call(self, function: str, **params: str) -> Any:
        """Call a function."""
        return self.send("POST", f"/functions/{function}", {"params": params})


def put_agent(it: Stack, name: str, *functions: dict[str, Any]) -> None:
    """Put an agent."""
    assert it.client.put(f"/v1/agents/{name}", json={"functions": list(functions)}).is_success


def start(it: Stack, agent: str, session: str, **fields: Any) -> Runtime:
    """Start a session."""
    body = {"agent": agent, "sessionId": session, **fields}
    answer = it.client.post("/v1/sessions", json=body)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return Runtime(it, session)


def test_an_order_is_looked_up_only_for_a_customer_who_was_verified(up: Stack) -> None:
    """Without verification the order function is never run, whatever the LLM or the caller says."""
    customer = {"name": "customer_id", "type": "string", "required": True}
    pin = {"type": "string", "pattern": "^[0-9]{4}$", "x-midcall": {"sensitive": True}}
    up.function(
        "verify_customer",
        VERIFY,
        parameters={
            "type": "object",
            "properties": {"customer_id": {"type": "string"}, "phone_pin": pin},
            "required": ["customer_id", "phone_pin"],
        },
    )
    gate = {"function": "verify_customer", "variable": "verified", "equals": True, "same_params": ["customer_id"]}
    up.function("lookup_orders", ORDERS, parameters=[customer], requires=[gate])
    during = [{"function": name, "phase": "during_session"} for name in ("verify_customer", "lookup_orders")]
    put_agent(up, "itellico", *during)
    caller = start(up, "itellico", "itellico-1", dynamicVariables={"verified": True})
    caller.send("PATCH", body={"dynamicVariables": {"verified": True, "customer_id": "12345"}})

    for wrong in ({}, {"customer_id": "12345", "phone_pin": "0000"}):
        if wrong:
            assert caller.call("verify_customer", **wrong)["result"]["verified"] is False
        closed = caller.call("lookup_orders", customer_id="12345")
        assert (closed["status"], closed["error"]["type"]) == ("refused", "gate_closed")
        assert "verify_customer" in closed["result"]
    refused = [run for run in caller.send("GET")["invocations"] if run["function"] == "lookup_orders"]
    records = [up.client.get(f"/v1/invocations/{run['id']}").json() for run in refused]
    assert [(record["started_at"], record["sandbox_id"], record["attempt"]) for record in records] == [
        (None, None, 0)
    ] * 2
    assert "orders_read" not in caller.send("GET")["dynamicVariables"]

    verified = caller.call("verify_customer", customer_id="12345", phone_pin="5678")
    assert verified["result"] == {"verified": True, "customer_name": "John Smith"}
    assert caller.call("lookup_orders", customer_id="99999")["status"] == "refused"
    found = caller.call("lookup_orders", customer_id="12345")
    assert found["result"]["orders"][0]["id"] == "ORD-789"
    assert caller.send("GET")["dynamicVariables"]["orders_read"] == ["12345"]
    record = up.client.get(f"/v1/invocations/{verified['invocation_id']}").json()
    assert record["params"] == {"customer_id": "12345", "phone_pin": "********"}
    assert record["logs"] == "asked for 12345 with ********\n"
    assert caller.send("POST", "/end", {"analysis": {"mood": "good"}})["status"] == "ended"


@pytest.fixture(scope="module")
def killed() -> Iterator[Stack]:
    """Run a stack whose background runs are tried again soon."""
    with stack("sessions", MIDCALL_RETRY_DELAYS_S="1,1,1") as it:
        yield it


def test_a_post_session_chain_outlives_its_workers(killed: Stack) -> None:
    """Workers are killed in the middle of its runs: each function has exactly one outcome, in order, and one event."""
    names = [f"write_{number}" for number in range(3)]
    opened = {name: threading.Event() for name in (names[0], names[2])}

    def answer(got: Received) -> Reply:
        name = got.path.removeprefix("/")
        return replying({"opened": opened[name].wait(CLIENT_S) if name in opened else True})

    killed.gate.answer = answer
    for name in names:
        killed.held(name, POST)
    put_agent(killed, "writer", *({"function": name, "phase": "post_session"} for name in names))
    runtime = start(killed, "writer", "killed-1")
    assert runtime.send("POST", "/end", {"analysis": {"mood": "good"}})["status"] == "ended"
    for name, gate in opened.items():
        killed.await_running(name)
        for worker in killed.part("worker"):
            worker.kill()
        gate.set()
        assert wait_for(killed.ready), killed.said
    # The stream ends when the last of its jobs has come to its outcome.
    text = killed.client.get("/v1/sessions/killed-1/events").text
    found = runtime.send("GET")
    assert [(run["function"], run["status"]) for run in found["invocations"]] == [(name, "succeeded") for name in names]
    assert found["dynamicVariables"]["done"] == names
    assert [run["attempt"] for run in found["invocations"]] == [2, 1, 2]
    told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert [event["function"] for event in told if "status" in event and "function" in event] == names
    with closing(killed.database()) as connection:
        assert connection.execute("SELECT count(*) FROM invocations WHERE function LIKE 'write_%'").fetchone()[0] == 3
    assert wait_for(lambda: len(killed.containers()) == 2), killed.containers()


def test_ctrl_c_ends_while_a_stream_is_open(killed: Stack) -> None:
    """A stream that waits for events holds up nobody: what ends it is the fixture's own end, within its time."""
    put_agent(killed, "quiet")
    start(killed, "quiet", "quiet-1")
    with killed.client.stream("GET", "/v1/sessions/quiet-1/events") as response:
        assert "active" in next(response.iter_text())
        assert killed.stop() == 0, killed.said
    assert killed.survivors() == []
    assert killed.containers() == set()
