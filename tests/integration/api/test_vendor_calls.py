"""Vendors call midcall in their own formats: a session from its first call to what is done after its end."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.api.sessions import FAILS, Play
from tests.integration.api.test_scopes import VENDORS
from tests.integration.api.vendors import SECRET, Platform, connect
from tests.support.deliveries import (
    elevenlabs_initiation,
    elevenlabs_post_call,
    retell_call,
    retell_event,
    retell_function,
    retell_inbound,
    vapi_call,
    vapi_message,
    vapi_report,
    vapi_tool_calls,
)
from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served

VAPI_SESSION = "7420f27a-30fd-4f49-a995-5549ae7cc00d"


@pytest.fixture
def play(served: Served, admin: Client) -> Iterator[Play]:
    """Make a workspace whose functions do what the test says."""
    play = Play(served, admin)
    served.sandbox.behave = play.behave
    yield play
    served.sandbox.behave = echo


def greets(_: Any) -> Any:
    """Set variables of several types, as a pre-session function."""
    return {"dynamicVariables": {"customer_name": "Ann", "tickets": 2}}


def refuses(_: Any) -> Any:
    """Refuse the session."""
    return {"terminateAgent": True, "reason": "This number\nis blocked.", "dynamicVariables": {"customer_name": "Ann"}}


def shows(body: Any) -> Any:
    """Return what a function got."""
    return {"params": body["params"], "session": body["sessionId"], "variables": body["dynamicVariables"]}


# The object -----------------------------------------------------------------------------------------------------------


def test_an_adapter_is_put_shown_without_its_secrets_and_deleted(play: Play) -> None:
    """With the paths that the vendor calls."""
    play.agent()
    made = play.admin.ok(
        "PUT", "/v1/adapters/desk-1a2b", {"vendor": "retell", "agent": "desk", "secret": SECRET, "vendor_agent": "a_1"}
    )
    assert {name: made[name] for name in ("id", "vendor", "agent", "environment", "secret", "signing_secret")} == {
        "id": "desk-1a2b",
        "vendor": "retell",
        "agent": "desk",
        "environment": "production",
        "secret": "********",
        "signing_secret": None,
    }
    assert made["paths"] == {
        "functions": "/v1/adapters/desk-1a2b/functions/{name}",
        "inbound": "/v1/adapters/desk-1a2b/inbound",
        "events": "/v1/adapters/desk-1a2b/events",
    }
    assert play.admin.ok("GET", "/v1/adapters/desk-1a2b") == made
    assert [one["id"] for one in play.admin.ok("GET", "/v1/adapters")["items"]] == ["desk-1a2b"]
    again = play.admin.ok("PUT", "/v1/adapters/desk-1a2b", {"vendor": "retell", "agent": "desk"})
    assert (again["vendor_agent"], again["created_at"]) == (None, made["created_at"])
    play.admin.ok("DELETE", "/v1/adapters/desk-1a2b", status=204)
    play.admin.problem(404, "GET", "/v1/adapters/desk-1a2b")


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"vendor": "twilio"}, "vendor"),
        ({"agent": "nobody"}, "agent"),
        ({"secret": "short"}, "secret"),
        ({"secret": "with space in it"}, "secret"),
        ({"secret": None}, "secret"),
        ({"environment": "No"}, "environment"),
        ({"vendor_agent": "a b"}, "vendor_agent"),
        ({"signing_secret": SECRET}, "signing_secret"),
        ({"typo": 1}, "typo"),
    ],
)
def test_an_adapter_that_could_not_work_is_refused_by_its_field(play: Play, change: Any, loc: str) -> None:
    """Before a caller is on the line."""
    play.agent()
    body = {"vendor": "retell", "agent": "desk", "secret": SECRET, **change}
    found = play.admin.problem(422, "PUT", "/v1/adapters/desk-1a2b", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    play.admin.problem(422, "PUT", "/v1/adapters/No", body)
    play.admin.problem(404, "GET", "/v1/adapters/desk-1a2b")


# Retell ---------------------------------------------------------------------------------------------------------------


def test_a_retell_call_from_the_inbound_webhook_to_its_analysis(play: Play) -> None:
    """One session all along: what the inbound webhook was answered brings later requests back to it."""
    for name, act in (("greet", greets), ("lookup", shows), ("write_up", lambda body: body["analysis"])):
        play.function(name, act)
    play.agent(greet="pre_session", lookup="during_session", write_up="post_session")
    retell = connect(play, "retell", vendor_agent="agent_12345")

    told = retell.ok("/inbound", retell_inbound())["call_inbound"]
    variables = told["dynamic_variables"]
    assert (variables["customer_name"], variables["tickets"], variables["midcall_refused"]) == ("Ann", "2", "false")
    assert all(isinstance(value, str) for value in variables.values())
    assert told["override_agent_id"] == "agent_12345"
    session = told["metadata"]["midcall_session"]

    call = retell_call(metadata=told["metadata"], retell_llm_dynamic_variables=variables)
    found = retell.ok("/functions/lookup", retell_function("lookup", call=call, order="7"))
    assert (found["params"], found["session"]) == ({"order": "7"}, session)
    assert (found["variables"]["customer_name"], found["variables"]["tickets"]) == ("Ann", 2)
    body = next(body for name, body in play.ran if name == "lookup")
    assert body["transcript"][0] == {"role": "agent", "content": "hi how are you doing?"}
    assert (body["call"]["call_id"], body["userDetails"]["number"]) == ("call_9f2c", "+12137771234")

    assert retell.ok("/events", retell_event("call_ended", metadata=told["metadata"])) == {}
    assert play.session(session)["status"] == "ended"
    analysis = {"call_summary": "Asked for order 7."}
    retell.ok("/events", retell_event("call_analyzed", metadata=told["metadata"], call_analysis=analysis))
    done = play.until(lambda one: one["invocations"][-1]["status"] == "succeeded", session)
    assert play.names() == ["greet", "lookup", "write_up"]
    assert (done["analysis"], done["recordingUrl"]) == (analysis, "https://retell.example/rec.wav")
    assert play.admin.ok("GET", f"/v1/invocations/{done['invocations'][-1]['id']}")["result"] == analysis
    assert {play.admin.ok("GET", f"/v1/invocations/{run['id']}")["principal"] for run in done["invocations"]} == {
        f"adapter:{retell.adapter}"
    }


def test_a_retell_call_that_is_refused_gets_no_agent_and_no_function(play: Play) -> None:
    """Should Retell put it through all the same, its functions say why they will not run."""
    play.function("guard", refuses)
    play.function("lookup")
    play.agent(guard="pre_session", lookup="during_session")
    retell = connect(play, "retell", vendor_agent="agent_12345")
    told = retell.ok("/inbound", retell_inbound())["call_inbound"]
    assert "override_agent_id" not in told
    assert told["dynamic_variables"] == {"midcall_refused": "true", "midcall_reason": "This number\nis blocked."}
    found = retell.ok("/functions/lookup", retell_function("lookup", call=retell_call(metadata=told["metadata"])))
    assert found == {"error": "this session is terminated; no function can be called in it"}
    assert play.names() == ["guard"]


def test_the_seeds_get_user_details_runs_without_anything_before_it(play: Play) -> None:
    """Retell's document: a call of a custom function; its session is started first, once."""
    play.function("greet", greets)
    play.function("get_user_details", lambda body: {"age_next_year": body["params"]["age"] + 1})
    play.agent(greet="pre_session", get_user_details="during_session")
    retell = connect(play, "retell")
    assert retell.ok("/functions/get_user_details", retell_function()) == {"age_next_year": 31}
    retell.ok("/functions/get_user_details", retell_function(name="Bob", age=1))
    assert play.names() == ["greet", "get_user_details", "get_user_details"]
    session = play.session("call_9f2c")
    assert (session["direction"], session["agentDetails"]["number"]) == ("inbound", "+12137771235")
    assert session["variables"]["customer_name"]["source"] == "function:greet"


