"""Whatever starts a run, its function gets the session body in one shape; known fields of other types are refused."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.api.sessions import Play
from tests.integration.api.vendors import Platform, connect
from tests.support.bodies import check_shape
from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served
from tests.support.target import Target, target

from midcall.domain.parts import parts_of

INVOKE, TEST, CASE = "/v1/functions/one/invoke", "/v1/functions/one/test", "/v1/functions/one/tests/a"


@pytest.fixture
def play(served: Served, admin: Client) -> Iterator[Play]:
    """Make a workspace whose functions do what the test says."""
    play = Play(served, admin)
    served.sandbox.behave = play.behave
    yield play
    served.sandbox.behave = echo


@pytest.fixture(scope="module")
def there() -> Iterator[Target]:
    """Serve a webhook's target."""
    with target() as it:
        yield it


def everywhere(play: Play) -> None:
    """Attach one function to all phases."""
    play.function("one")
    attached = [{"function": "one", "phase": f"{when}_session"} for when in ("pre", "during", "post")]
    play.admin.ok("PUT", "/v1/agents/desk", {"functions": attached})


def ran(play: Play, count: int) -> list[Any]:
    """Wait until so many runs were made; returns their bodies."""
    end = time.monotonic() + PATIENCE_S
    while len(play.ran) < count:
        assert time.monotonic() < end, play.names()
        time.sleep(0.02)
    return [body for _, body in play.ran]


@pytest.mark.parametrize(
    "fields", [{}, {"userDetails": {"id": "u1"}, "threadId": ["m1"]}, {"userDetails": None}], ids=str
)
def test_a_session_gives_every_phase_the_same_shape(play: Play, fields: dict[str, Any]) -> None:
    """Also where the runtime sent nothing, or nulls."""
    everywhere(play)
    check_shape(play.start(**fields) | {"params": {}, "phase": "pre_session", "deadlineMs": 1})
    play.call("one")
    play.end(analysis={"mood": "good"}, llmResponse=None)
    bodies = ran(play, 3)
    for body in bodies:
        check_shape(body)
    assert [body["phase"] for body in bodies] == ["pre_session", "during_session", "post_session"]
    assert [body["analysis"] for body in bodies] == [{}, {}, {"mood": "good"}]
    assert {tuple(body) for body in bodies} == {tuple(bodies[0])}
    assert bodies[0]["agentDetails"]["name"] == "desk"


def test_what_a_runtime_does_not_know_of_the_agent_does_not_hide_what_we_know(play: Play) -> None:
    """A runtime that sends every field, some of them empty, says nothing about those."""
    everywhere(play)
    play.start(agentDetails={"id": None, "name": "", "version": "v9", "shift": "late"})
    details = ran(play, 1)[0]["agentDetails"]
    assert (details["name"], details["version"], details["shift"]) == ("desk", "v9", "late")
    assert details["id"] == play.admin.ok("GET", "/v1/agents/desk")["id"]


def test_a_background_call_gets_it_too(play: Play) -> None:
    """Nobody waits for it, and it is the same body."""
    play.function("one", background=True)
    play.agent(one="during_session")
    play.start()
    assert play.call("one")["status"] == "accepted"
    check_shape(ran(play, 1)[0])


@pytest.mark.parametrize("phase", ["pre_session", "during_session", "post_session"])
@pytest.mark.parametrize("fields", [{}, {"userDetails": {}}, {"agentDetails": {"name": "x"}, "threadId": []}], ids=str)
def test_runs_without_a_session_get_it_in_every_phase(play: Play, phase: str, fields: dict[str, Any]) -> None:
    """Over the API, in a test run, in a test case."""
    play.function("one")
    session = {"phase": phase, **fields}
    play.admin.ok("POST", INVOKE, {"session": session})
    play.admin.ok("POST", TEST, {"session": session})
    play.admin.ok("PUT", CASE, {"session": session, "expect": {"status": "ok"}}, status=201)
    assert play.admin.ok("POST", "/v1/functions/one/tests")["passed"] == 1
    bodies = ran(play, 3)
    for body in bodies:
        check_shape(body)
    assert [body["phase"] for body in bodies][1:] == [phase] * 2


