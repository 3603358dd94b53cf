"""Test cases over HTTP: saved, run with progress, and in the way of what is published; the sandbox is a fake."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served

from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus

TESTS = "/v1/functions/lookup/tests"


def params_back(request: RunRequest) -> RunReport:
    """Return the parameters."""
    return RunReport(RunStatus.OK, result=dict(request.session["params"]))


@pytest.fixture(autouse=True)
def _params_back(served: Served) -> Iterator[None]:
    served.sandbox.behave = params_back
    yield
    served.sandbox.behave = echo


def put(admin: Client, name: str, order: int, expected: Any, status: int = 201) -> Any:
    """Save a case."""
    body = {"params": {"order": order}, "expect": {"exact": expected}}
    return admin.ok("PUT", f"{TESTS}/{name}", body, status=status)


def events(admin: Client, path: str, body: Any) -> list[tuple[str, Any]]:
    """Run with progress; returns names and data of the events."""
    text = admin.send("POST", path, json=body, headers={"accept": "text/event-stream"}).text
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_cases_are_created_replaced_listed_and_deleted(admin: Client) -> None:
    """A PUT answers 201 for a new one, 200 for one that was there."""
    admin.approved()
    assert admin.ok("GET", TESTS) == {"items": [], "next_cursor": None}
    made = put(admin, "Order%20found", 1, {"order": 1})
    assert (made["name"], made["dry"], made["expect"]) == ("Order found", False, {"exact": {"order": 1}})
    mocked = {"mocks": [{"action": "http.get", "raises": {"message": "no"}}], "expect": {"schema": {"type": "object"}}}
    assert admin.ok("PUT", f"{TESTS}/a", mocked, status=201)["dry"] is True
    put(admin, "Order%20found", 2, {"order": 2}, status=200)
    listed = admin.ok("GET", TESTS)["items"]
    assert [(item["name"], item["params"]) for item in listed] == [("Order found", {"order": 2}), ("a", {})]
    assert admin.ok("GET", f"{TESTS}/a") == listed[1]
    admin.ok("DELETE", f"{TESTS}/a", status=204)
    assert admin.problem(404, "GET", f"{TESTS}/a")["detail"] == "this function has no test case named 'a'"


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"expect": {"exact": 1, "subset": 1}}, "expect"),
        ({"expect": {"status": "fine"}}, "expect.status"),
        ({"expect": {"status": "ok"}, "mocks": [{"action": "http"}]}, "mocks.0"),
        ({"expect": {"status": "ok"}, "unknown": 1}, "unknown"),
        ({"expect": {"schema": {"$id": "x"}}}, "expect.schema"),
    ],
)
def test_a_fault_is_told_with_its_path(admin: Client, body: Any, loc: str) -> None:
    """Without the names of a union's branches."""
    admin.approved()
    found = admin.problem(422, "PUT", f"{TESTS}/a", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]


def test_a_case_needs_a_name_that_stands_in_a_path(admin: Client) -> None:
    """Others are no names, and no 500."""
    admin.approved()
    body = {"expect": {"status": "ok"}}
    for name in ("%20a", "a%00", "x" * 101, "%C3%A4"):
        assert admin.problem(422, "PUT", f"{TESTS}/{name}", body)["errors"][0]["loc"] == "case"


def test_all_are_run_and_each_says_why(admin: Client) -> None:
    """On record as tests, each with its invocation."""
    review = admin.approved()
    put(admin, "bad", 1, {"order": 2})
    put(admin, "good", 1, {"order": 1})
    found = admin.ok("POST", TESTS, {})
    assert (found["version"], found["sha256"], found["passed"], found["failed"]) == (1, review["sha256"], 1, 1)
    bad, good = found["results"]
    assert (bad["case"], bad["passed"], bad["why"]) == ("bad", False, "$.order: expected 2, got 1")
    assert (good["case"], good["passed"], good["why"], good["status"]) == ("good", True, None, "ok")
    record = admin.ok("GET", f"/v1/invocations/{good['invocation_id']}")
    assert (record["purpose"], record["status"]) == ("test", "succeeded")
    assert admin.ok("POST", TESTS, {"cases": ["good"]})["passed"] == 1
    found = admin.problem(422, "POST", TESTS, {"cases": ["good", "none"]})
    assert [fault["loc"] for fault in found["errors"]] == ["cases.1"]
    assert admin.problem(404, "POST", TESTS, {"version": 2})["code"] == "not_found"