def test_the_seeds_args_only_payload_runs_in_the_session_of_its_header(play: Play) -> None:
    """UponAI's document; without the header it is a session of its own."""
    play.function("get_weather", shows)
    play.agent(get_weather="during_session")
    retell = connect(play, "retell")
    headers = {"x-conversation-id": "call_77"}
    found = retell.ok("/functions/get_weather", {"city": "Berlin"}, headers=headers)
    assert (found["params"], found["session"]) == ({"city": "Berlin"}, "call_77")
    alone = retell.ok("/functions/get_weather", {"city": "Berlin"})
    assert alone["session"].startswith("retell-")


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        ("It is sunny.", {"result": "It is sunny."}),
        (["a", "b"], ["a", "b"]),
        ({"result": {"temp": 21}, "dynamicVariables": {"x": 1}}, {"temp": 21}),
        (None, {"result": None}),
        (FAILS, {"error": "I could not look that up."}),
    ],
)
def test_retell_gets_the_result_or_what_to_say_in_its_place(play: Play, returned: Any, answer: Any) -> None:
    """Always with a 200: Retell would repeat a call that fails."""
    play.function("lookup", lambda _: returned, messages={"error": "I could not look that up."})
    play.agent(lookup="during_session")
    assert connect(play, "retell").ok("/functions/lookup", retell_function("lookup")) == answer