def test_a_webhook_is_posted_the_same_body(play: Play, there: Target) -> None:
    """Its default payload, and the call of Retell's envelope where no runtime passed one."""
    for payload in ("session", "call"):
        webhook = {"url": f"{there.url}/hook", "method": "POST", "payload": payload}
        play.admin.published(payload, kind="webhook", code=None, webhook=webhook, parameters={"type": "object"})
        play.admin.ok("POST", f"/v1/functions/{payload}/invoke", {})
    check_shape(there.received[0].json)
    check_shape(there.received[1].json["call"])


def vendors_call(platform: Platform) -> None:
    """Have a vendor's platform hold a conversation, from its beginning to its end, with as little as it may say."""
    call: dict[str, Any]
    match platform.vendor:
        case "retell":
            call = {"call_id": "call_1", "transcript_object": None, "from_number": 5, "metadata": None}
            platform.ok("/events", {"event": "call_started", "call": call})
            platform.ok("/functions/one", {"name": "one", "call": call, "args": {}})
            platform.ok("/events", {"event": "call_analyzed", "call": {**call, "call_analysis": None}})
        case "vapi":
            call = {"id": "7420f27a", "customer": {"number": None, "email": 5}, "phoneNumber": None}
            platform.ok("", {"message": {"type": "assistant-request", "call": call}})
            wanted = {"id": "tool_1", "name": "one", "arguments": {}}
            platform.ok("", {"message": {"type": "tool-calls", "call": call, "toolCallList": [wanted]}})
            platform.ok("", {"message": {"type": "end-of-call-report", "call": call, "analysis": "none"}})
        case _:
            platform.ok("/initiation", {"call_sid": "CA01", "caller_id": None, "called_number": 7})
            platform.ok("/functions/one", {}, headers={"x-call-sid": "CA01"})
            call = {"metadata": {"phone_call": {"call_sid": "CA01"}}, "user_id": 9, "analysis": "none"}
            platform.ok("/post-call", {"type": "post_call_transcription", "data": {**call, "transcript": None}})


@pytest.mark.parametrize("vendor", ["retell", "vapi", "elevenlabs"])
def test_a_vendors_conversation_gives_every_phase_the_same_shape(play: Play, vendor: str) -> None:
    """Whatever the vendor leaves out, or sends of another type."""
    everywhere(play)
    vendors_call(connect(play, vendor))
    bodies = ran(play, 3)
    for body in bodies:
        check_shape(body)
    assert [body["phase"] for body in bodies] == ["pre_session", "during_session", "post_session"]


#: Of a body that a caller sends: what is wrong, and the path that is named.
WRONG = [
    ({"userDetails": "x"}, "userDetails"),
    ({"userDetails": [{}]}, "userDetails"),
    ({"userDetails": {"email": 5}}, "userDetails.email"),
    ({"userDetails": {"id": {"a": 1}}}, "userDetails.id"),
    ({"agentDetails": {"version": 9}}, "agentDetails.version"),
    ({"agentDetails": True}, "agentDetails"),
    ({"communicationChannelId": 3}, "communicationChannelId"),
    ({"threadId": "m1"}, "threadId"),
    ({"threadId": [1]}, "threadId"),
    ({"recordingUrl": {}}, "recordingUrl"),
    ({"contact": "Ada"}, "contact"),
    ({"transcript": "Agent: Hello."}, "transcript"),
    ({"analysis": "good"}, "analysis"),
    ({"llmResponse": {}}, "llmResponse"),
    ({"dynamicVariables": []}, "dynamicVariables"),
    ({"direction": "sideways"}, "direction"),
    ({"medium": "sms"}, "medium"),
    ({"createdAt": 5}, "createdAt"),
    ({"call": "c1"}, "call"),
]


@pytest.mark.parametrize(("fields", "loc"), WRONG, ids=str)
def test_a_known_field_of_another_type_is_a_422_that_says_what_to_write(
    play: Play, fields: dict[str, Any], loc: str
) -> None:
    """At the start of a session, in a call without one, in a test run, in a test case; nothing runs."""
    everywhere(play)
    ways = [
        ("POST", "/v1/sessions", {"agent": "desk", **fields}, ""),
        *(("POST", path, {"session": fields}, "session.") for path in (INVOKE, TEST)),
        ("PUT", CASE, {"session": fields, "expect": {"status": "ok"}}, "session."),
    ]
    for method, path, body, before in ways:
        (fault,) = play.admin.problem(422, method, path, body)["errors"]
        assert fault["loc"] == before + loc
        assert fault["msg"].startswith("must be ")
        assert fault["msg"].endswith("leave it out where it is not known")
    assert play.ran == []