def test_a_function_without_cases_passes(admin: Client) -> None:
    """Nothing failed; what was never approved cannot be run."""
    admin.create()
    assert admin.problem(409, "POST", TESTS)["code"] == "not_approved"
    admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    assert admin.ok("POST", TESTS) | {"sha256": ""} == {
        "version": 1,
        "sha256": "",
        "passed": 0,
        "failed": 0,
        "results": [],
    }


def test_progress_comes_case_by_case(admin: Client) -> None:
    """What is to come, each result, then all of them."""
    admin.approved()
    for number in range(5):
        put(admin, f"case-{number}", number, {"order": number or -1})
    found = events(admin, TESTS, {})
    assert [name for name, _ in found] == ["started", *["case"] * 5, "completed"]
    assert found[0][1] == {"version": 1, "cases": [f"case-{number}" for number in range(5)]}
    results = sorted((data for name, data in found if name == "case"), key=lambda result: str(result["case"]))
    assert found[-1][1]["results"] == results
    assert (found[-1][1]["passed"], found[-1][1]["failed"]) == (4, 1)
    stream = {"accept": "text/event-stream"}
    assert admin.problem(404, "POST", "/v1/functions/none/tests", {}, headers=stream)["code"] == "not_found"


def test_a_hundred_cases_are_run(admin: Client) -> None:
    """They share the queue with whatever else there is, and a call beside them is answered meanwhile."""
    admin.published()
    for number in range(100):
        put(admin, f"case-{number:02}", number, {"order": number})
    began = time.monotonic()
    found = admin.ok("POST", TESTS, {})
    assert (found["passed"], found["failed"]) == (100, 0)
    assert time.monotonic() - began < PATIENCE_S
    admin.problem(422, "PUT", f"{TESTS}/more", {"expect": {"status": "ok"}})


def test_a_version_is_published_once_its_cases_pass(admin: Client) -> None:
    """Or by force, for a reason that is on record with the names of what failed."""
    admin.approved()
    put(admin, "good", 1, {"order": 1})
    put(admin, "bad", 1, {"order": 2})
    publish = "/v1/functions/lookup/publish"
    found = admin.problem(409, "POST", publish, {"version": 1})
    assert found["code"] == "tests_failed"
    assert "1 of 2 test cases of version 1 failed (bad)" in found["detail"]
    assert found["errors"] == [{"loc": "tests.bad", "msg": "$.order: expected 2, got 1"}]
    assert admin.ok("GET", "/v1/functions/lookup")["published"] == {}
    for body in (
        {"force": True},
        {"force": True, "reason": " "},
        {"reason": "x"},
        {"force": True, "reason": "x" * 501},
    ):
        found = admin.problem(422, "POST", publish, {"version": 1, **body})
        assert [fault["loc"] for fault in found["errors"]] == ["reason"]
    forced = {"version": 1, "force": True, "reason": "the shop is down"}
    assert admin.ok("POST", publish, forced)["published"] == {"production": 1}
    line = admin.ok("GET", "/v1/audit?kind=function.publish")["items"][0]
    assert line["detail"]["tests"] == {"passed": 1, "failed": ["bad"]}
    assert line["detail"]["forced"] == "the shop is down"
    admin.ok("DELETE", f"{TESTS}/bad", status=204)
    assert admin.ok("POST", publish, {"version": 1, "environment": "staging"})["published"]["staging"] == 1


def test_vocobases_api_is_gated_alike(served: Served, admin: Client) -> None:
    """In its own form of error; what ran before runs on."""
    hook = {"name": "hook", "description": "A hook of the shop.", "url": f"{served.url}/healthz"}
    made = admin.ok("POST", "/api/v2/functions", hook, status=201)["data"]
    case = {"expect": {"subset": {"status": "no such word"}}}
    admin.ok("PUT", "/v1/functions/hook/tests/bad", case, status=201)
    response = admin.send("PATCH", f"/api/v2/functions/{made['id']}", json={"timeout": 9})
    assert response.status_code == 409
    error = response.json()["error"]
    assert (error["code"], error["details"][0]["field"]) == ("tests_failed", "tests.bad")
    function = admin.ok("GET", "/v1/functions/hook")
    assert (function["published"], len(function["versions"])) == ({"production": 1}, 2)
    mocked = {"expect": {"status": "ok"}, "mocks": [{"action": "http", "returns": 1}]}
    found = admin.problem(422, "PUT", "/v1/functions/hook/tests/mocked", mocked)
    assert "calls no actions" in found["errors"][0]["msg"]