def test_parameters_that_do_not_fit_are_told_the_llm(play: Play) -> None:
    """Refused, not failed: it can ask the caller."""
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    play.function("lookup", parameters=schema)
    play.agent(lookup="during_session")
    found = connect(play, "retell").ok("/functions/lookup", retell_function("lookup", other=1))
    assert "order" in found["error"]
    assert play.names() == []


def test_a_background_function_is_answered_at_once(play: Play) -> None:
    """With its author's words."""
    play.function("send", background=True, messages={"returned": "I have sent it."})
    play.agent(send="during_session")
    assert connect(play, "retell").ok("/functions/send", retell_function("send")) == {"result": "I have sent it."}


def test_a_function_that_is_not_the_agents_is_a_404(play: Play) -> None:
    """That is a fault of the set-up, for its owner to see."""
    play.function("lookup")
    play.agent()
    assert connect(play, "retell").post("/functions/lookup", retell_function("lookup")).status_code == 404


def test_a_delivery_that_comes_again_runs_nothing_again(play: Play) -> None:
    """The same bytes and signature; and Retell's own retry, which it signs anew."""
    play.function("count", lambda _: {"n": len(play.ran)})
    play.agent(count="during_session")
    retell = connect(play, "retell")
    bare = retell_function("count", call={"call_id": "c1"})
    now = time.time()
    assert [retell.ok("/functions/count", bare, at_s=now) for _ in range(3)] == [{"n": 1}] * 3
    assert retell.ok("/functions/count", bare, at_s=now + 0.001) == {"n": 2}
    entry = {"role": "tool_call_invocation", "tool_call_id": "tc_1", "name": "count", "arguments": '{"a": 1}'}
    retry = retell_function("count", call={"call_id": "c1", "transcript_with_tool_calls": [entry]}, a=1)
    assert [retell.ok("/functions/count", retry) for _ in range(2)] == [{"n": 3}] * 2
    inbound = [retell.ok("/inbound", retell_inbound(), at_s=now)["call_inbound"]["metadata"] for _ in range(2)]
    assert inbound[0] == inbound[1]


def test_a_delivery_that_comes_again_while_it_runs_waits_for_the_one_run(play: Play) -> None:
    """Both get its outcome."""
    started, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> Any:
        started.set()
        assert go_on.wait(PATIENCE_S)
        return {"n": len(play.ran)}

    play.function("slow", slow)
    play.agent(slow="during_session")
    retell, now = connect(play, "retell"), time.time()
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(retell.ok, "/functions/slow", retell_function("slow"), at_s=now),
        ]
        assert started.wait(PATIENCE_S)
        both.append(pool.submit(retell.ok, "/functions/slow", retell_function("slow"), at_s=now + 5))
        time.sleep(0.2)
        go_on.set()
        assert [each.result(PATIENCE_S) for each in both] == [{"n": 1}] * 2


