"""Webhooks over real sockets: what reaches the target, byte for byte, and what becomes of its answer."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.patience import CLIENT_S, PATIENCE_S
from tests.support.serving import Client
from tests.support.target import Received, Reply, Target, replying, target

from midcall.domain.parameters import MASK
from midcall.domain.signature import verify_retell, verify_standard

SECRET = "s3cr3t-Ä/value+with=signs"  # noqa: S105 (made up)


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


def webhook(there: Target, path: str = "/hook", **fields: Any) -> dict[str, Any]:
    """Return the fields of a function whose webhook is the target."""
    outer = {name: fields.pop(name) for name in OUTER if name in fields}
    return {"kind": "webhook", "webhook": {"url": there.url + path, **fields}, **outer}


OUTER = (
    *("parameters", "timeout", "attempt_timeout", "retries", "messages", "response_variables", "output_schema"),
    *("max_result_chars", "background"),
)


def publish(admin: Client, name: str, body: dict[str, Any]) -> Any:
    """Publish a webhook function."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    document = {"name": name, "description": "Tells the weather of a city.", "parameters": parameters, **body}
    created = admin.ok("POST", "/v1/functions", document, status=201)
    review = admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")
    assert review["status"] == "approved", review
    admin.ok("POST", f"/v1/functions/{name}/publish", {"version": 1})
    return created


def invoke(admin: Client, name: str, **params: Any) -> Any:
    """Invoke a function."""
    return admin.ok("POST", f"/v1/functions/{name}/invoke", {"params": params})


def test_the_session_body_is_posted_signed_and_the_answer_is_the_result(admin: Client, there: Target) -> None:
    """The default payload; both signatures hold; the target is told deadline, key and trace."""
    secret = "key_" + "0a1b2c3d" * 4  # such as receivers of Retell's calls have
    made = admin.ok("POST", "/v1/workspace/signing-secret", {"secret": secret, "overlap_s": 0}, status=200)
    assert made["current"] == secret
    there.answer = lambda _: replying({"temperature": 21.0, "dynamicVariables": {"asked": True}})
    publish(admin, "weather", webhook(there))
    outcome = invoke(admin, "weather", city="São Paulo")
    assert outcome["status"] == "succeeded"
    assert (outcome["result"], outcome["dynamicVariables"]["asked"]) == ({"temperature": 21.0}, True)
    got = there.last
    assert (got.method, got.path, got.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert got.json["params"] == {"city": "São Paulo"}
    assert got.json["phase"] == "during_session"
    assert got.headers["idempotency-key"] == outcome["invocation_id"]
    assert got.headers["traceparent"].startswith("00-")
    assert 0 < int(got.headers["x-midcall-deadline-ms"]) <= 120_000
    now = time.time()
    assert verify_retell(secret, header=got.headers["x-retell-signature"], body=got.body, now_ms=int(now * 1000))
    assert verify_standard([made["standard"]], headers=got.headers, body=got.body, now_s=int(now))


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [("args", {"city": "Rome"}), ("call", {"name": "pay", "args": {"city": "Rome"}})],
)
def test_other_payloads(admin: Client, there: Target, payload: str, wanted: dict[str, Any]) -> None:
    """`args` puts the arguments at the root; `call` is Retell's envelope with the session body as the call."""
    publish(admin, "pay", webhook(there, payload=payload))
    assert invoke(admin, "pay", city="Rome")["status"] == "succeeded"
    sent = there.last.json
    call = sent.pop("call", None)
    assert sent == wanted
    assert (call is None) == (payload == "args")


