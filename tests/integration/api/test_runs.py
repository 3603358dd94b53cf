"""Test, invoke, and the record of both; workers are threads over a real Redis, the sandbox is a fake."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.fakes import echo
from tests.support.serving import Client, Served

from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus


@pytest.fixture(autouse=True)
def _echoing(served: Served) -> Iterator[None]:
    yield
    served.sandbox.behave = echo


def returning(served: Served, value: Any) -> None:
    """Have the sandbox return a value."""
    served.sandbox.behave = lambda _: RunReport(RunStatus.OK, result=value)


def test_the_function_gets_the_whole_session_body(admin: Client) -> None:
    """Fields midcall does not know pass through; its own are filled in."""
    admin.published()
    session = {
        "sessionId": "s1",
        "agentDetails": {"name": "a", "version": "v9"},
        "unheard_of": [1, {"a": None}],
        "dynamicVariables": {"tier": "gold"},
    }
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"params": {"order": 5}, "session": session})
    body = outcome["result"]["session"]
    assert body["unheard_of"] == [1, {"a": None}]
    assert body["agentDetails"] == {"id": "", "name": "a", "version": "v9", "number": ""}
    assert (body["sessionId"], body["params"], body["phase"]) == ("s1", {"order": 5}, "during_session")
    assert body["dynamicVariables"] == {"tier": "gold", "currentTime": body["time"]}
    assert 0 < body["deadlineMs"] <= 120_000
    assert outcome["dynamicVariables"] == {"tier": "gold"}


def test_variables_that_a_run_sets_are_merged_and_named(served: Served, admin: Client) -> None:
    """The outcome has all variables after the merge, and which of them this run set."""
    admin.published()
    returning(served, {"result": "Shipped.", "dynamicVariables": {"status": "shipped"}})
    session = {"dynamicVariables": {"tier": "gold"}}
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"session": session})
    assert (outcome["result"], outcome["changed"]) == ("Shipped.", ["status"])
    assert outcome["dynamicVariables"] == {"tier": "gold", "status": "shipped"}


def test_a_function_that_fails_is_a_200_with_something_to_say(served: Served, admin: Client) -> None:
    """The agent gets the author's message and no traceback; the record has the line."""
    admin.published(messages={"error": "The shop is closed."})
    error = RunError("KeyError", "'order'", line=2, traceback="line 2, in handler")
    served.sandbox.behave = lambda _: RunReport(RunStatus.ERROR, error=error, logs="so far\n")
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    assert (outcome["status"], outcome["message"]) == ("failed", "The shop is closed.")
    assert outcome["error"] == {"type": "KeyError", "message": "'order'"}
    record = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert (record["error"]["line"], record["logs"]) == (2, "so far\n")


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (RunStatus.TIMEOUT, "timed_out"),
        (RunStatus.MEMORY, "failed"),
        (RunStatus.CRASHED, "failed"),
        (RunStatus.OUTPUT_LIMIT, "failed"),
    ],
)
def test_every_end_of_a_run_has_its_status(served: Served, admin: Client, status: RunStatus, seen: str) -> None:
    """Test shows the sandbox's own word, invoke the agent's."""
    admin.published()
    served.sandbox.behave = lambda _: RunReport(status)
    assert admin.ok("POST", "/v1/functions/lookup/test", {})["status"] == status.value
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    assert (outcome["status"], outcome["error"]["type"]) == (seen, status.value)
    assert outcome["message"]


def test_params_that_do_not_fit_are_refused_with_words_for_the_llm(served: Served, admin: Client) -> None:
    """A refusal is a 200, is on record, and the function is not touched."""
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    admin.published(parameters=schema)
    before = len(served.sandbox.requests)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"params": {"order": "soon"}})
    assert outcome["status"] == "refused"
    assert "order" in outcome["result"]
    assert admin.ok("POST", "/v1/functions/lookup/test", {"params": {}})["status"] == "refused"
    assert len(served.sandbox.requests) == before
    record = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert (record["status"], record["started_at"], record["params"]) == ("refused", None, {"order": "soon"})


def test_a_test_run_shows_all_there_is(served: Served, admin: Client) -> None:
    """The raw value, the logs, the timings, the digest; the latest approved version unless one is named."""
    review = admin.approved()
    returning(served, {"result": 1, "dynamicVariables": {"a": 2}})
    report = admin.ok("POST", "/v1/functions/lookup/test", {"params": {"order": 1}})
    assert report["result"] == {"result": 1, "dynamicVariables": {"a": 2}}
    assert (report["status"], report["version"], report["sha256"]) == ("ok", 1, review["sha256"])
    assert report["dynamicVariables"] == {"a": 2}
    assert admin.problem(404, "POST", "/v1/functions/lookup/test", {"version": 2})["code"] == "not_found"