def test_a_call_that_is_first_heard_of_at_its_end_has_its_write_up(play: Play) -> None:
    """Without inbound webhook and without a function call; a repeat of the end changes nothing."""
    play.function("write_up", lambda body: body["transcript"])
    play.agent(write_up="post_session")
    retell = connect(play, "retell")
    event = retell_event("call_analyzed", call_analysis={"call_summary": "Hi."})
    for _ in range(2):
        retell.ok("/events", event)
    play.until(lambda one: one["invocations"] and one["invocations"][0]["status"] == "succeeded", "call_9f2c")
    retell.ok("/events", retell_event("call_analyzed", call_analysis={"call_summary": "Other."}))
    assert play.names() == ["write_up"]
    assert play.session("call_9f2c")["analysis"] == {"call_summary": "Hi."}
    assert retell.ok("/events", retell_event("transcript_updated")) == {}


def test_call_started_runs_what_comes_before_the_call(play: Play) -> None:
    """For calls without an inbound webhook: their variables are there when the first function runs."""
    play.function("greet", greets)
    play.agent(greet="pre_session")
    retell = connect(play, "retell")
    retell.ok("/events", retell_event("call_started", direction="outbound"))
    session = play.session("call_9f2c")
    assert (session["dynamicVariables"]["customer_name"], session["direction"]) == ("Ann", "outbound")


# What is not let in ---------------------------------------------------------------------------------------------------

DELIVERIES: dict[str, list[tuple[str, Any]]] = {
    "retell": [
        ("/functions/lookup", retell_function("lookup")),
        ("/inbound", retell_inbound()),
        ("/events", retell_event("call_ended")),
    ],
    "vapi": [("", vapi_tool_calls()), ("", vapi_message("assistant-request")), ("", vapi_report())],
    "elevenlabs": [
        ("/functions/lookup", {"a": 1}),
        ("/initiation", elevenlabs_initiation()),
        ("/post-call", elevenlabs_post_call()),
    ],
}


@pytest.mark.parametrize("vendor", DELIVERIES)
def test_what_cannot_show_the_secret_leaves_no_trace(play: Play, vendor: str) -> None:
    """A wrong secret, an unknown adapter, none at all, another vendor's paths, an old signature: one answer."""
    play.function("lookup")
    play.agent(lookup="during_session")
    right = connect(play, vendor)
    nobodys, wrong = (right.adapter[::-1], SECRET), (right.adapter, "wrong-secret")
    strangers = [Platform(right.client, vendor, adapter, secret) for adapter, secret in (nobodys, wrong)]
    before = play.admin.row_counts()
    details = set()
    for path, body in DELIVERIES[vendor]:
        headers = {"x-conversation-id": "conv_1"}
        refused = [stranger.post(path, body, headers=headers) for stranger in strangers]
        refused += [stranger.post(path, b"{no json", headers=headers) for stranger in strangers]
        refused.append(right.client.send("POST", f"/v1/adapters/{right.adapter}{path}", json=body, headers=headers))
        if vendor == "retell" or path == "/post-call":
            refused.append(right.post(path, body, at_s=time.time() - 3_600))
        for response in refused:
            assert response.status_code == 401, response.text
            details.add(response.json()["detail"])
    others = [path for name, sent in DELIVERIES.items() if name != vendor for path, _ in sent]
    elsewhere = {path for path in others if path not in dict(DELIVERIES[vendor])}
    assert {right.post(path, {}).status_code for path in elsewhere} == {401}
    assert len(details) == 1
    assert play.admin.row_counts() == before


@pytest.mark.parametrize("raw", [b"{no json", b"", b'{"a": 1, "a": 2}', b"[" * 100, b"\xff"])
def test_what_is_signed_and_no_json_is_told_so(play: Play, raw: bytes) -> None:
    """After the signature, and by each vendor's own way."""
    play.agent()
    retell, vapi = connect(play, "retell"), connect(play, "vapi")
    assert retell.post("/events", raw).status_code in {400, 422}
    assert set(vapi.ok("", raw)) == {"error"}


def test_a_body_may_have_16_megabytes_and_no_more(play: Play) -> None:
    """A report brings its whole transcript."""
    play.agent()
    vapi = connect(play, "vapi")
    said = [{"role": "user", "message": "x" * 1000} for _ in range(3000)]
    assert vapi.ok("", vapi_report(artifact={"messages": said})) == {}
    assert len(play.session(VAPI_SESSION)["transcript"]) == 3000
    assert vapi.post("", b" " * (16 * 1024 * 1024 + 1)).status_code == 413


