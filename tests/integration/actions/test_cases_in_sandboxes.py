"""Test cases in real sandboxes: mocks answer, nothing leaves, and runs that called out become cases that do not."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.serving import Client
from tests.support.target import Target, replying

TESTS = "/v1/functions/lookup/tests"
SOURCE = """
URL = {url!r}


def handler(session, actions):
    answer = actions.http.get(URL + "/orders", query={{"id": session["params"]["order"]}})
    state = answer["data"]["state"]
    return {{"result": state, "dynamicVariables": {{"state": state}}}}
"""


def source(there: Target) -> str:
    """Return the source of a function that asks the shop."""
    return SOURCE.format(url=there.url)


def publish(admin: Client, there: Target) -> None:
    """Publish that function."""
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    code = {"source": source(there), "actions": ["http"], "egress": [urlsplit(there.url).netloc]}
    admin.published(parameters=schema, code=code)


def mock(order: int, state: str) -> dict[str, Any]:
    """Answer for one order."""
    answer = {"responseCode": 200, "data": {"state": state}, "message": "OK"}
    return {"action": "http.get", "when": {"query": {"id": order}}, "returns": answer}


@pytest.fixture
def shop(there: Target) -> Target:
    """Serve the state of orders."""
    there.answer = lambda _: replying({"state": "shipped"})
    return there


def test_cases_run_on_their_mocks_alone(admin: Client, shop: Target) -> None:
    """In parallel, each in a sandbox of its own; what no mock answers fails in words."""
    publish(admin, shop)
    for number in range(6):
        body = {
            "params": {"order": number},
            "mocks": [mock(number, f"state {number}")],
            "expect": {"subset": {"result": f"state {number}"}, "variables": {"state": f"state {number}"}},
        }
        admin.ok("PUT", f"{TESTS}/case-{number}", body, status=201)
    other = {"params": {"order": 1}, "mocks": [mock(2, "lost")], "expect": {"exact": {}}}
    admin.ok("PUT", f"{TESTS}/unanswered", other, status=201)
    found = admin.ok("POST", TESTS)
    assert (found["passed"], found["failed"]) == (6, 1)
    assert "not_mocked" in found["results"][-1]["why"] or "mock" in found["results"][-1]["why"]
    assert shop.received == []
    problem = admin.problem(409, "POST", "/v1/functions/lookup/publish", {"version": 1})
    assert (problem["code"], problem["errors"][0]["loc"]) == ("tests_failed", "tests.unanswered")


def test_a_live_call_becomes_a_case_that_calls_nobody(admin: Client, shop: Target) -> None:
    """On what its actions were answered; a version that does otherwise is not published."""
    publish(admin, shop)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"params": {"order": 7}})
    assert (outcome["result"], len(shop.received)) == ("shipped", 1)
    path = f"/v1/invocations/{outcome['invocation_id']}/test-case"
    saved = admin.ok("POST", path, {"name": "shipped", "expect": "exact"}, status=201)
    assert (saved["dry"], len(saved["mocks"])) == (True, 1)
    assert admin.ok("POST", TESTS)["passed"] == 1
    assert admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1})["published"] == {"production": 1}
    code = {"source": source(shop).replace('"result": state', '"result": "Ordered."')}
    admin.ok("POST", "/v1/functions/lookup/versions", {"code": code}, status=201)
    assert admin.ok("POST", "/v1/functions/lookup/versions/2/submit")["status"] == "approved"
    problem = admin.problem(409, "POST", "/v1/functions/lookup/publish", {"version": 2})
    assert problem["errors"] == [{"loc": "tests.shipped", "msg": '$.result: expected "shipped", got "Ordered."'}]
    assert len(shop.received) == 1


def test_an_exception_is_told_with_its_line(admin: Client, shop: Target) -> None:
    """The author's own line."""
    publish(admin, shop)
    body = {"params": {"order": 1}, "mocks": [{"action": "http", "returns": {}}], "expect": {"exact": 1}}
    admin.ok("PUT", f"{TESTS}/a", body, status=201)
    why = admin.ok("POST", TESTS)["results"][0]["why"]
    assert why == "the run ended with status error, not ok: KeyError: 'data' (line 7)"