def test_a_get_has_no_body_and_carries_unused_arguments_in_its_query(admin: Client, there: Target) -> None:
    """What the path uses does not stand in the query again; the empty body is what is signed."""
    properties = {"id": {"type": "string"}, "limit": {"type": "integer"}}
    publish(
        admin,
        "orders",
        webhook(
            there,
            "/customers/{{id}}/orders",
            method="GET",
            query={"include": "orders"},
            parameters={"type": "object", "properties": properties, "required": ["id"]},
        ),
    )
    assert invoke(admin, "orders", id="a/b ü", limit=3)["status"] == "succeeded"
    got = there.last
    assert (got.method, got.path, got.body) == ("GET", "/customers/a%2Fb%20%C3%BC/orders?include=orders&limit=3", b"")
    assert "content-type" not in got.headers


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": SECRET}, "authorization", f"Bearer {SECRET}"),
        ({"type": "bearer", "token": f"Bearer {SECRET}"}, "authorization", f"Bearer {SECRET}"),
        (
            {"type": "basic", "username": "u", "password": SECRET},
            "authorization",
            "Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode(),
        ),
        ({"type": "header", "name": "X-API-Key", "value": SECRET}, "x-api-key", SECRET),
    ],
)
def test_auth_in_headers(admin: Client, there: Target, auth: dict[str, Any], header: str, value: str) -> None:
    """The target gets the secret; the function's document does not show it, nor do answer and record of the call."""
    created = publish(admin, "secured", webhook(there, auth=auth))
    assert SECRET not in json.dumps(created)
    assert created["webhook"]["auth"] | {"type": ""} == {
        name: MASK if name not in {"type", "name", "username"} else given for name, given in auth.items()
    } | {"type": ""}
    there.answer = lambda got: replying({"echo": got.headers[header].encode("latin-1").decode()})
    outcome = invoke(admin, "secured")
    assert there.last.headers[header].encode("latin-1").decode() == value
    assert MASK in outcome["result"]["echo"]
    tried = admin.ok("POST", "/v1/functions/secured/test", {})
    record = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert MASK in record["result"]["echo"]
    for shown in (outcome, tried, record):
        assert not any(each in json.dumps(shown, ensure_ascii=False) for each in (SECRET, value))


def test_auth_in_query_and_body(admin: Client, there: Target) -> None:
    """A secret in the query is percent-encoded; one in the body stands beside the arguments."""
    publish(admin, "by_query", webhook(there, auth={"type": "query", "name": "key", "value": SECRET}))
    publish(admin, "by_body", webhook(there, payload="args", auth={"type": "body", "name": "api_key", "value": SECRET}))
    report = admin.ok("POST", "/v1/functions/by_query/test", {})
    assert there.last.path == "/hook?key=s3cr3t-%C3%84%2Fvalue%2Bwith%3Dsigns"
    assert report["request"]["url"].endswith(f"?key={MASK}")
    publish(admin, "short", webhook(there, headers={"X-Pin": "7"}))
    report = admin.ok("POST", "/v1/functions/short/test", {})
    assert (there.last.headers["x-pin"], report["request"]["headers"]["X-Pin"]) == ("7", MASK)
    report = admin.ok("POST", "/v1/functions/by_body/test", {"params": {"city": "Rome"}})
    assert there.last.json == {"city": "Rome", "api_key": SECRET}
    assert SECRET not in json.dumps(report, ensure_ascii=False)


def test_an_oauth2_token_is_fetched_once_and_anew_when_it_is_not_taken(admin: Client, there: Target) -> None:
    """Client credentials: one token for several calls; a 401 drops it, and the next call brings another."""
    tokens: list[str] = []

    def answer(got: Received) -> Reply:
        if got.path == "/token":
            tokens.append(f"token-{len(tokens)}")
            return replying({"access_token": tokens[-1], "token_type": "bearer", "expires_in": 3600})
        return replying(
            {}, 401 if got.headers["authorization"] == "Bearer token-0" and len(there.received) > 4 else 200
        )

    there.answer = answer
    auth = {"type": "oauth2", "token_url": f"{there.url}/token", "client_id": "me", "client_secret": SECRET}
    publish(admin, "oauth", webhook(there, auth=auth))
    assert [invoke(admin, "oauth")["status"] for _ in range(5)] == ["succeeded"] * 3 + ["failed", "succeeded"]
    assert tokens == ["token-0", "token-1"]
    asked = there.received[0]
    assert asked.body == b"grant_type=client_credentials"
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(("status", "text"), [(404, "Not there."), (503, "Down."), (400, "Hm."), (418, "Hm.")])
def test_error_messages_by_status(admin: Client, there: Target, status: int, text: str) -> None:
    """The line hears what the author wrote for that status; the agent gets status and body."""
    there.answer = lambda _: replying({"why": "because"}, status)
    messages = {"error": {"404": "Not there.", "5xx": "Down.", "default": "Hm."}}
    publish(admin, "failing", webhook(there, messages=messages, retries=0))
    outcome = invoke(admin, "failing")
    assert (outcome["status"], outcome["message"]) == ("failed", text)
    error = outcome["error"]
    assert (error["type"], error["http_status"], json.loads(error["body"])) == (
        "http_error",
        status,
        {"why": "because"},
    )


