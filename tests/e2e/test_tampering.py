"""Somebody writes to the database file by hand: what was approved runs, byte for byte, or nothing does."""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from tests.e2e.stack import QUICK, Stack

from midcall.domain.jsonvalue import digest

EVIL = "def handler(session):\n    return 'evil'\n"


def change(up: Stack, name: str, number: int, **columns: Any) -> None:
    """Write columns of a version's row."""
    names = ", ".join(f"{column} = ?" for column in columns)
    query = f"""UPDATE versions SET {names} WHERE number = ?
        AND function_id = (SELECT id FROM functions WHERE name = ?)"""  # noqa: S608 (our own column names)
    with closing(up.database()) as connection, connection:
        changed = connection.execute(query, (*columns.values(), number, name))
        assert changed.rowcount == 1


def row(up: Stack, name: str, number: int) -> dict[str, Any]:
    """Read a version's row."""
    query = "SELECT v.* FROM versions v JOIN functions f ON f.id = v.function_id WHERE f.name = ? AND v.number = ?"
    with closing(up.database()) as connection:
        return dict(connection.execute(query, (name, number)).fetchone())


def with_source(config: str, source: str) -> dict[str, Any]:
    """Return a version's document with another source."""
    document: dict[str, Any] = json.loads(config)
    return {**document, "code": {**document["code"], "source": source}}


def _source(up: Stack, name: str) -> None:
    change(up, name, 1, config=json.dumps(with_source(row(up, name, 1)["config"], EVIL)))


def _source_and_digest(up: Stack, name: str) -> None:
    config = with_source(row(up, name, 1)["config"], EVIL)
    change(up, name, 1, config=json.dumps(config), sha256=digest(config))


def _limits(up: Stack, name: str) -> None:
    config = {**json.loads(row(up, name, 1)["config"]), "timeout": 600}
    change(up, name, 1, config=json.dumps(config), sha256=digest(config))


def _seal_of_another_function(up: Stack, name: str) -> None:
    config = with_source(row(up, name, 1)["config"], EVIL)
    up.function("donor", EVIL)
    donor = row(up, "donor", 1)
    change(up, name, 1, config=json.dumps(config), sha256=digest(config), approval_seal=donor["approval_seal"])


def _seal_made_without_the_key(up: Stack, name: str) -> None:
    config = with_source(row(up, name, 1)["config"], EVIL)
    made = hashlib.sha256(digest(config).encode()).hexdigest()
    change(up, name, 1, config=json.dumps(config), sha256=digest(config), approval_seal=made)


def _policy(up: Stack, name: str) -> None:
    change(up, name, 1, approval_policy="a-newer-one")


def _no_seal(up: Stack, name: str) -> None:
    change(up, name, 1, approval_seal=None)


TAMPERED: dict[str, Callable[[Stack, str], None]] = {
    "source": _source,
    "source_and_digest": _source_and_digest,
    "limits_and_digest": _limits,
    "seal_of_another_function": _seal_of_another_function,
    "seal_made_without_the_key": _seal_made_without_the_key,
    "policy": _policy,
    "seal_removed": _no_seal,
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_version_that_was_tampered_with_is_refused_when_it_should_run(up: Stack, kind: str) -> None:
    """The approval is a seal whose key the database does not hold; the worker checks it before each run."""
    name = f"tampered_{kind}"
    up.function(name, QUICK)
    assert up.invoke(name, n=1)["result"] == 1
    TAMPERED[kind](up, name)
    outcome = up.invoke(name, n=1)
    assert outcome["status"] == "failed"
    assert outcome["error"]["type"] == "approval_broken"
    assert outcome["result"] is None
    assert outcome["message"]
    report = up.test(name, params={"n": 1})
    assert (report["status"], report["result"], report["logs"]) == ("not_run", None, "")
    assert [row["report"] for row in up.rows(name)][:2] == [None, None]


def test_a_draft_that_was_flipped_to_approved_with_a_copied_seal_does_not_run(up: Stack) -> None:
    """Status, seal and publication copied from the version before it make no approval."""
    up.function("flipped", QUICK)
    assert up.client.post("/v1/functions/flipped/versions", json={"code": {"source": EVIL}}).status_code == 201
    first = row(up, "flipped", 1)
    copied = {name: value for name, value in first.items() if name.startswith("approval_")}
    change(up, "flipped", 2, status="approved", **copied)
    assert up.client.post("/v1/functions/flipped/publish", json={"version": 2}).is_success
    outcome = up.invoke("flipped")
    assert (outcome["status"], outcome["error"]["type"]) == ("failed", "approval_broken")
    # Rolled back to what was approved, it runs again.
    assert up.client.post("/v1/functions/flipped/publish", json={"version": 1}).is_success
    assert up.invoke("flipped", n=2)["result"] == 2


def test_a_version_changed_while_its_call_waits_does_not_run(up: Stack) -> None:
    """The worker compares with what the call was admitted for, not with what stands in the row by then."""
    up.function("swapped", QUICK)
    up.invoke("swapped")
    admitted = up.rows("swapped")[0]["sha256"]
    config = with_source(row(up, "swapped", 1)["config"], EVIL)
    change(up, "swapped", 1, config=json.dumps(config), sha256=digest(config))
    outcome = up.invoke("swapped")
    assert outcome["error"]["type"] == "approval_broken"
    assert up.rows("swapped")[0]["sha256"] != admitted


def test_nothing_of_an_approved_version_can_be_edited(up: Stack) -> None:
    """Every change over HTTP makes another version, a draft; the approved one keeps its bytes and its approval."""
    up.function("kept", QUICK)
    before = row(up, "kept", 1)
    for method, path, body in (
        ("PATCH", "/v1/functions/kept", {"code": {"source": EVIL}}),
        ("PATCH", "/v1/functions/kept", {"timeout": 5}),
        ("PUT", "/v1/functions/kept/versions/1", {"code": {"source": EVIL}}),
        ("PATCH", "/v1/functions/kept/versions/1", {"code": {"source": EVIL}}),
        ("DELETE", "/v1/functions/kept/versions/1", None),
        ("POST", "/v1/functions/kept/versions/1/approve", {}),
        ("POST", "/v1/functions/kept/versions/1/reject", {}),
    ):
        assert up.client.request(method, path, json=body).is_client_error, (method, path)
    assert up.client.post("/v1/functions/kept/versions", json={"code": {"source": EVIL}}).status_code == 201
    assert up.client.post("/v1/functions/kept/versions/1/submit").json()["status"] == "approved"
    assert row(up, "kept", 1) == before
    assert row(up, "kept", 2)["status"] == "draft"
    assert up.client.post("/v1/functions/kept/publish", json={"version": 2}).status_code == 409
    assert up.invoke("kept", n=3)["result"] == 3


def test_the_key_that_seals_approvals_is_not_in_the_database(up: Stack) -> None:
    """It lies in a file of its own, of mode 0600, and none of the database's bytes are it."""
    file = up.data / "approval.key"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text().strip()
    for part in up.data.glob("midcall.db*"):
        stored = part.read_bytes()
        assert text.encode() not in stored
        assert bytes.fromhex(text) not in stored