def test_a_webhooks_run_is_saved_and_its_case_really_calls(served: Served, admin: Client) -> None:
    """It is not dry: there are no actions whose answers could stand in."""
    hook = {"kind": "webhook", "webhook": {"url": f"{served.url}/healthz", "method": "GET"}}
    body = {"name": "hook", "description": "Asks the shop.", "parameters": {"type": "object"}, **hook}
    admin.ok("POST", "/v1/functions", body, status=201)
    admin.ok("POST", "/v1/functions/hook/versions/1/submit")
    report = admin.ok("POST", "/v1/functions/hook/test", {})
    path = f"/v1/invocations/{report['invocation_id']}/test-case"
    saved = admin.ok("POST", path, {"name": "up", "expect": "subset"}, status=201)
    assert (saved["dry"], saved["mocks"], saved["expect"]["subset"]["status"]) == (False, [], "ok")
    found = admin.ok("POST", "/v1/functions/hook/tests")
    record = admin.ok("GET", f"/v1/invocations/{found['results'][0]['invocation_id']}")
    assert (found["passed"], record["response"]["status"]) == (1, 200)
    assert admin.ok("POST", "/v1/functions/hook/publish", {"version": 1})["published"] == {"production": 1}


def test_a_run_is_saved_as_a_case(admin: Client) -> None:
    """Of a test, or of any call that is over."""
    admin.published()
    report = admin.ok("POST", "/v1/functions/lookup/test", {"params": {"order": 3}})
    path = f"/v1/invocations/{report['invocation_id']}/test-case"
    saved = admin.ok("POST", path, {"name": "as it was", "expect": "exact"}, status=201)
    assert (saved["params"], saved["expect"]) == ({"order": 3}, {"exact": {"order": 3}})
    assert admin.problem(409, "POST", path, {"name": "as it was", "expect": "status"})["code"] == "case_taken"
    assert admin.ok("POST", TESTS)["passed"] == 1


def test_a_session_call_is_saved_with_the_body_that_it_saw(admin: Client) -> None:
    """Variables of the session as they were, whatever came later."""
    admin.published()
    attached = [{"function": "lookup", "phase": "during_session"}]
    admin.ok("PUT", "/v1/agents/desk", {"functions": attached})
    start = {"agent": "desk", "sessionId": "s1", "dynamicVariables": {"tier": "gold"}}
    admin.ok("POST", "/v1/sessions", start, status=201)
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/lookup", {"params": {"order": 3}})
    path = f"/v1/invocations/{outcome['invocation_id']}/test-case"
    saved = admin.ok("POST", path, {"name": "of a session", "expect": "subset"}, status=201)
    assert saved["session"]["dynamicVariables"]["tier"] == "gold"
    assert (saved["session"]["sessionId"], saved["session"]["phase"]) == ("s1", "during_session")
    assert admin.ok("POST", TESTS)["passed"] == 1


def test_sensitive_parameters_of_a_run_are_asked_for(admin: Client) -> None:
    """By name, and what is given is shown to nobody."""
    schema = {"type": "object", "properties": {"pin": {"type": "string", "x-midcall": {"sensitive": True}}}}
    admin.published(parameters=schema)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"params": {"pin": "pin-1234"}})
    path = f"/v1/invocations/{outcome['invocation_id']}/test-case"
    found = admin.problem(422, "POST", path, {"name": "a", "expect": "exact"})
    assert [fault["loc"] for fault in found["errors"]] == ["params.pin"]
    body = {"name": "a", "expect": "exact", "params": {"pin": "pin-0000"}}
    assert admin.ok("POST", path, body, status=201)["params"] == {"pin": "********"}
    assert admin.ok("POST", TESTS)["passed"] == 1
    assert "pin-0000" not in admin.send("GET", TESTS).text
