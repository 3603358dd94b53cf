"""What a target answers reaches the agent and the variables as it came; a secret that comes back is masked everywhere.

The cases stand in `tests/corpus/masking.jsonl`: `result` and `variables` are what the agent gets and the session holds;
`result_hides` is a secret that the target sent back, which nobody gets to see.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.serving import Client
from tests.support.target import Reply, Target, target

from midcall.domain.parameters import MASK

CASES = [json.loads(line) for line in Path("tests/corpus/masking.jsonl").read_text("utf-8").splitlines()]
Case = dict[str, Any]


@pytest.fixture(scope="module")
def there() -> Iterator[Target]:
    """Serve the target."""
    with target() as it:
        yield it


@pytest.fixture(params=[pytest.param(case, id=case["id"]) for case in CASES])
def case(request: pytest.FixtureRequest, admin: Client, there: Target) -> Case:
    """Publish a case's webhook, for a target that answers as the case has it."""
    found: Case = request.param
    answer = found["answer"]
    there.answer = lambda _: Reply(answer["status"], answer["body"].encode(), answer["headers"])
    document = {
        "name": "lookup",
        "description": "Looks the customer's orders up.",
        "kind": "webhook",
        "retries": 0,
        "response_variables": found.get("response_variables", {}),
        "webhook": {"url": there.url, **found["webhook"]},
    }
    admin.ok("POST", "/v1/functions", document, status=201)
    assert admin.ok("POST", "/v1/functions/lookup/versions/1/submit")["status"] == "approved"
    admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1})
    return found


def sent(case: Case) -> Any:
    """Return what the agent is to get."""
    return case["result"] if "result" in case else json.loads(case["answer"]["body"])


def check_result(case: Case, outcome: Case) -> None:
    """Compare what the agent gets."""
    assert outcome["status"] == "succeeded"
    if "result_hides" in case:
        assert case["result_hides"] not in json.dumps(outcome)
        assert MASK in json.dumps(outcome["result"])
    else:
        assert outcome["result"] == sent(case)


def test_the_agent_gets_what_the_target_sent(admin: Client, case: Case) -> None:
    """Called by itself: outcome and record are exact, unless a secret came back."""
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    check_result(case, outcome)
    for name, value in case.get("variables", {}).items():
        assert outcome["dynamicVariables"][name] == value
    record = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    tried = admin.ok("POST", "/v1/functions/lookup/test", {})
    listed = admin.ok("GET", "/v1/invocations")
    for shown in (record, tried, listed):
        text = json.dumps(shown, ensure_ascii=False)
        if "result_hides" in case:
            assert case["result_hides"] not in text
        elif "auth" not in case["webhook"]:
            assert MASK not in text


def test_a_session_holds_what_the_target_sent(admin: Client, case: Case) -> None:
    """In a session: the answer, the variables and what the platform is told of them."""
    admin.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "lookup", "phase": "during_session"}]})
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "s1"}, status=201)
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/lookup", {})
    check_result(case, outcome)
    session = admin.ok("GET", "/v1/sessions/s1")
    for name, value in case.get("variables", {}).items():
        assert session["dynamicVariables"][name] == value
    admin.ok("POST", "/v1/sessions/s1/end", {"analysis": {}}, status=202)
    told = admin.send("GET", "/v1/sessions/s1/events").text
    assert "completed" in told
    if "result_hides" in case:
        assert case["result_hides"] not in told + json.dumps(session)
        assert MASK in told
    else:
        assert MASK not in told


def test_values_that_are_no_secrets_are_shown_and_changed(admin: Client, case: Case) -> None:
    """The document has them as they were written; a secret is its mask."""
    shown = admin.ok("GET", "/v1/functions/lookup")["webhook"]
    text = json.dumps(shown, ensure_ascii=False)
    if "result_hides" in case:
        assert case["result_hides"] not in text
        assert MASK in text
    written = [(part, case["webhook"].get(part, {})) for part in ("headers", "query") if "result_hides" not in case]
    for part, values in written:
        assert shown[part] == values
        for name in values:
            patch = {"webhook": {part: {name: "another"}}}
            assert admin.ok("POST", "/v1/functions/lookup/versions", patch, status=201)["webhook"][part][name] == (
                "another"
            )
