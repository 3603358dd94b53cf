"""`/v1/keys`: shown once, kept as a hash, rotated, revoked; and who is let in."""

import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from tests.support.serving import Client, Served

from midcall.storage.schema import metadata

FAR_AWAY = "mc_" + "0" * 32 + "_" + "A" * 43


def test_a_new_key_shows_its_secret_once(served: Served, admin: Client) -> None:
    """It works at once; no listing has it."""
    made = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read", "write"]}, status=201)
    assert served.client(made["secret"]).ok("GET", "/v1/functions")["items"] == []
    listed = admin.send("GET", "/v1/keys")
    assert made["secret"] not in listed.text
    assert made["secret"].split("_", 2)[2] not in listed.text
    found = next(item for item in listed.json()["items"] if item["id"] == made["id"])
    assert found == {name: value for name, value in made.items() if name != "secret"}
    assert found["scopes"] == ["read", "write"]


def test_no_secret_is_in_the_database(served: Served, admin: Client) -> None:
    """Neither in any row nor in any file of it: only a hash."""
    first = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    second = admin.ok("POST", f"/v1/keys/{first['id']}/rotate", {"grace_s": 60})
    secrets = [key["secret"].split("_", 2)[2] for key in (first, second)]
    with served.engine.connect() as connection:
        rows = "".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))
    files = b""
    if served.engine.dialect.name == "sqlite":
        database = Path(str(served.engine.url.database))
        files = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
        assert first["id"].encode() in files
    assert first["id"] in rows
    for secret in secrets:
        assert secret not in rows
        assert secret.encode() not in files


def test_a_rotated_key_has_a_new_secret_and_the_old_one_is_worthless(served: Served, admin: Client) -> None:
    """Without grace the change is at once."""
    old = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    new = admin.ok("POST", f"/v1/keys/{old['id']}/rotate")
    assert new["id"] == old["id"]
    assert new["secret"] != old["secret"]
    served.client(old["secret"]).problem(401, "GET", "/v1/functions")
    served.client(new["secret"]).ok("GET", "/v1/functions")


def test_a_rotated_key_s_old_secret_lives_as_long_as_its_grace(served: Served, admin: Client) -> None:
    """Both work meanwhile, then only the new one."""
    old = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    new = admin.ok("POST", f"/v1/keys/{old['id']}/rotate", {"grace_s": 1})
    began = time.monotonic()
    before, after = served.client(old["secret"]), served.client(new["secret"])
    after.ok("GET", "/v1/functions")
    if time.monotonic() - began < 0.5:
        before.ok("GET", "/v1/functions")
    time.sleep(1.1)
    before.problem(401, "GET", "/v1/functions")
    after.ok("GET", "/v1/functions")


def test_rotating_twice_within_the_grace_leaves_the_first_secret_worthless(served: Served, admin: Client) -> None:
    """One previous secret, never two."""
    first = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    second = admin.ok("POST", f"/v1/keys/{first['id']}/rotate", {"grace_s": 600})
    admin.ok("POST", f"/v1/keys/{first['id']}/rotate", {"grace_s": 600})
    served.client(first["secret"]).problem(401, "GET", "/v1/functions")
    served.client(second["secret"]).ok("GET", "/v1/functions")


def test_a_revoked_key_is_worthless_at_once_even_within_a_grace(served: Served, admin: Client) -> None:
    """Revoking ends every secret of the key, and stays."""
    old = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    new = admin.ok("POST", f"/v1/keys/{old['id']}/rotate", {"grace_s": 600})
    revoked = admin.ok("DELETE", f"/v1/keys/{old['id']}")
    assert revoked["revoked_at"]
    assert admin.ok("DELETE", f"/v1/keys/{old['id']}") == revoked
    for key in (old, new):
        served.client(key["secret"]).problem(401, "GET", "/v1/functions")
    admin.problem(422, "POST", f"/v1/keys/{old['id']}/rotate", {})