def test_a_test_run_may_be_of_the_pre_session_phase(served: Served, admin: Client) -> None:
    """`terminateAgent` means something there, and a wrong type is an error."""
    admin.approved()
    returning(served, {"terminateAgent": True, "reason": "closed"})
    report = admin.ok("POST", "/v1/functions/lookup/test", {"session": {"phase": "pre_session"}})
    assert (report["terminateAgent"], report["reason"]) == (True, "closed")
    returning(served, {"terminateAgent": "yes"})
    report = admin.ok("POST", "/v1/functions/lookup/test", {"session": {"phase": "pre_session"}})
    assert report["error"]["type"] == "bad_return"


def test_half_a_surrogate_pair_and_nul_come_back_as_they_were(served: Served, admin: Client) -> None:
    """What code returns is written as JSON escapes wherever it goes: database, answer, record."""
    admin.published()
    odd = {"text": "\ud800 \x00 \U0001f600", "\udfff": 1}
    returning(served, odd)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    assert outcome["result"] == odd
    assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["result"] == odd


def test_a_result_longer_than_the_agent_may_get_is_cut_and_kept_whole_on_record(served: Served, admin: Client) -> None:
    """`max_result_chars` bounds what the LLM reads."""
    admin.published(max_result_chars=10)
    returning(served, "x" * 100)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    assert (outcome["result"], outcome["truncated"]) == ("x" * 10, True)
    assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["result"] == "x" * 100


def test_invocations_are_listed_newest_first_and_filtered(served: Served, admin: Client) -> None:
    """By function, phase and status, page by page."""
    admin.published("one")
    admin.published("two")
    made = [admin.ok("POST", f"/v1/functions/{name}/invoke", {})["invocation_id"] for name in ("one", "two", "one")]
    served.sandbox.behave = lambda _: RunReport(RunStatus.CRASHED)
    made.append(admin.ok("POST", "/v1/functions/two/invoke", {})["invocation_id"])

    def listed(**params: object) -> list[str]:
        return [item["id"] for item in admin.ok("GET", "/v1/invocations", params=params)["items"]]

    assert listed() == made[::-1]
    assert listed(function="one") == [made[2], made[0]]
    assert listed(status="failed") == [made[3]]
    assert listed(phase="post_session") == []
    assert listed(function="two", status="succeeded") == [made[1]]
    page = admin.ok("GET", "/v1/invocations", params={"limit": 3})
    assert listed(limit=3, cursor=page["next_cursor"]) == [made[0]]


def test_the_trace_of_the_caller_is_on_record(admin: Client) -> None:
    """A W3C traceparent's trace id is kept; anything else is not."""
    admin.published()
    trace = "0af7651916cd43dd8448eb211c80319c"
    for header, kept in [(f"00-{trace}-b7ad6b7169203331-01", trace), ("nonsense", None)]:
        headers = {"traceparent": header}
        outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {}, headers=headers)
        assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["trace_id"] == kept


def test_more_calls_than_the_workspace_may_have_in_flight_get_a_429(served: Served, admin: Client) -> None:
    """The answer says when to come back, and nothing is stored for the call that was turned away."""
    admin.published()
    admin.ok("PATCH", "/v1/workspace", {"limits": {"max_in_flight": 1}})
    seen: list[Any] = []

    def call_again(request: RunRequest) -> RunReport:
        seen.append(served.client(admin.token).send("POST", "/v1/functions/lookup/invoke", json={}))
        return echo(request)

    served.sandbox.behave = call_again
    assert admin.ok("POST", "/v1/functions/lookup/invoke", {})["status"] == "succeeded"
    assert (seen[0].status_code, seen[0].json()["code"]) == (429, "queue_full")
    assert int(seen[0].headers["retry-after"]) >= 1
    assert len(admin.ok("GET", "/v1/invocations")["items"]) == 1


def test_a_key_that_is_limited_to_agents_invokes_nothing_outside_a_session(served: Served, admin: Client) -> None:
    """It may call functions of its agents' sessions alone."""
    admin.published()
    limited = served.colleague(admin, "runtime", "run", agents=("front_desk",))
    assert limited.problem(403, "POST", "/v1/functions/lookup/invoke", {})["code"] == "forbidden"