@pytest.mark.parametrize(
    ("method", "path", "body", "loc"),
    [
        ("PATCH", "", {"transcript": "x"}, "transcript"),
        ("PATCH", "", {"contact": []}, "contact"),
        ("PATCH", "", {"dynamicVariables": 5}, "dynamicVariables"),
        ("POST", "/functions/one", {"params": "x"}, "params"),
        ("POST", "/functions/one", {"transcript": {"role": "user"}}, "transcript"),
        ("POST", "/functions/one", {"call": "c1"}, "call"),
        ("POST", "/end", {"analysis": "good"}, "analysis"),
        ("POST", "/end", {"transcript": "x"}, "transcript"),
        ("POST", "/end", {"recordingUrl": 5}, "recordingUrl"),
        ("POST", "/end", {"llmResponse": ["x"]}, "llmResponse"),
    ],
)
def test_what_comes_later_is_of_its_type_too(play: Play, method: str, path: str, body: Any, loc: str) -> None:
    """A change, a call and an end; null says that nothing is known yet."""
    everywhere(play)
    play.start()
    url = f"/v1/sessions/s1{path}"
    (fault,) = play.admin.problem(422, method, url, body)["errors"]
    assert fault["loc"] == loc
    assert fault["msg"].startswith("must be ")
    play.admin.ok(method, url, dict.fromkeys(body), status=202 if path == "/end" else 200)
    play.end(analysis={})
    for each in ran(play, 3 if path == "/functions/one" else 2):
        check_shape(each)


def test_all_faults_of_a_body_are_told_at_once(play: Play) -> None:
    """Those of the session body beside those of the form."""
    body = {"agent": "", "userDetails": {"id": 1, "email": 2}, "environment": "NO", "own": 5, "medium": None}
    found = play.admin.problem(422, "POST", "/v1/sessions", body)["errors"]
    assert {fault["loc"] for fault in found} == {"agent", "environment", "userDetails.id", "userDetails.email"}
    found = play.admin.problem(422, "POST", "/v1/functions/one/invoke", {"session": {"call": 1}, "typo": 1})["errors"]
    assert {fault["loc"] for fault in found} == {"session.call", "typo"}


def test_a_body_that_was_given_to_a_function_may_be_sent_back(play: Play) -> None:
    """As people do who try out a function with what they saw in a log."""
    everywhere(play)
    play.start()
    (body,) = ran(play, 1)
    play.admin.ok("POST", TEST, {"session": body})
    play.admin.ok("POST", "/v1/sessions", {"agent": "desk", **body, "environment": "production"}, status=200)
    play.start("s2", **{name: value for name, value in body.items() if name != "sessionId"})


def test_a_session_that_was_stored_before_types_were_checked_still_reads(play: Play) -> None:
    """It is brought to shape when it is read, for functions and over the API."""
    everywhere(play)
    play.start(own={"a": 1})
    odd = {"userDetails": "x", "threadId": "m1", "recordingUrl": None, "communicationChannelId": 7, "call": "c1"}
    workspace = play.admin.ok("GET", "/v1/workspace")["id"]
    with play.served.app.state.services.sessions.storage.write() as tx:
        session = tx.sessions.get(workspace, "s1", lock=True)
        tx.sessions.replace(tx.sessions.grow(session, parts_of({**odd, "transcript": "User: Hi."})))
    found = play.session()
    assert (found["userDetails"], found["threadId"]) == ({"id": "", "email": "", "number": ""}, ["m1"])
    assert (found["communicationChannelId"], found["transcript"], found["own"]) == ("7", ["User: Hi."], {"a": 1})
    play.call("one")
    for body in ran(play, 2):
        check_shape(body)
    assert play.admin.ok("GET", "/v1/sessions")["items"][0]["sessionId"] == "s1"


def test_the_reference_tells_the_types(play: Play) -> None:
    """Of a session to start, of one that is read, and of the session in a test run."""
    shapes = play.admin.ok("GET", "/openapi.json")["components"]["schemas"]
    for name in ("StartSession", "SessionFields", "SessionShape"):
        fields = shapes[name]["properties"]
        assert fields["userDetails"]["properties"]["email"]["type"] == "string", name
        assert fields["medium"]["enum"] == ["phone", "web", "chat", "email"], name
    assert shapes["EndSession"]["properties"]["analysis"]["type"] == "object"