def test_keys_are_listed_page_by_page_oldest_first(admin: Client) -> None:
    """Revoked ones too."""
    for n in range(3):
        admin.ok("POST", "/v1/keys", {"principal": f"p{n}", "scopes": ["read"]}, status=201)
    first = admin.ok("GET", "/v1/keys", params={"limit": 2})
    rest = admin.ok("GET", "/v1/keys", params={"cursor": first["next_cursor"]})
    assert [key["principal"] for key in first["items"] + rest["items"]] == ["owner", "p0", "p1", "p2"]


def refusal(response: httpx.Response) -> tuple[object, ...]:
    """Return all of an answer but what is its own: request id and date."""
    body = {name: value for name, value in response.json().items() if name != "request_id"}
    headers = sorted((n, v) for n, v in response.headers.items() if n not in {"date", "x-request-id"})
    return response.status_code, body, headers


def test_unknown_malformed_revoked_and_missing_keys_get_the_same_401(served: Served, admin: Client) -> None:
    """Nothing in the answer tells which it was."""
    key = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["admin"]}, status=201)
    admin.ok("DELETE", f"/v1/keys/{key['id']}")
    known = admin.token or ""
    tokens = {
        "revoked": key["secret"],
        "unknown": FAR_AWAY,
        "known id, other secret": known[:-43] + "A" * 43,
        "cut short": known[:-1],
        "too long": known + "A",
        "other prefix": "sk" + known[2:],
        "upper case id": known[:35].upper() + known[35:],
        "id alone": known[:35],
        "empty secret": known[:36],
        "not ASCII": "mc_\u0661" + known[4:],
        "spaces": "a b c",
        "quotes": "' OR 1=1 --",
        "long": "A" * 10_000,
    }
    answers = {}
    for name, token in tokens.items():
        answers[name] = refusal(
            served.http.get("/v1/functions", headers={b"authorization": b"Bearer " + token.encode()})
        )
    answers["none"] = refusal(served.http.get("/v1/functions"))
    for name, header in {"empty": "", "other scheme": f"Basic {known}", "no scheme": known}.items():
        answers[name] = refusal(served.http.get("/v1/functions", headers={"authorization": header}))
    assert {name: answer for name, answer in answers.items() if answer != answers["unknown"]} == {}
    assert answers["unknown"][0] == 401


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"principal": "a", "scopes": []}, "scopes"),
        ({"principal": "a", "scopes": ["root"]}, "scopes.0"),
        ({"principal": "", "scopes": ["read"]}, "principal"),
        ({"principal": "a\0", "scopes": ["read"]}, "principal"),
        ({"principal": "a" * 201, "scopes": ["read"]}, "principal"),
        ({"scopes": ["read"]}, "principal"),
        ({"principal": "a"}, "scopes"),
        ({"principal": "a", "scopes": "read"}, "scopes"),
        ({"principal": "a", "scopes": ["read"], "secret": "mine"}, "secret"),
        ({"principal": "a", "scopes": ["read"], "agents": [""]}, "agents.0"),
        ({"principal": "a", "scopes": ["run", "admin"], "agents": ["desk"]}, "scopes"),
    ],
)
def test_a_key_that_cannot_be_made_names_the_field(admin: Client, body: object, loc: str) -> None:
    """Nothing is stored."""
    found = admin.problem(422, "POST", "/v1/keys", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    assert len(admin.ok("GET", "/v1/keys")["items"]) == 1


@pytest.mark.parametrize("grace", [-1, 7 * 24 * 3600 + 1, "soon", 1.5, None])
def test_a_grace_out_of_bounds_is_refused(admin: Client, grace: object) -> None:
    """Seven days at most."""
    key = admin.ok("POST", "/v1/keys", {"principal": "ci", "scopes": ["read"]}, status=201)
    found = admin.problem(422, "POST", f"/v1/keys/{key['id']}/rotate", {"grace_s": grace})
    assert [fault["loc"] for fault in found["errors"]] == ["grace_s"]