def test_it_tries_again_with_the_same_key_and_heeds_retry_after(admin: Client, there: Target) -> None:
    """503, then 429 with Retry-After, then success: three requests, one outcome."""
    answers = [Reply(503), replying({}, 429, **{"retry-after": "1"}), replying({"fine": True})]
    there.answer = lambda _: answers.pop(0)
    publish(admin, "flaky", webhook(there))
    began = time.monotonic()
    outcome = invoke(admin, "flaky")
    assert (outcome["status"], outcome["result"]) == ("succeeded", {"fine": True})
    assert time.monotonic() - began >= 1.0
    assert len({got.headers["idempotency-key"] for got in there.received}) == 1
    assert len({got.headers["traceparent"] for got in there.received}) == 3


def test_a_hung_attempt_leaves_room_for_another(admin: Client, there: Target) -> None:
    """`attempt_timeout` bounds one attempt; the second one succeeds within the call's deadline."""
    let_go = threading.Event()

    def answer(_: Received) -> Reply:
        if len(there.received) == 1:
            let_go.wait(PATIENCE_S)
        return replying({"n": len(there.received)})

    there.answer = answer
    publish(admin, "hung", webhook(there, timeout=60, attempt_timeout=2, retries=1))
    outcome = invoke(admin, "hung")
    let_go.set()
    assert (outcome["status"], outcome["result"]) == ("succeeded", {"n": 2})


def test_a_timeout_is_told_from_a_refusal_and_from_nobody_there(admin: Client, there: Target) -> None:
    """Test shows request and response, and which of them went wrong."""
    let_go = threading.Event()
    there.answer = lambda _: replying({"let_go": let_go.wait(PATIENCE_S)})
    publish(admin, "slow", webhook(there, timeout=1, retries=0))  # short: its deadline ends it
    report = admin.ok("POST", "/v1/functions/slow/test", {})
    let_go.set()
    assert (report["status"], report["error"]["type"], report["response"]) == ("timeout", "timed_out", None)
    publish(admin, "nobody", {"kind": "webhook", "retries": 0, "webhook": {"url": "http://127.0.0.1:1024/"}})
    report = admin.ok("POST", "/v1/functions/nobody/test", {})
    assert (report["status"], report["error"]["type"]) == ("error", "connect_failed")
    there.answer = lambda _: replying({"no": 1}, 401)
    publish(admin, "unwelcome", webhook(there, retries=0))
    report = admin.ok("POST", "/v1/functions/unwelcome/test", {"params": {"city": "Rome"}})
    assert (report["status"], report["error"]["http_status"]) == ("http_error", 401)
    assert (report["request"]["method"], report["response"]["status"]) == ("POST", 401)
    assert json.loads(report["request"]["body"])["params"] == {"city": "Rome"}
    assert json.loads(report["response"]["body"]) == {"no": 1}


def test_a_target_that_keeps_failing_is_left_alone_for_a_while(admin: Client, there: Target) -> None:
    """The breaker opens after five failures of this function at this host, and another function is not concerned."""
    there.answer = lambda _: Reply(500)
    publish(admin, "broken", webhook(there, retries=0, messages={"error": "Later."}))
    kinds = [invoke(admin, "broken")["error"]["type"] for _ in range(7)]
    assert kinds == ["http_error"] * 5 + ["circuit_open"] * 2
    assert len(there.received) == 5
    assert invoke(admin, "broken")["message"] == "Later."
    there.answer = lambda _: Reply()
    publish(admin, "other", webhook(there, retries=0))
    assert invoke(admin, "other")["status"] == "succeeded"


