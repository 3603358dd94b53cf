"""What a session's stream tells, in which order, and when it ends; and the stream of one call."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis
from tests.integration.api.sessions import FAILS, Listener, Play, stream
from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S, wait_for
from tests.support.serving import Client, Served

from midcall.bootstrap.store import open_queue, open_storage
from midcall.domain.times import now_ms
from midcall.service.runs.progress import Progress


@pytest.fixture
def play(served: Served, admin: Client) -> Iterator[Play]:
    """Make a workspace whose functions do what the test says."""
    play = Play(served, admin)
    served.sandbox.behave = play.behave
    yield play
    served.sandbox.behave = echo


def in_short(events: list[Any]) -> list[tuple[str, Any]]:
    """Reduce events to their names and what they are about."""
    about = {
        "variable": "name",
        "started": "function",
        "progress": "text",
        "completed": "function",
        "session": "status",
    }
    return [(event.name, event.data[about[event.name]]) for event in events]


def test_a_stream_tells_a_whole_session_in_order_and_then_ends(play: Play) -> None:
    """Its end comes when the session is over and its last job too."""
    play.function("pre", lambda _: {"dynamicVariables": {"tier": "gold"}})
    play.function("look", messages={"started": ["One moment."]})
    play.function("post")
    play.agent(pre="pre_session", look="during_session", post="post_session")
    play.start()
    listener = Listener(play.admin)
    play.call("look")
    play.end()
    time.sleep(0.3)
    play.end(analysis={})
    events = listener.ended()
    assert in_short(events) == [
        ("session", "active"),
        ("started", "pre"),
        ("variable", "tier"),
        ("completed", "pre"),
        ("started", "look"),
        ("completed", "look"),
        ("session", "ended"),
        ("started", "post"),
        ("completed", "post"),
    ]
    assert [event.id for event in events] == sorted(event.id or 0 for event in events)
    assert events[2].data == {**events[2].data, "name": "tier", "value": "gold", "source": "function:pre"}
    assert (events[4].data["message"], events[5].data["status"]) == ("One moment.", "succeeded")
    assert all(event.data["at"].endswith("Z") for event in events)


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_a_stream_goes_on_after_the_last_event_that_was_received(play: Play, seen: int) -> None:
    """None is told twice, none is missed."""
    play.function("look", lambda _: {"dynamicVariables": {"a": 1}})
    play.agent(look="during_session")
    play.start()
    play.call("look")
    play.end(analysis={})
    everything = Listener(play.admin).ended()
    last = everything[seen - 1].id if seen else None
    assert Listener(play.admin, last=last).ended() == everything[seen:]


def test_who_has_heard_all_of_a_session_that_is_over_is_told_not_to_come_again(play: Play) -> None:
    """An `EventSource` connects again after each end of a stream, until it gets a 204; nobody gets one before."""
    play.function("look")
    play.agent(look="during_session")
    play.start()
    listener = Listener(play.admin)
    play.call("look")
    assert wait_for(lambda: any(event.name == "completed" for event in listener.events))
    heard = max(event.id or 0 for event in listener.events)
    waiting = Listener(play.admin, last=heard)
    play.end(analysis={})
    last = listener.ended()[-1].id
    assert waiting.ended()[-1].id == last
    play.admin.ok("GET", "/v1/sessions/s1/events", headers={"last-event-id": str(last)}, status=204)
    assert Listener(play.admin, last=heard).ended()[-1].id == last


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 19, "9" * 400, "\u00b2"])
def test_a_last_event_id_that_cannot_be_is_a_422(play: Play, last: str) -> None:
    """Before the stream begins."""
    play.agent()
    play.start()
    headers = {"last-event-id": last.encode("latin-1")}
    found = play.admin.problem(422, "GET", "/v1/sessions/s1/events", headers=headers)
    assert found["errors"][0]["loc"] == "Last-Event-ID"


def test_a_quiet_stream_shows_that_it_lives(play: Play, served: Served) -> None:
    """With a comment, every so often; events come through all the same."""
    state = served.app.state
    before = state.services
    state.services = replace(before, following=replace(before.following, heartbeat_s=0.2))
    try:
        play.agent()
        play.start()
        listener = Listener(play.admin)
        time.sleep(1)
        play.end(analysis={})
        assert in_short(listener.ended()) == [("session", "active"), ("session", "ended")]
        assert sum(event.name is None for event in listener.events) >= 3
    finally:
        state.services = before


def test_a_redis_that_loses_everything_costs_no_event(play: Play, served: Served) -> None:
    """Events are rows: what is announced to nobody is read within a second."""
    play.function("look")
    play.agent(look="during_session")
    play.start()
    listener = Listener(play.admin)
    with Redis.from_url(served.settings.redis) as redis:
        for _ in range(3):
            redis.flushall()
            play.call("look")
            redis.flushall()
    play.end(analysis={})
    assert in_short(listener.ended()) == [
        ("session", "active"),
        *[("started", "look"), ("completed", "look")] * 3,
        ("session", "ended"),
    ]


def test_the_result_of_a_background_call_arrives_on_the_stream(play: Play) -> None:
    """Also after the session has ended: the stream waits for it."""
    release = threading.Event()
    play.function("send", lambda _: release.wait(PATIENCE_S) and {"result": "sent"}, background=True)
    play.agent(send="during_session")
    play.start()
    accepted = play.call("send")
    play.end(analysis={})
    listener = Listener(play.admin)
    time.sleep(0.3)
    release.set()
    last = listener.ended()[-1]
    assert (last.name, last.data["result"], last.data["invocation_id"]) == (
        "completed",
        "sent",
        accepted["invocation_id"],
    )


def test_a_terminated_sessions_stream_ends(play: Play) -> None:
    """With what ended it."""
    play.function("guard", lambda _: {"terminateAgent": True, "reason": "Blocked."})
    play.agent(guard="pre_session")
    play.start()
    events = Listener(play.admin).ended()
    assert in_short(events)[-1] == ("session", "terminated")
    assert events[-1].data["reason"] == "Blocked."


def test_a_stream_ends_when_its_session_is_deleted(play: Play) -> None:
    """Nothing more can come."""
    play.agent()
    play.start()
    listener = Listener(play.admin)
    play.admin.ok("DELETE", "/v1/sessions/s1", status=204)
    listener.ended(5)


def test_a_pin_that_is_returned_is_exact_in_the_answer_and_masked_on_the_stream(play: Play) -> None:
    """Streamed or not, the caller gets what the function returned; whoever follows the session does not."""
    pin = {"type": "string", "x-midcall": {"sensitive": True}}
    play.function(
        "echo",
        lambda body: {"result": f"PIN {body['params']['pin']}", "dynamicVariables": {"tried": body["params"]["pin"]}},
        parameters={"type": "object", "properties": {"pin": pin}},
    )
    play.agent(echo="during_session")
    play.start()
    assert play.call("echo", pin="pin-5678")["result"] == "PIN pin-5678"
    body = {"params": {"pin": "pin-5678"}}
    with stream(play.admin, "/v1/sessions/s1/functions/echo", method="POST", body=body) as events:
        answered = list(events)[-1]
    assert answered.name == "completed"
    assert (answered.data["result"], answered.data["dynamicVariables"]["tried"]) == ("PIN pin-5678", "pin-5678")
    assert (answered.data["phase"], answered.data["status"]) == ("during_session", "succeeded")
    record = play.admin.ok("GET", f"/v1/invocations/{answered.data['invocation_id']}")
    assert (record["params"], record["result"]["result"]) == ({"pin": "********"}, "PIN ********")
    play.end(analysis={})
    told = Listener(play.admin).ended()
    assert [event.data["result"] for event in told if event.name == "completed"] == ["PIN ********"] * 2
    assert "pin-5678" not in str([event.data for event in told])


@pytest.fixture
def progress(play: Play) -> Iterator[Progress]:
    """Make what a worker reports progress with."""
    settings = play.served.settings
    with closing(open_storage(settings)) as storage, closing(open_queue(settings)) as queue:
        yield Progress(storage=storage, queue=queue, clock=now_ms)


def test_a_call_can_be_followed_to_its_outcome(play: Play, progress: Progress) -> None:
    """`started` with what to say at once, `progress` as it comes, `completed`; then the stream ends."""

    def look(_: Any) -> Any:
        run = play.session()["invocations"][-1]["id"]
        progress.report(f"{run}.1.1", "half way")
        progress.report(f"{run}.2.1", "from an attempt that is not")
        progress.report("inv_0.1.1", "of nothing")
        return {"result": 7}

    play.function("look", look, messages={"started": ["One moment."]})
    play.function("other")
    play.agent(look="during_session", other="during_session")
    play.start()
    play.call("other")
    with stream(play.admin, "/v1/sessions/s1/functions/look", method="POST", body={}) as events:
        found = list(events)
    assert in_short(found) == [("started", "look"), ("progress", "half way"), ("completed", "look")]
    assert (found[0].data["message"], found[2].data["result"]) == ("One moment.", 7)
    progress.report(f"{found[0].data['invocation_id']}.1.1", "too late")
    play.end(analysis={})
    assert "too late" not in str(Listener(play.admin).ended())
    progress.storage.close()
    progress.queue.close()  # type: ignore[attr-defined]


def test_a_followed_call_that_is_refused_or_fails_ends_too(play: Play) -> None:
    """With its outcome; what is wrong with the call itself is a problem, as ever."""
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}}
    play.function("look", lambda _: FAILS, parameters=schema)
    play.agent(look="during_session")
    play.start()
    path = "/v1/sessions/s1/functions/look"
    for params, statuses in [({"order": "x"}, ["refused"]), ({}, ["failed"])]:
        with stream(play.admin, path, method="POST", body={"params": params}) as events:
            assert [event.data["status"] for event in events if event.name == "completed"] == statuses
    headers = {"accept": "text/event-stream"}
    play.admin.problem(404, "POST", "/v1/sessions/s1/functions/none", {}, headers=headers)
    play.end()
    play.admin.problem(409, "POST", path, {}, headers=headers)


def test_a_repeat_can_follow_the_first_call(play: Play) -> None:
    """From its beginning, while it runs and afterwards; a background call is accepted on its stream."""
    release = threading.Event()
    play.function("slow", lambda _: release.wait(PATIENCE_S) and {"result": 1})
    play.function("send", lambda _: release.wait(PATIENCE_S) and {"result": 2}, background=True)
    play.agent(slow="during_session", send="during_session")
    play.start()
    path, key = "/v1/sessions/s1/functions/slow", {"idempotency-key": "k"}
    with stream(play.admin, path, method="POST", body={}, headers=key) as first:
        assert next(first).name == "started"
        with stream(play.admin, path, method="POST", body={}, headers=key) as second:
            assert next(second).name == "started"
            release.set()
            assert [event.data["result"] for event in second] == [event.data["result"] for event in first] == [1]
    with stream(play.admin, path, method="POST", body={}, headers=key) as third:
        assert [event.name for event in third] == ["started", "completed"]
    assert play.names() == ["slow"]
    release.clear()
    with stream(play.admin, "/v1/sessions/s1/functions/send", method="POST", body={}) as events:
        assert [event.data["status"] for event in events] == ["accepted"]
    release.set()
