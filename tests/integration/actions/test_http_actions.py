"""HTTP actions from a real sandbox to a real target, and what is kept of them."""

from typing import Any
from urllib.parse import urlsplit

from tests.support.serving import Client
from tests.support.target import Received, Reply, Target, replying

TOKEN = "s3cr3t-token-value"  # noqa: S105 (made up)


def code(there: Target, body: str, *, credentials: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    """Return the fields of a function whose handler has this body, `url` being the target's."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"URL = {there.url!r}\n\n\ndef handler(session, actions):\n{lines}"
    action = {"name": "http", "credentials": credentials} if credentials else "http"
    return {
        "code": {"source": source, "actions": [action], "egress": [urlsplit(there.url).netloc], **fields},
    }


def run(admin: Client, there: Target, body: str, **options: Any) -> Any:
    """Publish a function with this handler and try it out; returns the report."""
    admin.published("acts", **code(there, body, **options))
    return admin.ok("POST", "/v1/functions/acts/test", {})


def test_a_request_goes_out_and_its_answer_comes_back(admin: Client, there: Target) -> None:
    """Options, answer, and the record on the invocation."""
    there.answer = lambda _: replying({"order": "shipped"})
    report = run(
        admin,
        there,
        "return actions.http.send_request({'method': 'POST', 'url': URL + '/orders?a=1', 'query': {'b': 'ü&'},\n"
        "    'headers': [{'name': 'X-Own', 'value': 'yes'}], 'body': {'sku': 'A1'}})",
    )
    assert report["status"] == "ok", report["error"]
    assert report["result"] == {"responseCode": 200, "data": {"order": "shipped"}, "message": "OK"}
    got = there.last
    assert (got.method, got.path, got.json) == ("POST", "/orders?a=1&b=%C3%BC%26", {"sku": "A1"})
    assert (got.headers["x-own"], got.headers["content-type"]) == ("yes", "application/json")
    (record,) = report["actions"]
    assert {name: record[name] for name in ("action", "outcome", "method", "host", "status", "requests", "mocked")} == {
        "action": "http.send_request",
        "outcome": "ok",
        "method": "POST",
        "host": urlsplit(there.url).netloc,
        "status": 200,
        "requests": 1,
        "mocked": False,
    }


def test_a_credential_is_sent_and_never_seen(admin: Client, there: Target) -> None:
    """A target that echoes it is masked before the answer enters the sandbox."""

    def echo(got: Received) -> Reply:
        return replying({"headers": dict(got.headers)})

    there.answer = echo
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": TOKEN}})
    report = run(
        admin,
        there,
        "answer = actions.http.get(URL, credential='crm')\n"
        "print(answer)\n"
        "return list(answer['data']['headers']['authorization'])",
        credentials=["crm"],
    )
    assert there.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert report["status"] == "ok", report["error"]
    assert TOKEN not in "".join(report["result"])
    assert TOKEN not in str(report)


def test_a_host_outside_of_egress_is_not_reached(admin: Client, there: Target) -> None:
    """Neither directly nor by a redirect."""
    other = "http://127.0.0.1:18999"
    there.answer = lambda got: Reply(302, b"", {"location": other + "/there"}) if got.path == "/here" else Reply()
    report = run(
        admin,
        there,
        "codes = []\n"
        "for url in (URL.rpartition(':')[0] + ':18999', URL + '/here'):\n"
        "    try:\n"
        "        actions.http.get(url)\n"
        "    except ActionError as error:\n"
        "        codes.append(error.code)\n"
        "return codes",
    )
    assert report["result"] == ["egress_refused", "egress_refused"], report
    assert [got.path for got in there.received] == ["/here"]


def test_a_credential_that_was_not_declared_cannot_be_used(admin: Client, there: Target) -> None:
    """The approved document says which ones there are for this function."""
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": TOKEN}})
    admin.ok("PUT", "/v1/credentials/other", {"type": "bearer", "values": {"token": TOKEN}})
    name = "''.join(['ot', 'her'])"
    report = run(admin, there, f"return actions.http.get(URL, credential={name})", credentials=["crm"])
    assert (report["status"], report["error"]["type"]) == ("error", "ActionError")
    assert "not declared" in report["error"]["message"]
    assert there.received == []


def test_a_failure_that_nobody_caught_is_told_on_its_line(admin: Client, there: Target) -> None:
    """With status and body, and the agent's own text for that status."""
    there.answer = lambda _: replying({"error": {"message": "no such order"}}, 404)
    messages = {"error": {"404": "I cannot find that order.", "default": "Sorry."}}
    admin.published("acts", **code(there, "return actions.http.get(URL + '/orders/7')"), messages=messages)
    outcome = admin.ok("POST", "/v1/functions/acts/invoke", {"params": {}})
    assert (outcome["status"], outcome["message"]) == ("failed", "I cannot find that order.")
    assert outcome["error"]["http_status"] == 404
    assert "no such order" in outcome["error"]["message"]
    invocation = admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")
    assert (invocation["error"]["line"], invocation["actions"][0]["outcome"]) == (5, "http_error")