#: What vendors send of a conversation that is under way: to which path, and with which id of that conversation.
UNDER_WAY = [
    ("retell", "/functions/lookup", lambda: retell_function("lookup"), "call_9f2c"),
    ("retell", "/events", lambda: retell_event("call_ended"), "call_9f2c"),
    ("vapi", "", lambda: vapi_tool_calls(vapi_lookup()), VAPI_SESSION),
    ("vapi", "", vapi_report, VAPI_SESSION),
    ("elevenlabs", "/initiation", elevenlabs_initiation, "CA0123456789abcdef"),
    ("elevenlabs", "/post-call", elevenlabs_post_call, "conv_abc123"),
]
#: Begins a conversation, and names none.
BEGINS = "/inbound"


def vapi_lookup() -> Any:
    """Return a tool call of `lookup`."""
    return {"id": "toolu_1", "name": "lookup", "arguments": {}}


def test_each_route_that_vendors_call_has_a_delivery_here() -> None:
    """So that a new one is tried by an adapter of another agent, too."""
    paths = {path.replace("lookup", "{name}") for _, path, _, _ in UNDER_WAY} | {BEGINS}
    assert {f"POST /v1/adapters/{{adapter_id}}{path}" for path in paths} == VENDORS


@pytest.mark.parametrize(("vendor", "path", "delivery", "conversation"), UNDER_WAY)
def test_an_adapter_acts_for_its_own_agent_alone(
    play: Play, vendor: str, path: str, delivery: Any, conversation: str
) -> None:
    """What names another agent's session is refused, whatever the vendor says; nothing runs, nothing ends."""
    play.function("lookup")
    play.agent(lookup="during_session")
    play.agent("other", lookup="during_session")
    play.start(conversation)
    before = play.session(conversation)
    foreign = connect(play, vendor, agent="other")
    # Vapi reads no status but 200: what is wrong is told in the answer.
    assert foreign.post(path, delivery()).status_code == (200 if vendor == "vapi" else 403)
    assert play.session(conversation) == before
    assert play.names() == []


# Vapi -----------------------------------------------------------------------------------------------------------------


def test_a_vapi_call_from_the_assistant_request_to_its_report(play: Play) -> None:
    """The call's id is the session's all along."""
    for name, act in (("greet", greets), ("get_weather", shows), ("write_up", lambda body: body["analysis"])):
        play.function(name, act)
    play.agent(greet="pre_session", get_weather="during_session", write_up="post_session")
    vapi = connect(play, "vapi", vendor_agent="asst_1")
    told = vapi.ok("", vapi_message("assistant-request"))
    assert told["assistantId"] == "asst_1"
    variables = told["assistantOverrides"]["variableValues"]
    assert (variables["customer_name"], variables["tickets"], variables["tier"]) == ("Ann", 2, "gold")
    (result,) = vapi.ok("", vapi_tool_calls())["results"]
    assert (result["toolCallId"], result["name"]) == ("toolu_01DTPAzUm5Gk3zxrpJ969oMF", "get_weather")
    assert json.loads(result["result"])["params"] == {"city": "Berlin"}
    assert vapi.ok("", vapi_message("status-update")) == {}
    assert vapi.ok("", vapi_report()) == {}
    done = play.until(lambda one: one["invocations"][-1]["status"] == "succeeded", VAPI_SESSION)
    assert play.names() == ["greet", "get_weather", "write_up"]
    assert done["analysis"]["structuredData"] == {"city": "Berlin"}


def test_a_vapi_caller_who_is_refused_is_told_why(play: Play) -> None:
    """In the answer to the assistant request, and by every function after it."""
    play.function("guard", refuses)
    play.function("get_weather")
    play.agent(guard="pre_session", get_weather="during_session")
    vapi = connect(play, "vapi", vendor_agent="asst_1")
    assert vapi.ok("", vapi_message("assistant-request")) == {"error": "This number is blocked."}
    (result,) = vapi.ok("", vapi_tool_calls())["results"]
    assert result["error"] == "this session is terminated; no function can be called in it"
    assert vapi.ok("", vapi_report()) == {}
    assert play.session(VAPI_SESSION)["status"] == "terminated"
    assert play.names() == ["guard"]