def test_text_bytes_and_too_much(admin: Client, there: Target) -> None:
    """Whatever comes becomes a value; what is too large is told, not cut in silence."""
    publish(admin, "any", webhook(there, retries=0))
    there.answer = lambda _: Reply(200, "sunny ☀".encode(), {"content-type": "text/plain; charset=utf-8"})
    assert invoke(admin, "any")["result"] == "sunny ☀"
    there.answer = lambda _: Reply(200, b"\x89PNG\x00", {"content-type": "image/png"})
    assert invoke(admin, "any")["result"] == {"base64": "iVBORwA=", "media_type": "image/png"}
    there.answer = lambda _: Reply(200, b'"' + b"x" * 300_000 + b'"', {"content-type": "application/json"})
    report = admin.ok("POST", "/v1/functions/any/test", {})
    assert (report["status"], len(report["result"]), report["response"]["bytes"]) == ("ok", 262_144, 300_002)
    assert "300,002 bytes" in report["warnings"][0]
    outcome = invoke(admin, "any")
    assert (outcome["status"], outcome["result"], outcome["truncated"]) == ("succeeded", '"' + "x" * 14_999, True)
    there.answer = lambda _: Reply(200, b"x" * 20_000, {"content-type": "text/plain"})
    outcome = invoke(admin, "any")
    assert (len(outcome["result"]), outcome["truncated"]) == (15_000, True)


def test_secrets_are_kept_by_their_mask_and_only_by_it(admin: Client, there: Target) -> None:
    """A new version that sends the mask back, or leaves the value out, keeps it; nobody can name another's secret."""
    hidden = {"value": SECRET, "secret": True}
    created = publish(admin, "kept", webhook(there, headers={"X-One": hidden, "X-Two": "{{city}}"}))
    assert created["webhook"]["headers"] == {"X-One": MASK, "X-Two": "{{city}}"}
    path = "/v1/functions/kept/versions"
    changed = admin.ok("POST", path, {"webhook": {"headers": {"X-Three": "3", "X-One": MASK}}}, status=201)
    assert changed["webhook"]["headers"] == {"X-One": MASK, "X-Two": "{{city}}", "X-Three": "3"}
    admin.ok("POST", "/v1/functions/kept/versions/2/submit")
    admin.ok("POST", "/v1/functions/kept/publish", {"version": 2})
    invoke(admin, "kept", city="Rome")
    got = there.last.headers
    assert (got["x-one"].encode("latin-1").decode(), got["x-two"], got["x-three"]) == (SECRET, "Rome", "3")
    for value in (f"{MASK}sec_0123", MASK):
        problem = admin.problem(422, "POST", path, {"webhook": {"headers": {"X-New": value}}})
        assert problem["errors"][0]["loc"] == "webhook.headers.X-New"
    fresh = {"name": "fresh", "description": "Tells the weather.", **webhook(there, headers={"X": MASK})}
    problem = admin.problem(422, "POST", "/v1/functions", fresh)
    assert problem["errors"][0]["loc"] == "webhook.headers.X"


def test_a_secret_becomes_readable_with_a_new_value_alone(admin: Client, there: Target) -> None:
    """So does what was stored when every value was write-only: it stays secret, and its author says otherwise."""
    hidden = {"value": "eighty-eight", "secret": True}
    publish(admin, "kept", webhook(there, headers={"X-Shelf": hidden}, query={"shelf": "88"}))
    path = "/v1/functions/kept/versions"

    def change(value: Any) -> Any:
        return admin.ok("POST", path, {"webhook": {"headers": {"X-Shelf": value}}}, status=201)["webhook"]

    assert change("ninety-nine") == change({"value": MASK, "secret": True})
    assert change("ninety-nine")["headers"] == {"X-Shelf": MASK}
    for value in ({"value": MASK, "secret": False}, {"secret": False}):
        admin.problem(422, "POST", path, {"webhook": {"headers": {"X-Shelf": value}}})
    said = change({"value": "ninety-nine", "secret": False})
    assert (said["headers"], said["query"]) == ({"X-Shelf": "ninety-nine"}, {"shelf": "88"})
    assert change("a hundred")["headers"] == {"X-Shelf": "a hundred"}


