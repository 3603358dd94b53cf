"""Mocks, recordings and dry replays: real sandboxes, and a real target that can be switched off."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from tests.support.serving import Client, Served
from tests.support.target import Received, Reply, Target, replying

from midcall.domain.mock import MAX_ANSWER_BYTES, MAX_MOCKS_BYTES
from midcall.storage.schema import events, metadata

TOKEN = "s3cr3t-token-value"  # noqa: S105 (made up)


def code(there: Target, body: str, *credentials: str, **more: Any) -> dict[str, Any]:
    """Return the fields of a function whose handler has this body, `URL` being the target's."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"URL = {there.url!r}\n\n\ndef handler(session, actions):\n{lines}"
    action = {"name": "http", "credentials": list(credentials)}
    return {"code": {"source": source, "actions": [action], "egress": [urlsplit(there.url).netloc]}, **more}


READ_AND_WRITE = """\
found = actions.http.get(URL + "/orders", params={"id": session["params"].get("order", 7)}, credential="crm")
try:
    actions.http.post(URL + "/notes", json={"about": found["data"]["id"]})
except ActionError as error:
    return {"order": found["data"], "said": found["data"].get("echo"), "failed": [error.code, error.status, error.body]}
return {"order": found["data"], "failed": None}"""


def shop(got: Received) -> Reply:
    """Find any order, echoing whoever asks; refuse every note."""
    if got.method == "POST":
        return replying({"error": {"message": "no notes today"}}, 422)
    return replying({"id": got.path.rpartition("=")[2], "echo": f"you are {got.headers['authorization']}"})


@pytest.fixture
def acts(admin: Client, there: Target) -> Client:
    """Publish a function that reads with a credential and writes without."""
    there.answer = shop
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": TOKEN}})
    admin.published("acts", **code(there, READ_AND_WRITE, "crm"))
    return admin


def switch_off(there: Target) -> None:
    """Have the target fail whoever reaches it, and forget who did."""
    there.received.clear()
    there.answer = lambda _: Reply(500, b"off")


def invoked(admin: Client, **body: Any) -> Any:
    """Call the function live; returns its invocation on record."""
    outcome = admin.ok("POST", "/v1/functions/acts/invoke", body)
    return admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")


def dry(admin: Client, invocation: Any) -> Any:
    """Replay an invocation dry; returns the report."""
    return admin.ok("POST", f"/v1/invocations/{invocation['id']}/replay?dry=true")


def events_of(served: Served) -> list[Any]:
    """Read all events of all sessions."""
    with served.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(events))]


def test_mocks_answer_and_nothing_reaches_the_target(acts: Client, there: Target) -> None:
    """By group, by operation, by options; the record says that they were mocked."""
    mocks = [
        {
            "action": "http.get",
            "when": {"url": there.url + "/*", "params": {"id": 7}, "credential": "crm"},
            "returns": {"responseCode": 200, "data": {"id": "m7"}, "message": "OK"},
        },
        {"action": "http", "when": {"json": {"about": "m7"}}, "raises": {"message": "full", "status": 507}},
    ]
    report = acts.ok("POST", "/v1/functions/acts/test", {"mocks": mocks})
    assert report["result"] == {"order": {"id": "m7"}, "said": None, "failed": ["http_error", 507, None]}, report
    assert [(each["outcome"], each["mocked"], each["requests"]) for each in report["actions"]] == [
        ("ok", True, 0),
        ("http_error", True, 0),
    ]
    assert report["recording"] is None
    assert there.received == []


def test_what_no_mock_answers_is_real_unless_the_test_is_dry(acts: Client, there: Target) -> None:
    """In a dry test it is an ActionError on its line."""
    mocks = [{"action": "http.post", "returns": {}}]
    report = acts.ok("POST", "/v1/functions/acts/test", {"mocks": mocks})
    assert report["result"]["order"]["id"] == "7"
    assert [got.method for got in there.received] == ["GET"]
    report = acts.ok("POST", "/v1/functions/acts/test", {"mocks": mocks, "dry": True})
    assert (report["status"], report["error"]["type"], report["error"]["line"]) == ("error", "ActionError", 5)
    assert "no mock answers this call" in report["error"]["message"]
    assert [each["outcome"] for each in report["actions"]] == ["no_mock"]
    assert len(there.received) == 1