def test_calls_of_one_message_run_side_by_side_and_are_answered_in_order(play: Play) -> None:
    """Each with its own result or error; the slowest first."""
    barrier = threading.Barrier(2)

    def first(_: Any) -> Any:
        barrier.wait(PATIENCE_S)
        time.sleep(0.3)
        return "first\nline two"

    def second(_: Any) -> Any:
        barrier.wait(PATIENCE_S)
        return "second"

    play.function("first", first)
    play.function("second", second)
    play.function("breaks", lambda _: FAILS, messages={"error": "That broke."})
    play.agent(first="during_session", second="during_session", breaks="during_session")
    names = ("first", "second", "breaks", "no_such_function")
    calls = [{"id": f"c{place}", "name": name, "arguments": {}} for place, name in enumerate(names)]
    results = connect(play, "vapi").ok("", vapi_tool_calls(*calls, {"id": "c4"}))["results"]
    assert [result["toolCallId"] for result in results] == ["c0", "c1", "c2", "c3", "c4"]
    assert [result.get("result") for result in results] == ["first line two", "second", None, None, None]
    assert results[2]["error"] == "That broke."
    assert "no_such_function" in results[3]["error"]
    assert results[4]["error"]


def test_a_tool_call_that_comes_again_runs_nothing_again(play: Play) -> None:
    """Its id is the same; with other arguments it is told apart as a fault."""
    play.function("count", lambda _: len(play.ran))
    play.agent(count="during_session")
    vapi = connect(play, "vapi")
    call = {"id": "c1", "name": "count", "arguments": {"a": 1}}
    assert [vapi.ok("", vapi_tool_calls(call))["results"][0]["result"] for _ in range(3)] == ["1"] * 3
    assert "error" in vapi.ok("", vapi_tool_calls({**call, "arguments": {"a": 2}}))["results"][0]
    assert vapi.ok("", vapi_tool_calls({**call, "id": "c2"}))["results"][0]["result"] == "2"


@pytest.mark.parametrize("body", [{}, {"message": {"type": "tool-calls"}}, vapi_tool_calls(call=vapi_call(id="a/b"))])
def test_vapi_gets_a_200_whatever_is_wrong(play: Play, body: Any) -> None:
    """It reads nothing else."""
    play.agent()
    found = connect(play, "vapi").ok("", body)
    assert set(found) == {"error"}
    assert "\n" not in found["error"]


class Broken:
    """Use cases of sessions that fail as nothing should."""

    def first_of(self, *_: Any) -> Any:
        """Fail."""
        raise RuntimeError("secret detail")


def test_vapi_gets_a_200_even_for_what_nobody_expected(play: Play) -> None:
    """What it was is for the log."""
    play.agent()
    vapi, state = connect(play, "vapi"), play.served.app.state
    services = state.services
    state.services = replace(services, sessions=Broken())
    try:
        report, call = vapi.ok("", vapi_report()), vapi.ok("", vapi_tool_calls())["results"][0]
    finally:
        state.services = services
    assert set(report) == {"error"}
    assert set(call) == {"toolCallId", "name", "error"}
    assert "secret detail" not in str((report, call))


def test_vapis_secret_may_come_as_a_bearer_token(play: Play) -> None:
    """As its custom credentials send it."""
    play.agent()
    vapi = connect(play, "vapi")
    path, headers = f"/v1/adapters/{vapi.adapter}", {"authorization": f"Bearer {SECRET}"}
    assert vapi.client.send("POST", path, json=vapi_message("hang"), headers=headers).status_code == 200


# ElevenLabs -----------------------------------------------------------------------------------------------------------