def test_a_header_that_is_a_secret_by_its_name_is_never_shown_as_it_was_sent(admin: Client, there: Target) -> None:
    """Filled from a value of the call as well; what midcall writes itself is no secret, nor is any other header."""
    headers = {"X-Session-Token": "{{city}}", "X-City": "{{city}}"}
    publish(admin, "named", webhook(there, headers=headers))
    shown = admin.ok("POST", "/v1/functions/named/test", {"params": {"city": "Rome"}})["request"]["headers"]
    assert (shown["X-Session-Token"], shown["X-City"]) == (MASK, "Rome")
    assert MASK not in (shown["Idempotency-Key"], shown["traceparent"], shown["X-Retell-Signature"])


def test_response_variables_and_pre_session_words(admin: Client, there: Target) -> None:
    """A webhook may set variables by path, and before the session it may end it, as code may."""
    there.answer = lambda _: replying({"user": {"name": "Ada"}, "terminateAgent": True, "reason": "closed"})
    publish(admin, "guard", webhook(there, response_variables={"user_name": "user.name"}))
    admin.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "guard", "phase": "pre_session"}]})
    session = admin.ok("POST", "/v1/sessions", {"agent": "desk"}, status=201)
    assert (session["status"], session["reason"]) == ("terminated", "closed")
    assert session["dynamicVariables"]["user_name"] == "Ada"


def test_many_calls_at_once_do_not_wait_for_each_other(admin: Client, there: Target) -> None:
    """Forty calls are under way together, or none of them is answered: no worker and no queue in between."""
    together = threading.Barrier(40)
    there.answer = lambda _: replying({"place": together.wait(PATIENCE_S)})
    publish(admin, "waiting", webhook(there, timeout=round(CLIENT_S), retries=0))
    with ThreadPoolExecutor(40) as callers:
        outcomes = list(callers.map(lambda _: invoke(admin, "waiting"), range(40)))
    assert {outcome["status"] for outcome in outcomes} == {"succeeded"}
    assert {outcome["result"]["place"] for outcome in outcomes} == {*range(40)}


HOSTILE_ANSWERS: dict[str, tuple[str, bytes]] = {
    "NaN": ("application/json", b'{"a": NaN}'),
    "Infinity as text": ("text/plain", b"-Infinity"),
    "a large number": ("application/json", b'{"a": 1e400}'),
    "more digits than int() takes": ("application/json", b'{"a": ' + b"9" * 5_000 + b"}"),
    "digits as text": ("text/plain", b"9" * 5_000),
    "deeper than Python goes": ("text/plain", b"[" * 100_000 + b"]" * 100_000),
    "open brackets": ("application/json", b"[" * 100_000),
    "half a pair": ("application/json", b'{"a": "\\ud800"}'),
    "lists that multiply": ("application/json", b'{"a": [' + b",".join([b"[0]"] * 2_000) + b"]}"),
}


@pytest.mark.parametrize("name", HOSTILE_ANSWERS)
def test_a_hostile_answer_is_asked_for_once_and_its_session_is_read(admin: Client, there: Target, name: str) -> None:
    """Its outcome is recorded; what its paths cannot find is a warning."""
    media_type, body = HOSTILE_ANSWERS[name]
    there.answer = lambda _: Reply(200, body, {"content-type": media_type})
    paths = {"all": "$", "each": "$.a[*,*,*][*,*,*,*][?@.b]", "one": "$.a.b.c"}
    publish(admin, "hostile", webhook(there, retries=3, response_variables=paths))
    admin.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "hostile", "phase": "during_session"}]})
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "s1"}, status=201)
    outcome = admin.ok("POST", "/v1/sessions/s1/functions/hostile", {"params": {}})
    assert outcome["status"] == "succeeded"
    assert any("response_variables.one" in warning for warning in outcome["warnings"])
    assert len(there.received) == 1
    assert admin.ok("GET", "/v1/sessions/s1")["dynamicVariables"]
    invocation = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert (invocation["status"], invocation["attempt"]) == ("succeeded", 1)
