"""The life of a session over HTTP: agents, start, calls, end; workers are threads, Redis and the database are real."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.integration.api.sessions import FAILS, Play
from tests.support.fakes import echo
from tests.support.patience import CLIENT_S, PATIENCE_S, wait_for
from tests.support.serving import Client, Served, serving


@pytest.fixture
def play(served: Served, admin: Client) -> Iterator[Play]:
    """Make a workspace whose functions do what the test says."""
    play = Play(served, admin)
    served.sandbox.behave = play.behave
    yield play
    served.sandbox.behave = echo


def setting(*, after_s: float = 0, **variables: Any) -> Callable[[Any], Any]:
    """Make a function that sets variables, perhaps after a while."""

    def act(_: Any) -> Any:
        time.sleep(after_s)
        return {"dynamicVariables": variables}

    return act


def statuses(session: Any) -> dict[str, str]:
    """Return the status of each function's invocation."""
    return {run["function"]: run["status"] for run in session["invocations"]}


# Agents ---------------------------------------------------------------------------------------------------------------


def test_an_agent_is_put_whole_read_and_listed(play: Play) -> None:
    """In order of phase and `order`; a second PUT replaces all of it."""
    for name in ("a", "b"):
        play.function(name)
    body = {
        "version": "v9",
        "number": "+4930",
        "functions": [
            {"function": "a", "phase": "during_session", "order": 5, "timeout": 9, "messages": {"error": "No."}},
            {"function": "b", "phase": "during_session", "order": 1, "version": 1},
            {"function": "a", "phase": "pre_session", "order": 7, "on_failure": "terminate"},
        ],
    }
    made = play.admin.ok("PUT", "/v1/agents/desk", body)
    assert [(one["function"], one["order"], one["on_failure"]) for one in made["functions"]] == [
        ("a", 7, "terminate"),
        ("b", 1, "continue"),
        ("a", 5, "continue"),
    ]
    assert (made["functions"][2]["timeout"], made["functions"][2]["messages"]) == (9, {"error": "No."})
    assert play.admin.ok("GET", "/v1/agents/desk") == made
    again = play.admin.ok("PUT", "/v1/agents/desk", {})
    assert (again["id"], again["functions"], again["version"]) == (made["id"], [], "")
    play.admin.ok("PUT", "/v1/agents/Ann's desk".replace("'", ""), {})
    page = play.admin.ok("GET", "/v1/agents?limit=1")
    assert [one["name"] for one in page["items"]] == ["Anns desk"]
    rest = play.admin.ok("GET", "/v1/agents", params={"cursor": page["next_cursor"]})
    assert [one["name"] for one in rest["items"]] == ["desk"]


@pytest.mark.parametrize(
    ("attached", "loc"),
    [
        ({"function": "none", "phase": "pre_session"}, "functions.1.function"),
        ({"function": "a", "phase": "during_session", "version": 2}, "functions.1.function"),
        ({"function": "a", "phase": "post_session", "on_failure": "terminate"}, "functions.1.on_failure"),
        ({"function": "a", "phase": "in_between"}, "functions.1.phase"),
        ({"function": "a", "phase": "post_session", "typo": 1}, "functions.1.typo"),
        ({"function": "a", "phase": "post_session", "timeout": 601}, "functions.1.timeout"),
        ({"function": "a", "phase": "pre_session"}, "functions.1"),
    ],
)
def test_an_attachment_with_a_fault_is_a_422_with_its_path(play: Play, attached: Any, loc: str) -> None:
    """And the agent is not stored."""
    play.function("a")
    body = {"functions": [{"function": "a", "phase": "pre_session"}, attached]}
    found = play.admin.problem(422, "PUT", "/v1/agents/desk", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    play.admin.problem(404, "GET", "/v1/agents/desk")


def test_agents_put_at_once_under_one_name_are_one_agent(play: Play) -> None:
    """The first PUTs of a name included: none of them fails."""
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: play.admin.ok("PUT", "/v1/agents/desk", {"version": f"v{n}"}), range(8)))
    assert len({one["id"] for one in made}) == 1


