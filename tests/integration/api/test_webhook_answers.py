"""What targets really answer, over sockets: what becomes of it, and what it is told that could not be used."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.serving import Client
from tests.support.target import Reply, Target, replying, target

CASES = {
    case["id"]: case
    for case in map(json.loads, Path("tests/corpus/webhook_answers.jsonl").read_text("utf-8").splitlines())
}
#: What is masked of an answer is tested with the secrets.
MASKING = {"constant-query-in-answer", "constant-header-in-answer", "basic-user-in-answer", "secret-echoed"}


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """Serve one target for all tests of this file."""
    with target() as it:
        yield it


@pytest.fixture
def there(server: Target) -> Target:
    """Give a target that has received nothing yet and answers with an empty object."""
    server.received.clear()
    server.answer = lambda _: Reply()
    return server


def reply_of(answer: Mapping[str, Any]) -> Reply:
    """Make the answer of a case."""
    return Reply(answer["status"], answer["body"].encode(), answer["headers"])


def properties_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Declare what a case sends, and what it says of its parameters, as a schema."""
    said = case.get("parameters", {})
    names = {**dict.fromkeys(said), **case.get("params", {})}
    required = [name for name, how in said.items() if how == "required"]
    return {"type": "object", "properties": {name: {} for name in names}, "required": required}


def called(admin: Client, there: Target, case: Mapping[str, Any]) -> list[Any]:
    """Publish the function of a case, call it in a session as often as the case says, and return the outcomes."""
    there.answer = lambda _: reply_of(case["answer"])
    webhook = {"url": f"{there.url}/hook", **case.get("webhook", {})}
    document = {
        "name": "tried",
        "description": "Tries out what a target answers.",
        "kind": "webhook",
        "parameters": properties_of(case),
        "webhook": webhook,
        "response_variables": case.get("response_variables", {}),
        "messages": {"error": {"5xx": "for 5xx", "default": "for others"}},
    }
    admin.ok("POST", "/v1/functions", document, status=201)
    assert admin.ok("POST", "/v1/functions/tried/versions/1/submit")["status"] == "approved"
    admin.ok("POST", "/v1/functions/tried/publish", {"version": 1})
    admin.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "tried", "phase": "during_session"}]})
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "s1"}, status=201)
    body = {"params": case.get("params", {})}
    return [admin.ok("POST", "/v1/sessions/s1/functions/tried", body) for _ in range(case.get("calls", 1))]


@pytest.mark.parametrize("name", [name for name in CASES if name not in MASKING])
def test_an_answer_of_the_corpus_comes_to_what_it_says(admin: Client, there: Target, name: str) -> None:
    """Result, variables, warnings, what was sent and how often; the session can be read after each."""
    case = CASES[name]
    outcomes = called(admin, there, case)
    outcome = outcomes[-1]
    each = case.get("each", {})
    assert {one["status"] for one in outcomes} == {each.get("status", case.get("status", "succeeded"))}, outcomes
    if "http_status" in each:
        assert {one["error"]["http_status"] for one in outcomes} == {each["http_status"]}
        assert {one["message"] for one in outcomes} == {"for 5xx"}
    assert all(word in outcome["error"]["message"] for word in case.get("error_says", []))
    assert case.get("result", outcome["result"]) == outcome["result"]
    assert case.get("variables", {}).items() <= outcome["dynamicVariables"].items()
    warnings = " ".join(outcome["warnings"])
    assert case.get("warning", "") in warnings
    assert "warning" in case or "response_variables" in case or not warnings
    assert outcome["truncated"] == case.get("truncated", False)
    assert case.get("requests", len(there.received)) == len(there.received)
    sent = there.last
    assert "sent_body" not in case or sent.json == case["sent_body"]
    assert case.get("sent_raw", sent.body.decode()) == sent.body.decode()
    assert case.get("sent_raw_contains", "") in sent.body.decode()
    session = admin.ok("GET", "/v1/sessions/s1")
    assert case.get("variables", {}).items() <= session["dynamicVariables"].items()