def test_a_recording_sent_as_mocks_gives_the_same_result(acts: Client, there: Target) -> None:
    """The target is switched off; secrets that it echoed are masked in what the author is shown."""
    first = acts.ok("POST", "/v1/functions/acts/test", {"record": True})
    assert [got.method for got in there.received] == ["GET", "POST"]
    assert TOKEN not in str(first)
    assert [sorted(mock) for mock in first["recording"]] == [
        ["action", "returns", "times", "when"],
        ["action", "raises", "times", "when"],
    ]
    switch_off(there)
    again = acts.ok("POST", "/v1/functions/acts/test", {"mocks": first["recording"], "dry": True, "record": True})
    assert again["result"] == first["result"]
    assert again["result"]["failed"] == ["http_error", 422, {"error": {"message": "no notes today"}}]
    assert again["recording"] == first["recording"]
    assert there.received == []


def test_a_test_that_records_but_calls_nothing_has_an_empty_recording(admin: Client, there: Target) -> None:
    """Null would say that nobody asked."""
    admin.published("acts", **code(there, "return 1"))
    assert admin.ok("POST", "/v1/functions/acts/test", {"record": True})["recording"] == []


def test_a_live_invocation_is_replayed_with_the_target_switched_off(acts: Client, there: Target) -> None:
    """Same result, no request; the first stays as it is, and both are on record."""
    session = {"sessionId": "call-1", "dynamicVariables": {"tier": "gold"}}
    first = invoked(acts, params={"order": 12}, session=session)
    assert first["result"]["order"]["id"] == "12"
    switch_off(there)
    report = dry(acts, first)
    assert (report["status"], report["replay_of"]) == ("ok", first["id"])
    assert report["result"] == first["result"]
    assert all(each["mocked"] for each in report["actions"])
    assert there.received == []
    again = acts.ok("GET", f"/v1/invocations/{report['invocation_id']}")
    assert (again["purpose"], again["params"], again["session"]) == ("test", {"order": 12}, "call-1")
    assert acts.ok("GET", f"/v1/invocations/{first['id']}") == first
    assert dry(acts, again)["result"] == first["result"]
    (line, *_) = acts.ok("GET", "/v1/audit?kind=invocation.replay")["items"]
    assert (line["subject"], line["detail"]["dry"]) == (again["id"], True)


def test_a_call_of_a_session_is_replayed_without_touching_it(acts: Client, there: Target, served: Served) -> None:
    """Variables, events and invocations of the session stay; what the run sees are the variables of its time."""
    body = """\
seen = session["dynamicVariables"]["count"]
found = actions.http.get(URL + "/orders", params={"id": seen}, credential="crm")
return {"seen": found["data"]["id"], "dynamicVariables": {"count": seen + 1}}"""
    acts.published("counts", **code(there, body, "crm"))
    acts.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "counts", "phase": "during_session"}]})
    started = {"agent": "desk", "sessionId": "s1", "dynamicVariables": {"count": 1}}
    acts.ok("POST", "/v1/sessions", started, status=201)
    first = acts.ok("POST", "/v1/sessions/s1/functions/counts", {})
    acts.ok("POST", "/v1/sessions/s1/functions/counts", {})
    before = acts.ok("GET", "/v1/sessions/s1")
    assert before["dynamicVariables"]["count"] == 3
    told = events_of(served)
    switch_off(there)
    report = dry(acts, {"id": first["invocation_id"]})
    assert report["result"]["seen"] == "1", report
    assert report["dynamicVariables"] == {"count": 2}
    assert acts.ok("GET", "/v1/sessions/s1") == before
    assert events_of(served) == told
    assert there.received == []
    acts.ok("DELETE", "/v1/sessions/s1", status=204)
    assert acts.problem(404, "POST", f"/v1/invocations/{first['invocation_id']}/replay?dry=true")