# Start ----------------------------------------------------------------------------------------------------------------


def test_a_session_starts_when_its_pre_session_functions_have_run(play: Play) -> None:
    """Variables flow, unknown fields pass through, time spent is told for each function."""
    play.function("one", setting(tier="gold"))
    play.function("two", lambda body: {"dynamicVariables": {"greeting": f"Hello {body['dynamicVariables']['tier']}"}})
    play.agent(one="pre_session", two="pre_session")
    found = play.start(userDetails={"id": "u1"}, own={"x": [None]}, dynamicVariables={"campaign": 7}, deadlineMs=1)
    assert (found["status"], found["terminateAgent"], found["reason"]) == ("active", False, None)
    variables = found["dynamicVariables"]
    assert variables == {
        "currentTime": found["createdAt"],
        "campaign": 7,
        "tier": "gold",
        "greeting": "Hello gold",
    }
    sources = {name: variable["source"] for name, variable in found["variables"].items()}
    assert sources == {
        "currentTime": "system",
        "campaign": "caller",
        "tier": "function:one",
        "greeting": "function:two",
    }
    assert (found["own"], found["agentDetails"]["name"]) == ({"x": [None]}, "desk")
    assert found["userDetails"] == {"id": "u1", "email": "", "number": ""}
    assert statuses(found) == {"one": "succeeded", "two": "succeeded"}
    assert all(run["timings"]["total_ms"] >= 0 for run in found["invocations"])
    body = play.ran[1][1]
    assert (body["own"], body["phase"], body["sessionId"]) == ({"x": [None]}, "pre_session", "s1")
    assert 1 < body["deadlineMs"] <= 7_000
    assert play.session() == found