def test_an_elevenlabs_call_from_its_initiation_to_its_webhook(play: Play) -> None:
    """The telephone call's id names the session; the webhook is signed by a secret of its own."""
    for name, act in (("greet", greets), ("lookup", shows), ("write_up", lambda body: body["analysis"])):
        play.function(name, act)
    play.agent(greet="pre_session", lookup="during_session", write_up="post_session")
    elevenlabs = connect(play, "elevenlabs", signing_secret="wsec_987654")  # noqa: S106
    told = elevenlabs.ok("/initiation", elevenlabs_initiation())
    assert told["type"] == "conversation_initiation_client_data"
    assert (told["dynamic_variables"]["customer_name"], told["dynamic_variables"]["tickets"]) == ("Ann", 2)
    headers = {"x-call-sid": "CA0123456789abcdef", "x-conversation-id": "conv_abc123"}
    found = elevenlabs.ok("/functions/lookup", {"order": "7"}, headers=headers)
    assert (found["params"], found["session"]) == ({"order": "7"}, "CA0123456789abcdef")
    assert elevenlabs.post("/post-call", elevenlabs_post_call()).status_code == 401
    for _ in range(2):
        assert elevenlabs.ok("/post-call", elevenlabs_post_call(), secret="wsec_987654") == {}  # noqa: S106
    done = play.until(lambda one: one["invocations"][-1]["status"] == "succeeded", "CA0123456789abcdef")
    assert play.names() == ["greet", "lookup", "write_up"]
    assert done["analysis"]["call_successful"] == "success"
    assert elevenlabs.ok("/post-call", elevenlabs_post_call("post_call_audio"), secret="wsec_987654") == {}  # noqa: S106


def test_a_refusal_reaches_an_elevenlabs_agent_in_its_variables(play: Play) -> None:
    """It knows no other way; its functions do not run either."""
    play.function("guard", refuses)
    play.function("lookup")
    play.agent(guard="pre_session", lookup="during_session")
    elevenlabs = connect(play, "elevenlabs")
    told = elevenlabs.ok("/initiation", elevenlabs_initiation())["dynamic_variables"]
    assert told == {"midcall_refused": "true", "midcall_reason": "This number\nis blocked."}
    headers = {"x-call-sid": "CA0123456789abcdef"}
    assert set(elevenlabs.ok("/functions/lookup", {}, headers=headers)) == {"error"}
    assert play.names() == ["guard"]


def test_a_web_conversation_is_named_by_itself(play: Play) -> None:
    """Tools and webhook agree without a telephone call; a body of no bytes has no arguments."""
    play.function("lookup", shows)
    play.agent(lookup="during_session")
    elevenlabs = connect(play, "elevenlabs")
    headers = {"x-conversation-id": "conv_abc123", "idempotency-key": "4"}
    found = [elevenlabs.ok("/functions/lookup", b"", headers=headers) for _ in range(2)]
    assert (found[0]["params"], found[0]["session"]) == ({}, "conv_abc123")
    assert len(play.ran) == 1
    elevenlabs.ok("/post-call", elevenlabs_post_call(metadata={}))
    assert play.session("conv_abc123")["status"] == "ended"
    assert elevenlabs.post("/functions/lookup", {}).status_code == 422


# Anything -------------------------------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["\ud800", "\x00", "tool-calls"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Take a delivery apart: some field of its body, or of the object in it, is anything."""
    vendor = draw(st.sampled_from(sorted(DELIVERIES)))
    path, body = draw(st.sampled_from(DELIVERIES[vendor]))
    changed = {**body, **{name: draw(values) for name in draw(st.lists(st.sampled_from(sorted(body)), max_size=1))}}
    inside = next((name for name, value in changed.items() if isinstance(value, dict) and value), None)
    if inside is not None:
        names = draw(st.lists(st.sampled_from(sorted(changed[inside])), max_size=2))
        changed[inside] = {**changed[inside], **{name: draw(values) for name in names}}
    return vendor, path, draw(st.sampled_from([changed, changed, changed, draw(values)]))


@given(delivery=deliveries())
@settings(
    max_examples=80,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_delivery_that_is_let_in_has_an_answer(agents: dict[str, Platform], delivery: tuple[str, str, Any]) -> None:
    """One that the contract has: never a failure of ours; from Vapi's side always a 200."""
    vendor, path, body = delivery
    response = agents[vendor].post(path, body, headers={"x-conversation-id": "conv_1"})
    assert response.status_code in ({200} if vendor == "vapi" else {200, 422})


@pytest.fixture(scope="module")
def agents(served: Served) -> dict[str, Platform]:
    """Connect each vendor to an agent with one function."""
    play = Play(served, served.tenant())
    play.function("lookup")
    play.agent(lookup="during_session")
    return {vendor: connect(play, vendor, agent="desk") for vendor in DELIVERIES}