def test_secrets_that_a_target_echoes_are_nowhere_in_the_database(acts: Client, there: Target, served: Served) -> None:
    """In no row of no table, nor in the recording that is shown."""

    def echo(got: Received) -> Reply:
        value = got.headers.get("authorization", "nobody")
        return replying(
            {"id": "1", value: [value, {"deep": value.encode().hex()}]}, 200 if got.method == "GET" else 500
        )

    there.answer = echo
    invoked(acts)
    report = acts.ok("POST", "/v1/functions/acts/test", {"record": True})
    assert "********" in str(report["recording"])
    assert there.received[0].headers["authorization"] == f"Bearer {TOKEN}"
    with served.engine.connect() as connection:
        stored = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert any("http.get" in row and "returns" in row for row in stored)
    assert not [row for row in stored if TOKEN in row]


def test_huge_answers_are_missed_in_clear_words(admin: Client, there: Target) -> None:
    """An answer that is too large by itself, and those for which no room is left; the recording keeps its bound."""
    body = """\
sizes = []
for number in range(12):
    try:
        sizes.append(len(actions.http.get(URL + "/" + str(number))["data"]))
    except ActionError as error:
        sizes.append(error.code)
return sizes"""
    size = MAX_ANSWER_BYTES // 2

    def answer(got: Received) -> Reply:
        return Reply(200, b"x" * (2 * size if got.path == "/1" else size), {"content-type": "text/plain"})

    there.answer = answer
    admin.published("acts", **code(there, body))
    first = invoked(admin)
    assert first["result"] == [size, 2 * size, *[size] * 10]
    switch_off(there)
    report = dry(admin, first)
    assert report["result"][:4] == [size, "not_recorded", size, size]
    kept = [each for each in report["result"] if each == size]
    assert (len(kept) + 1) * size > MAX_MOCKS_BYTES * 0.9
    assert set(report["result"]) == {size, "not_recorded"}
    assert there.received == []


def test_parallel_calls_are_mocked_each_by_its_own(admin: Client, there: Target) -> None:
    """Calls side by side get the answers of their own options, recorded and replayed."""
    body = """\
results = await asyncio.gather(*[actions.http.get(URL + "/" + str(number % 5)) for number in range(10)])
return [each["data"]["path"] for each in results]"""
    there.answer = lambda got: replying({"path": got.path})
    fields = code(there, body)
    source = fields["code"]["source"].replace("def handler", "async def handler")
    fields["code"]["source"] = "import asyncio\n\n" + source
    admin.published("acts", **fields)
    first = invoked(admin)
    assert first["result"] == [f"/{number % 5}" for number in range(10)], first["error"]
    switch_off(there)
    assert dry(admin, first)["result"] == first["result"]
    assert there.received == []


def test_what_cannot_be_replayed_is_told(acts: Client, served: Served, there: Target) -> None:
    """A webhook's run, another workspace's, one whose answers were not kept."""
    acts.published("hook", kind="webhook", code=None, webhook={"url": there.url + "/hook"})
    hooked = acts.ok("POST", "/v1/functions/hook/invoke", {})
    path = f"/v1/invocations/{hooked['invocation_id']}/replay?dry=true"
    assert "webhook" in acts.problem(409, "POST", path)["detail"]
    first = invoked(acts)
    assert served.tenant("other").problem(404, "POST", f"/v1/invocations/{first['id']}/replay?dry=true")
    assert served.tenant("other").problem(404, "POST", "/v1/invocations/inv_none/replay?dry=true")
    assert acts.problem(409, "POST", f"/v1/invocations/{first['id']}/replay")["code"] == "conflict"
    assert acts.ok("PATCH", "/v1/workspace", {"record_actions": False})["record_actions"] is False
    unkept = invoked(acts)
    problem = acts.problem(409, "POST", f"/v1/invocations/{unkept['id']}/replay?dry=true")
    assert "record_actions" in problem["detail"]
    assert acts.problem(422, "POST", "/v1/functions/hook/test", {"dry": True})["errors"][0]["loc"] == "dry"


def test_faults_of_mocks_are_told_at_their_place(acts: Client) -> None:
    """With the closest name, as everywhere."""
    mocks = [{"action": "http.gte", "returns": 1}]
    (fault,) = acts.problem(422, "POST", "/v1/functions/acts/test", {"mocks": mocks})["errors"]
    assert fault["loc"] == "mocks.0.action"
    assert "http.get" in fault["msg"]
    many = [{"action": "http", "returns": 1}] * 101
    (fault,) = acts.problem(422, "POST", "/v1/functions/acts/test", {"mocks": many})["errors"]
    assert fault["loc"] == "mocks"