def test_no_call_that_was_made_says_that_it_was_not(admin: Client, there: Target) -> None:
    """Five calls of three attempts each tell what the target answered; the sixth makes no request."""
    case = {"answer": {"status": 502, "headers": {}, "body": "{}"}, "calls": 7}
    *made, left_alone, _ = called(admin, there, case)
    for outcome in made[:5]:
        assert (outcome["error"]["http_status"], outcome["message"]) == (502, "for 5xx")
        shown = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
        assert (shown["request"]["method"], shown["response"]["status"]) == ("POST", 502)
    assert (left_alone["error"]["type"], left_alone["message"]) == ("circuit_open", "for others")
    assert len(there.received) == 15


def test_redirects_are_followed_where_the_function_says_so_and_they_stay_near(admin: Client, there: Target) -> None:
    """Within the origin; one to elsewhere says where it points and why nobody went there."""
    case = {
        "answer": {"status": 200, "headers": {}, "body": ""},
        "webhook": {"follow_redirects": True},
        "params": {"a": 1},
    }
    called(admin, there, case)
    moves = {"/hook": Reply(308, b"", {"location": "/hook/"}), "/hook/": replying({"moved": True})}
    there.answer = lambda got: moves[got.path]
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/tried", {"params": {"a": 1}})
    assert (outcome["result"], there.last.json["params"]) == ({"moved": True}, {"a": 1})
    there.answer = lambda _: Reply(302, b"", {"location": "https://sso.example.com/login?next=%2Fhook"})
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/tried", {"params": {}})
    assert (outcome["status"], outcome["error"]["http_status"]) == ("failed", 302)
    assert "points to https://sso.example.com/login" in outcome["error"]["message"]
    assert "within an origin" in outcome["error"]["message"]
    config = admin.ok("GET", "/v1/functions/tried/versions/1")
    assert config["webhook"]["follow_redirects"] is True


def test_where_a_redirect_points_does_not_show_what_was_sent_to_get_there(admin: Client, there: Target) -> None:
    """Login pages are handed the whole URL."""
    auth = {"type": "query", "name": "key", "value": "s3cret-pass-99"}
    answer = {"status": 302, "headers": {"location": "https://login.example.com/?key=s3cret-pass-99"}, "body": ""}
    (outcome,) = called(admin, there, {"answer": answer, "webhook": {"auth": auth}})
    assert "https://login.example.com/" in outcome["error"]["message"]
    assert "s3cret-pass-99" not in json.dumps(outcome)


def test_a_path_without_its_optional_parameter_asks_for_it(admin: Client, there: Target) -> None:
    """A refusal, not a failure: nothing is sent, and the LLM is told what to ask for."""
    case = {
        "answer": {"status": 200, "headers": {}, "body": ""},
        "webhook": {"url": f"{there.url}/orders/{{{{id}}}}?limit={{{{limit}}}}", "headers": {"X-Ref": "{{ref}}"}},
        "parameters": {"id": "optional", "limit": "optional", "ref": "optional"},
    }
    (outcome,) = called(admin, there, case)
    assert (outcome["status"], outcome["error"]["type"]) == ("refused", "invalid_params")
    assert "params.id is missing" in outcome["result"]
    assert there.received == []
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/tried", {"params": {"id": 7}})
    assert (outcome["status"], there.last.path, "x-ref" in there.last.headers) == ("succeeded", "/orders/7", False)
    report = admin.ok("POST", "/v1/functions/tried/test", {"params": {}})
    assert (report["status"], report["request"]) == ("refused", None)
    session = admin.ok("GET", "/v1/sessions/s1")
    assert session["status"] == "active"


def test_no_part_of_a_secret_is_told_of_where_a_redirect_points(admin: Client, there: Target) -> None:
    """It is masked before the address is cut: half of it would not be known for one."""
    secret = "s3cret-value-0123456789"  # noqa: S105 (the target's)
    for filler in range(460, 500, 4):
        there.answer = lambda _, filler=filler: Reply(
            302, b"", {"location": f"https://x.example/{'p' * filler}{secret}"}
        )  # type: ignore[misc]
        document = {
            "name": f"moved_{filler}",
            "description": "Has moved.",
            "kind": "webhook",
            "webhook": {"url": there.url, "auth": {"type": "bearer", "token": secret}},
        }
        admin.ok("POST", "/v1/functions", document, status=201)
        admin.ok("POST", f"/v1/functions/moved_{filler}/versions/1/submit")
        report = admin.ok("POST", f"/v1/functions/moved_{filler}/test", {})
        assert "points to https://x.example/" in report["error"]["message"]
        assert secret[:8] not in str(report)
