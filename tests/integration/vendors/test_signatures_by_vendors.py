"""What midcall signs, checked by the vendors' own code: Retell's SDK, Standard Webhooks' library, and JavaScript."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.databases import Sqlite
from tests.support.node import asking_node
from tests.support.servers import redis_server
from tests.support.serving import Client, serving
from tests.support.target import Reply, Target, target

from midcall.domain.signature import TOLERANCE_S, new_secret, sign_retell, sign_standard

ROOT = Path(__file__).parents[3]
JUDGE = ROOT / "tests/support/vendor_signatures.py"

#: What receivers stumble over: letters beyond ASCII, floats that are whole, keys that look like numbers, nothing.
PARAMS: dict[str, dict[str, Any]] = {
    "plain": {"city": "Rome"},
    "letters": {"city": "São Paulo 東京 😀 \u2028 \u007f"},
    "numbers": {"amount": 1.0, "rate": 1e21, "tiny": 1e-7, "minus": -0.0},
    "digits": {"order": 12345678901234567890},
    "keys": {"b": 1, "10": 2, "2": 3, "a": 4, "01": 5},
    "nothing": {},
}
ANY = {"type": "object", "properties": {}}


@pytest.fixture(scope="module")
def there() -> Iterator[Target]:
    """Serve a target that takes everything."""
    with target() as it:
        it.answer = lambda _: Reply()
        yield it


@pytest.fixture
def admin(sqlite: Sqlite, tmp_path: Path) -> Iterator[Client]:
    """Serve the app, and make a workspace's admin."""
    with (
        sqlite.migrated() as database_url,
        redis_server() as redis_url,
        serving(tmp_path, database_url=database_url, redis_url=redis_url, fake_workers=1) as served,
    ):
        yield served.tenant()


def judge(messages: list[dict[str, Any]]) -> list[dict[str, bool]]:
    """Have the vendors' code say which messages are genuine."""
    python = ROOT / ".venv-vendors/bin/python"
    done = subprocess.run([python, JUDGE], input=json.dumps(messages), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, bool]] = json.loads(done.stdout)
    return found


def webhook(admin: Client, there: Target, name: str, **fields: Any) -> None:
    """Publish a webhook function that takes any arguments."""
    document = {
        "name": name,
        "description": "Takes whatever comes.",
        "kind": "webhook",
        "parameters": ANY,
        "webhook": {"url": f"{there.url}/{name}", **fields},
    }
    admin.ok("POST", "/v1/functions", document, status=201)
    admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")
    admin.ok("POST", f"/v1/functions/{name}/publish", {"version": 1})


def test_all_that_is_sent_is_genuine_to_each_of_them(admin: Client, there: Target) -> None:
    """Whatever the body, also none at all; after a rotation with both secrets, or with one where one fits in."""
    old = admin.ok("POST", "/v1/workspace/signing-secret", {})["current"]
    new = admin.ok("POST", "/v1/workspace/signing-secret", {})["current"]
    webhook(admin, there, "posted", payload="args")
    webhook(admin, there, "asked", method="GET")
    # The receiver of this one has the new secret by now.
    admin.ok("PATCH", "/v1/workspace", {"retell_previous_for": ["posted"]})
    there.received.clear()
    for params in PARAMS.values():
        admin.ok("POST", "/v1/functions/posted/invoke", {"params": params})
    admin.ok("POST", "/v1/functions/asked/invoke", {"params": {}})
    sent: list[dict[str, Any]] = [{"headers": dict(got.headers), "body": got.body.decode()} for got in there.received]
    assert [len(each["body"]) > 0 for each in sent] == [True] * len(PARAMS) + [False]
    with asking_node("JSON.stringify(JSON.parse(text))") as stringify:
        for each in sent[:-1]:
            # The page's own way: the parsed body is written again, and that is verified. Who reads digits that no
            # double holds has lost them then, and verifies the bytes as they came.
            assert (json.loads(stringify(each["body"])) == each["body"]) == ('"order"' not in each["body"])
    current = [{**each, "retell_secret": new, "standard_secret": new} for each in sent]
    before = [{**each, "retell_secret": old, "standard_secret": old} for each in sent]
    changed = [{**each, "body": each["body"] + " "} for each in current]
    answers = judge([*current, *before, *changed])
    count = len(sent)
    assert {answer["standard"] for answer in answers[: 2 * count]} == {True}
    assert [answer["retell"] for answer in answers[:count]] == [False] * len(PARAMS) + [True]
    assert [answer["retell"] for answer in answers[count : 2 * count]] == [True] * len(PARAMS) + [False]
    assert answers[2 * count :] == [{"retell": False, "standard": False}] * count


def test_both_edges_of_the_time_window() -> None:
    """Seconds inside it is genuine, seconds outside it is not: early and late."""
    secret, now, body = new_secret(), time.time(), b'{"a":1}'
    inside, outside = TOLERANCE_S - 15, TOLERANCE_S + 15

    def message(offset_s: int) -> dict[str, Any]:
        at = now + offset_s
        headers = sign_standard([secret], message_id="inv_1", timestamp_s=int(at), body=body)
        headers["x-retell-signature"] = sign_retell(secret, at_ms=int(at * 1000), body=body)
        return {"headers": headers, "body": body.decode(), "retell_secret": secret, "standard_secret": secret}

    answers = judge([message(offset) for offset in (-outside, -inside, inside, outside)])
    verdicts = [False, True, True, False]
    assert answers == [{"retell": verdict, "standard": verdict} for verdict in verdicts]