def test_a_session_started_at_once_from_many_places_is_one_session(play: Play) -> None:
    """One 201, seven 200s, all with the same answer, and nothing ran twice."""
    play.function("one", setting(n=1, after_s=0.2))
    play.agent(one="pre_session")
    body = {"agent": "desk", "sessionId": "s1"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: play.admin.send("POST", "/v1/sessions", json=body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["dynamicVariables"]["n"] == 1
    assert play.names() == ["one"]
    assert play.start(status=200)["sessionId"] == "s1"
    assert play.names() == ["one"]


def test_a_session_without_an_id_gets_one(play: Play) -> None:
    """And of an agent that is not there there is none."""
    play.agent()
    found = play.admin.ok("POST", "/v1/sessions", {"agent": "desk"}, status=201)
    assert play.session(found["sessionId"])["agent"] == "desk"
    assert play.admin.problem(404, "POST", "/v1/sessions", {"agent": "nobody"})["code"] == "not_found"


def test_terminate_stops_all_that_follows_and_says_why(play: Play) -> None:
    """The answer is what the platform needs to hang up."""
    play.function("guard", lambda _: {"terminateAgent": True, "reason": "Blocked."})
    play.function("later")
    play.agent(guard="pre_session", later="pre_session")
    found = play.start()
    assert (found["status"], found["terminateAgent"], found["reason"]) == ("terminated", True, "Blocked.")
    assert play.names() == ["guard"]
    assert play.admin.problem(409, "POST", "/v1/sessions/s1/functions/later", {})["code"] == "session_over"
    assert play.admin.problem(409, "PATCH", "/v1/sessions/s1", {"contact": {"a": 1}})["code"] == "session_over"
    assert play.end(analysis={})["status"] == "terminated"


def test_a_failing_guard_terminates_if_it_is_said_to_guard(play: Play) -> None:
    """Otherwise the agent starts without it, which attaching it warned of."""
    play.function("guard", lambda _: FAILS)
    play.agent(guard="pre_session")
    assert play.start()["status"] == "active"
    play.agent(guard={"phase": "pre_session", "on_failure": "terminate"})
    assert play.start("s2")["status"] == "terminated"


def test_the_phase_has_one_deadline_and_the_answer_comes_at_it(play: Play) -> None:
    """What runs on is not waited for; what was not reached does not run; a guard not reached lets nobody through."""
    play.admin.ok("PATCH", "/v1/workspace", {"pre_session_timeout_ms": 500})
    slept = threading.Event()
    waited_for: list[str] = []

    def slow(_: Any) -> dict[str, Any]:
        if not slept.wait(PATIENCE_S):
            waited_for.append("slow")
        return {}

    play.function("slow", slow)
    play.function("guard")
    play.agent(slow="pre_session", guard="pre_session")
    assert play.start()["status"] == "active"
    play.agent(slow="pre_session", guard={"phase": "pre_session", "on_failure": "terminate"})
    assert (found := play.start("s2"))["status"] == "terminated"
    assert "guard" in found["reason"]
    assert waited_for == []
    slept.set()
    play.until(lambda session: statuses(session) == {"slow": "succeeded"})
    assert play.names() == ["slow", "slow"]


# During ---------------------------------------------------------------------------------------------------------------


def test_a_call_merges_its_variables_and_answers(play: Play) -> None:
    """With what the call itself brought along: transcript and call are for it alone."""
    play.function("look", lambda body: {"result": body["params"], "dynamicVariables": {"order": 7}})
    play.agent(look="during_session")
    play.start(transcript=["hello"])
    path = "/v1/sessions/s1/functions/look"
    sent = {"params": {"a": 1}, "transcript": ["hello", "order 7"], "call": {"id": "c1"}}
    outcome = play.admin.ok("POST", path, sent)
    assert (outcome["status"], outcome["result"], outcome["changed"]) == ("succeeded", {"a": 1}, ["order"])
    assert outcome["dynamicVariables"]["order"] == 7
    body = play.ran[0][1]
    assert (body["transcript"], body["call"], body["params"]) == (["hello", "order 7"], {"id": "c1"}, {"a": 1})
    assert play.session()["transcript"] == ["hello"]
    assert play.session()["variables"]["order"]["source"] == "function:look"


def test_a_function_that_is_not_attached_is_a_404(play: Play) -> None:
    """Published or not, attached to another phase or not."""
    play.function("pre")
    play.function("free")
    play.agent(pre="pre_session")
    play.start()
    for name in ("pre", "free", "none"):
        assert play.admin.problem(404, "POST", f"/v1/sessions/s1/functions/{name}", {})["code"] == "not_found"
    assert play.admin.problem(404, "POST", "/v1/sessions/none/functions/pre", {})["code"] == "not_found"


def test_parameters_that_do_not_fit_are_refused_in_words(play: Play) -> None:
    """A 200 that tells the LLM what to ask for; the function is not touched; the refusal is on record."""
    fields = [
        {"name": "order", "type": "integer", "required": True},
        {"name": "mail", "type": "email"},
        {"name": "when", "type": "date"},
    ]
    play.function("look", parameters=fields)
    play.agent(look="during_session")
    play.start()
    outcome = play.call("look", order="soon", mail="a at b", when="tomorrow")
    assert (outcome["status"], outcome["error"]["type"]) == ("refused", "invalid_params")
    assert all(name in outcome["result"] for name in ("order", "mail", "when"))
    assert play.names() == []
    assert play.call("look", order="5", when="2026-02-28")["status"] == "succeeded"
    assert play.ran[0][1]["params"] == {"order": 5, "when": "2026-02-28"}
    assert [run["status"] for run in play.session()["invocations"]] == ["refused", "succeeded"]


def test_what_the_server_fills_comes_from_the_session(play: Play) -> None:
    """Constants, variables and trusted values, whatever the LLM sends under their names."""
    hidden = {
        "type": "object",
        "properties": {
            "tenant": {"x-midcall": {"constant": "acme"}},
            "tier": {"x-midcall": {"from_variable": "account_tier"}},
            "customer_id": {"type": "integer", "x-midcall": {"trusted_only": True}},
        },
    }
    play.function("look", parameters=hidden)
    play.agent(look="during_session")
    play.start(dynamicVariables={"account_tier": "gold", "customer_id": "12345"})
    assert play.call("look", tenant="evil", tier="none", customer_id=99999)["status"] == "succeeded"
    assert play.ran[0][1]["params"] == {"tenant": "acme", "tier": "gold", "customer_id": 12345}


def nested(**properties: Any) -> dict[str, Any]:
    """Return a schema whose order, items and further parameters hold these properties behind references."""
    line = {"type": "object", "properties": properties}
    return {
        "type": "object",
        "properties": {
            "order": {"$ref": "#/$defs/line"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        },
        "additionalProperties": {"allOf": [{"$ref": "#/$defs/line"}]},
        "$defs": {"line": line},
    }


def test_what_the_server_fills_further_down_comes_from_the_session_too(play: Play) -> None:
    """Behind references, in each entry of a list, in properties that nobody named; also where nothing was sent."""
    hidden = {"tenant": {"x-midcall": {"constant": "acme"}}, "customer_id": {"x-midcall": {"trusted_only": True}}}
    play.function("look", parameters=nested(**hidden, note={"type": "string"}))
    play.agent(look="during_session")
    play.start(dynamicVariables={"customer_id": "12345"})
    evil, filled = {"tenant": "evil", "customer_id": "99999", "note": "n"}, {"tenant": "acme", "customer_id": "12345"}
    assert play.call("look", order=evil, lines=[evil, {}], other=evil)["status"] == "succeeded"
    note = {**filled, "note": "n"}
    assert play.ran[0][1]["params"] == {"order": note, "lines": [note, filled], "other": note}
    assert play.call("look")["status"] == "succeeded"
    assert play.ran[1][1]["params"] == {"order": filled}
    refused = play.call("look", lines=["tenant=evil"])
    assert (refused["status"], refused["error"]["type"]) == ("refused", "invalid_params")
    tools = play.admin.send("GET", "/v1/agents/desk/tools").text
    assert "note" in tools
    assert [word for word in ("tenant", "acme", "customer_id") if word in tools] == []


def test_a_sensitive_value_further_down_is_masked_wherever_it_is_shown(play: Play) -> None:
    """In records, logs, refusals, events; the function alone gets it, and the answer is exact."""
    pin = {"type": "string", "pattern": "^[0-9]+$", "x-midcall": {"sensitive": True}}
    play.function("verify", lambda body: {"result": str(body["params"])}, parameters=nested(pin=pin))
    play.function("fail", lambda _: FAILS, parameters=nested(pin=pin))
    play.agent(verify="during_session", fail="during_session")
    play.start()
    params: dict[str, Any] = {
        "order": {"pin": "98765432"},
        "lines": [{"pin": "87654321"}],
        "other": {"pin": "76543210"},
    }
    refused = play.call("verify", order={"pin": "secret-pin-5678"})
    misplaced = play.call("verify", order="secret-pin-5678")
    failed, answered = play.call("fail", **params), play.call("verify", **params)
    assert play.ran[1][1]["params"] == params
    assert "98765432" in answered["result"]
    records = [
        play.admin.ok("GET", f"/v1/invocations/{one['invocation_id']}")
        for one in (refused, misplaced, failed, answered)
    ]
    masked = {"pin": "********"}
    assert [record["params"] for record in records] == [
        {"order": masked},
        {"order": "********"},
        *[{"order": masked, "lines": [masked], "other": masked}] * 2,
    ]
    play.end(analysis={})
    events = play.admin.send("GET", "/v1/sessions/s1/events").text
    shown = f"{refused} {misplaced} {failed} {records} {play.session()} {events}"
    shown += play.admin.send("GET", "/v1/invocations").text
    assert [text for text in ("secret-pin-5678", "98765432", "87654321", "76543210") if text in shown] == []


GATED = [{"function": "verify", "variable": "verified", "equals": True, "same_params": ["customer_id"]}]
CUSTOMER = {"type": "object", "properties": {"customer_id": {"type": "string"}}, "required": ["customer_id"]}


def test_a_gate_opens_for_the_customer_who_was_verified_alone(play: Play) -> None:
    """Neither the caller's variable nor one of another function opens it, and the refusal says what to do."""
    play.function(
        "verify",
        lambda body: {"dynamicVariables": {"verified": body["params"]["pin"] == "5678"}},
        parameters={
            "type": "object",
            "properties": {"customer_id": {"type": "string"}, "pin": {"x-midcall": {"sensitive": True}}},
        },
    )
    play.function("impostor", setting(verified=True))
    play.function("orders", requires=GATED, parameters=CUSTOMER)
    play.agent(verify="during_session", impostor="during_session", orders="during_session")
    play.start(dynamicVariables={"verified": True})
    play.admin.ok("PATCH", "/v1/sessions/s1", {"dynamicVariables": {"verified": True}})
    play.call("impostor", customer_id="12345")
    closed = play.call("orders", customer_id="12345")
    assert (closed["status"], closed["error"]["type"]) == ("refused", "gate_closed")
    assert "verify" in closed["result"]
    play.call("verify", customer_id="12345", pin="0000")
    assert play.call("orders", customer_id="12345")["status"] == "refused"
    play.call("verify", customer_id="12345", pin="5678")
    assert play.call("orders", customer_id="99999")["status"] == "refused"
    assert play.call("orders", customer_id="12345")["status"] == "succeeded"
    play.call("verify", customer_id="12345", pin="1111")
    assert play.call("orders", customer_id="12345")["status"] == "refused"
    assert play.names().count("orders") == 1


def test_a_gate_that_could_never_open_is_not_saved(play: Play) -> None:
    """It compares a parameter that the function does not have."""
    found = play.admin.problem(422, "POST", "/v1/functions", body_with(requires=GATED))
    assert [fault["loc"] for fault in found["errors"]] == ["requires.0.same_params.0"]


def body_with(**changes: Any) -> Any:
    """Return a function's body with changed fields."""
    return {
        "name": "gated",
        "description": "A function of the tests.",
        "kind": "code",
        "code": {"source": "def handler(session):\n    return 1\n"},
        **changes,
    }


def test_calls_made_at_the_same_time_all_keep_their_variables(play: Play) -> None:
    """Eight at once over three workers: no update is lost."""
    play.function("set", lambda body: {"dynamicVariables": {f"v{body['params']['n']}": body["params"]["n"]}})
    play.agent(set="during_session")
    play.start()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: play.call("set", n=n), range(16)))
    variables = play.session()["dynamicVariables"]
    assert {name: value for name, value in variables.items() if name != "currentTime"} == {
        f"v{n}": n for n in range(16)
    }


def test_variables_are_read_from_a_result_by_path(play: Play) -> None:
    """A path that finds nothing is a warning, not a failure."""
    paths = {"first": "$.data[0].id", "all": "data.0.tags", "none": "$.nowhere"}
    play.function("look", lambda _: {"data": [{"id": 7, "tags": ["a"]}]}, response_variables=paths)
    play.agent(look="during_session")
    play.start()
    outcome = play.call("look")
    assert (outcome["changed"], outcome["dynamicVariables"]["first"]) == (["all", "first"], 7)
    assert [warning.split(":")[0] for warning in outcome["warnings"]] == ["response_variables.none"]


def test_a_long_result_is_cut_for_the_llm_and_whole_on_record(play: Play) -> None:
    """At 15,000 characters of its string form."""
    play.function("long", lambda _: {"result": ["x" * 20_000]})
    play.agent(long="during_session")
    play.start()
    outcome = play.call("long")
    assert (outcome["truncated"], len(outcome["result"])) == (True, 15_000)
    record = play.admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert record["result"] == {"result": ["x" * 20_000]}


def test_an_attachment_has_its_own_messages_and_timeout(play: Play) -> None:
    """What it leaves out is as the function has it."""
    play.function("fails", lambda _: FAILS, messages={"error": "Sorry.", "started": ["One moment."]})
    play.agent(fails={"phase": "during_session", "messages": {"error": "Desk is closed."}, "timeout": 3})
    play.start()
    outcome = play.call("fails")
    assert (outcome["status"], outcome["message"]) == ("failed", "Desk is closed.")
    assert play.ran[0][1]["deadlineMs"] <= 3_000


def test_the_deadline_covers_queue_and_run(play: Play, served: Served) -> None:
    """A call that waits for a worker has that much less left, and never takes longer in all."""
    held = threading.Event()
    play.function("hold", lambda _: {} if held.wait(PATIENCE_S) else None, timeout=round(CLIENT_S))
    play.function("quick", timeout=1)  # short: its deadline ends it
    play.agent(hold="during_session", quick="during_session")
    play.start()
    with ThreadPoolExecutor(3) as threads:
        holding = [threads.submit(play.call, "hold") for _ in range(3)]
        assert wait_for(lambda: len(play.ran) == 3)
        outcome = play.call("quick")
        assert not any(call.done() for call in holding)
        held.set()
        assert [call.result()["status"] for call in holding] == ["succeeded"] * 3
    assert outcome["status"] == "timed_out"
    assert "quick" not in play.names()


@pytest.fixture(scope="module")
def second(served: Served) -> Iterator[Served]:
    """Serve the same database and the same Redis from a second api process's worth of app, without workers."""
    settings = served.settings
    assert settings.database_url is not None
    assert settings.redis_url is not None
    with serving(
        settings.data_dir,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        runtime_dir=settings.runtime_dir,
        fake_workers=0,
    ) as second:
        yield second


def test_a_repeat_with_the_same_key_gets_the_first_outcome(play: Play, second: Served) -> None:
    """Afterwards, meanwhile, and from another api process; the function runs once."""
    play.function("slow", setting(n=1, after_s=0.3))
    play.agent(slow="during_session")
    play.start()
    other = Play(second, second.client(play.admin.token))
    with ThreadPoolExecutor(6) as threads:
        callers = [play, other] * 3
        outcomes = list(threads.map(lambda caller: caller.call("slow", key="k1", a=1), callers))
    outcomes.append(play.call("slow", key="k1", a=1))
    assert len({str(outcome) for outcome in outcomes}) == 1
    assert play.names() == ["slow"]
    assert play.call("slow", key="k2", a=1)["invocation_id"] != outcomes[0]["invocation_id"]


@pytest.mark.parametrize(("function", "params"), [("look", {"a": 2}), ("other", {"a": 1})])
def test_a_key_that_came_with_another_call_is_a_422(play: Play, function: str, params: Any) -> None:
    """Another function or other params; in another session it is another key."""
    play.function("look")
    play.function("other")
    play.agent(look="during_session", other="during_session")
    play.start()
    play.start("s2")
    first = play.call("look", key="k", a=1)
    headers = {"Idempotency-Key": "k"}
    path = f"/v1/sessions/s1/functions/{function}"
    found = play.admin.problem(422, "POST", path, {"params": params}, headers=headers)
    assert found["code"] == "idempotency_mismatch"
    assert play.call("look", "s2", key="k", a=1)["invocation_id"] != first["invocation_id"]
    empty = {"Idempotency-Key": ""}
    assert play.admin.problem(422, "POST", path, {"params": params}, headers=empty)["code"] == "invalid"


def test_a_repeat_after_the_end_gets_the_outcome_and_a_new_call_a_409(play: Play) -> None:
    """What was accepted is answered."""
    play.function("look")
    play.agent(look="during_session")
    play.start()
    first = play.call("look", key="k")
    play.end()
    assert play.call("look", key="k") == first
    assert play.admin.problem(409, "POST", "/v1/sessions/s1/functions/look", {})["code"] == "session_over"


def test_a_background_call_is_accepted_at_once_and_completes_later(play: Play) -> None:
    """The answer has what to say meanwhile; the outcome is on record and in the session's variables."""
    release = threading.Event()
    play.function(
        "send",
        lambda _: release.wait(PATIENCE_S) and {"dynamicVariables": {"sent": True}},
        background=True,
        messages={"returned": "You will hear back."},
    )
    play.agent(send="during_session")
    play.start()
    accepted = play.call("send", key="k")
    assert (accepted["status"], accepted["message"], accepted["changed"]) == ("accepted", "You will hear back.", [])
    assert play.call("send", key="k")["invocation_id"] == accepted["invocation_id"]
    assert "sent" not in play.session()["dynamicVariables"]
    release.set()
    found = play.until(lambda session: statuses(session) == {"send": "succeeded"})
    assert found["variables"]["sent"]["source"] == "function:send"
    assert play.call("send", key="k")["status"] == "succeeded"
    assert play.names() == ["send"]


# Change, end, delete --------------------------------------------------------------------------------------------------


def test_a_patch_appends_and_merges(play: Play) -> None:
    """What is unknown in it is a fault: here nothing passes through."""
    play.agent()
    play.start(contact={"id": 1}, transcript=["a"])
    change = {"transcript": ["b"], "contact": {"name": "Ann"}, "dynamicVariables": {"x": 1}}
    found = play.admin.ok("PATCH", "/v1/sessions/s1", change)
    assert (found["transcript"], found["contact"]) == (["a", "b"], {"id": 1, "name": "Ann"})
    assert found["variables"]["x"]["source"] == "caller"
    bad = play.admin.problem(422, "PATCH", "/v1/sessions/s1", {"status": "ended"})
    assert [fault["loc"] for fault in bad["errors"]] == ["status"]
    many = {"dynamicVariables": {f"v{n}": n for n in range(300)}}
    assert play.admin.problem(422, "PATCH", "/v1/sessions/s1", many)["errors"][0]["loc"] == "dynamicVariables"


def test_post_session_functions_run_in_order_with_the_analysis(play: Play) -> None:
    """Later ends merge in until it starts; null is not an analysis; what comes after it started changes nothing."""
    play.function("one")
    play.function("two")
    play.agent(two={"phase": "post_session", "order": 2}, one={"phase": "post_session", "order": 1})
    play.start()
    assert play.end(analysis=None, transcript=["a"], recordingUrl="u1")["status"] == "ended"
    time.sleep(0.3)
    assert play.names() == []
    play.end(analysis={"mood": "good"}, recordingUrl="u2", transcript=None)
    found = play.until(lambda session: statuses(session) == {"one": "succeeded", "two": "succeeded"})
    assert play.names() == ["one", "two"]
    bodies = [body for _, body in play.ran]
    assert [body["analysis"] for body in bodies] == [{"mood": "good"}] * 2
    assert (bodies[0]["recordingUrl"], bodies[0]["transcript"]) == ("u2", ["a"])
    again = play.end(analysis={"mood": "bad"})
    assert (again["analysis"], again["endedAt"]) == ({"mood": "good"}, found["endedAt"])
    assert play.names() == ["one", "two"]


def test_a_forgotten_analysis_is_not_waited_for_for_ever(play: Play) -> None:
    """Post-session functions start a set time after the first end."""
    play.admin.ok("PATCH", "/v1/workspace", {"post_session_wait_s": 1})
    play.function("post")
    play.agent(post="post_session")
    play.start()
    play.end()
    found = play.until(lambda session: statuses(session) == {"post": "succeeded"})
    assert play.ran[0][1]["analysis"] == {}
    assert found["status"] == "ended"


def test_a_failing_post_session_function_holds_up_nobody(play: Play) -> None:
    """It is tried again later, and says when; it cannot be replayed before it is dead."""
    play.function("one", lambda _: FAILS)
    play.function("two")
    play.agent(one="post_session", two="post_session")
    play.start()
    play.end(analysis={})
    found = play.until(lambda session: statuses(session).get("two") == "succeeded")
    assert statuses(found)["one"] == "queued"
    waiting = found["invocations"][0]
    assert waiting["due_at"] is not None
    assert play.admin.problem(409, "POST", f"/v1/invocations/{waiting['id']}/replay")["code"] == "conflict"


def test_an_end_may_bring_a_whole_transcript(play: Play) -> None:
    """16 MB of it; the post-session function gets all of it."""
    play.function("post")
    play.agent(post="post_session")
    play.start()
    play.end(analysis={}, transcript=["\u0e2a" * 1_000_000, "x" * 2_000_000])
    play.until(lambda session: statuses(session) == {"post": "succeeded"})
    assert len(play.ran[0][1]["transcript"][1]) == 2_000_000


def test_a_deleted_session_leaves_nothing(play: Play) -> None:
    """No row of it in any table, but for the line that says who deleted it."""
    play.function("look", setting(a=1))
    play.agent(look="during_session")
    before = play.admin.row_counts()
    play.start()
    play.call("look")
    play.end(analysis={})
    play.admin.ok("DELETE", "/v1/sessions/s1", status=204)
    after = play.admin.row_counts()
    assert after.pop("audit") == before.pop("audit") + 1
    assert after == before
    play.admin.problem(404, "GET", "/v1/sessions/s1")
    play.admin.problem(404, "DELETE", "/v1/sessions/s1")


def test_sessions_are_listed_newest_first_and_filtered(play: Play) -> None:
    """By agent and status; a page at a time."""
    play.agent()
    play.agent("other")
    for name in ("s1", "s2", "s3"):
        play.start(name)
    play.start("s4", agent="other")
    play.end("s2")

    def listed(**query: Any) -> list[str]:
        return [one["sessionId"] for one in play.admin.ok("GET", "/v1/sessions", params=query)["items"]]

    assert listed() == ["s4", "s3", "s2", "s1"]
    assert listed(agent="desk", status="active") == ["s3", "s1"]
    assert listed(status="ended") == ["s2"]
    page = play.admin.ok("GET", "/v1/sessions", params={"limit": 3})
    assert listed(limit=3, cursor=page["next_cursor"]) == ["s1"]
    assert [one["session"] for one in play.admin.ok("GET", "/v1/invocations?session=s1")["items"]] == []


def test_a_sensitive_parameter_is_masked_wherever_it_is_shown(play: Play, served: Served) -> None:
    """In the record, in logs, in refusals, in the session and in its events; the function alone gets it."""
    pin = {"type": "string", "pattern": "^[0-9]+$", "x-midcall": {"sensitive": True}}
    play.function("verify", lambda _: FAILS, parameters={"type": "object", "properties": {"pin": pin}})
    play.agent(verify="during_session")
    play.start()
    refused = play.call("verify", pin="secret-pin-5678")
    failed = play.call("verify", pin="98765432")
    assert play.ran[0][1]["params"] == {"pin": "98765432"}
    records = [play.admin.ok("GET", f"/v1/invocations/{one['invocation_id']}") for one in (refused, failed)]
    assert [record["params"] for record in records] == [{"pin": "********"}] * 2
    play.end(analysis={})
    events = play.admin.send("GET", "/v1/sessions/s1/events").text
    shown = f"{refused} {failed} {records} {play.session()} {events} {play.admin.send('GET', '/v1/invocations').text}"
    assert "secret-pin-5678" not in shown
    assert "98765432" not in shown


def test_a_key_limited_to_agents_has_their_sessions_alone(play: Play, served: Served) -> None:
    """403 for the others', which the workspace knows about anyway."""
    play.function("look")
    play.agent(look="during_session")
    play.agent("other", look="during_session")
    limited = served.colleague(play.admin, "runtime", "run", "read", agents=("other",))
    play.start()
    for method, path, body in [
        ("POST", "/v1/sessions", {"agent": "desk"}),
        ("POST", "/v1/sessions", {"agent": "other", "sessionId": "s1"}),
        ("GET", "/v1/sessions/s1", None),
        ("PATCH", "/v1/sessions/s1", {"contact": {"a": 1}}),
        ("POST", "/v1/sessions/s1/functions/look", {}),
        ("POST", "/v1/sessions/s1/end", {}),
        ("GET", "/v1/sessions/s1/events", None),
        ("GET", "/v1/agents/desk", None),
    ]:
        assert limited.problem(403, method, path, body)["code"] == "forbidden"
    limited.ok("POST", "/v1/sessions", {"agent": "other", "sessionId": "s2"}, status=201)
    assert limited.ok("POST", "/v1/sessions/s2/functions/look", {})["status"] == "succeeded"
    assert [one["sessionId"] for one in limited.ok("GET", "/v1/sessions")["items"]] == ["s2"]
    assert [one["name"] for one in limited.ok("GET", "/v1/agents")["items"]] == ["other"]
