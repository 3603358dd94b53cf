"""A secret that was saved is found nowhere in plain: not in the database's files, not in Redis, not in a log line."""

import base64
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from redis import Redis
from sqlalchemy import text
from tests.support.credentials import MASK
from tests.support.databases import Databases, Postgres
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving
from tests.support.target import Received, Reply, replying, target
from typer.testing import CliRunner

from midcall.bootstrap.settings import new_secret_key
from midcall.bootstrap.store import open_storage, wire_cipher
from midcall.cli.main import app
from midcall.domain.times import now_ms
from midcall.service.credentials.secrets import Secrets

#: Long enough to be found nowhere by chance; the odd letters are written otherwise in base64, URLs and JSON.
NAMES = ("password", "field", "staging", "changed", "inline", "bad", "header", "token", "client")
SECRETS = [f'{name}-{secrets.token_hex(12)}-ü/+"&' for name in NAMES]


def forms(secret: str) -> list[bytes]:
    """Write a secret as it could stand in a file; its hex digits stay themselves in JSON, in URLs and in a repr."""
    raw = secret.encode()
    # In base64 the letters depend on the place; without its ends the middle is the same wherever it begins.
    encoded = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
    return [secret.split("-")[1].encode(), raw.hex().encode(), *encoded]


def found_in(content: bytes) -> list[str]:
    """Name the secrets that stand in some bytes."""
    return [secret.split("-")[0] for secret in SECRETS for form in forms(secret) if form in content]


def test_the_search_finds_what_is_there() -> None:
    """Each form, in the middle of something else."""
    for secret in SECRETS:
        for form in (secret.encode(), base64.b64encode(f"ann:{secret}".encode()), quote(f"k={secret}").encode()):
            assert found_in(b"junk" + form + b"junk") == [secret.split("-")[0]]


def database_files(served: Served, databases: Databases) -> Iterator[Path]:
    """Walk the files that the database wrote, its log included."""
    if isinstance(databases, Postgres):
        with served.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))
        yield from (path for path in (databases.socket_dir / "data").rglob("*") if path.is_file())
    else:
        path = Path(str(served.engine.url.database))
        yield from path.parent.glob(f"{path.name}*")


def use(admin: Client) -> None:
    """Save, read, change, and send what is refused, through the API."""
    path = "/v1/credentials/crm"
    basic = {"username": "ann", "password": SECRETS[0]}
    staging = {"type": "basic", "values": {**basic, "password": SECRETS[2]}, "environment": "staging"}
    answers = [
        admin.send("PUT", path, json={"type": "basic", "values": basic}),
        admin.send("PUT", "/v1/credentials/many", json={"type": "custom", "values": {"headers": {"X-A": SECRETS[1]}}}),
        admin.send("PUT", path, json=staging),
        admin.send("PUT", path, json={"type": "basic", "values": {"username": "bob", "password": SECRETS[3]}}),
        admin.send("PUT", path, json={"type": "basic", "values": {"username": "eve", "password": MASK}}),
        admin.send("GET", path),
        admin.send("GET", "/v1/credentials"),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    refused = [
        admin.send("PUT", path, json={"type": "bearer", "values": {"token": SECRETS[5]}}),
        admin.send("PUT", path, json={"type": "basic", "values": {"password": f"{SECRETS[5]}\n"}}),
        admin.send("PUT", path, json={"type": "basic", "values": SECRETS[5]}),
        admin.send("PUT", path, json={"type": SECRETS[5], "values": {}}),
    ]
    assert {answer.status_code for answer in refused} <= {409, 422}
    for answer in (*answers, *refused):
        assert found_in(answer.content) == [], answer.text


def test_no_secret_is_found_in_database_redis_or_logs(
    databases: Databases, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """After it was saved, read, changed, refused and encrypted anew; every logger tells all it can, SQL included."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy.engine")
    with (
        databases.migrated() as database_url,
        redis_server() as redis_url,
        structlog.testing.capture_logs() as lines,
        serving(tmp_path, database_url=database_url, redis_url=redis_url, fake_workers=1) as served,
    ):
        admin = served.tenant()
        use(admin)
        admin.published()
        admin.ok("POST", "/v1/functions/lookup/invoke", {})
        keep_inline(served, admin)
        call_webhook(admin)
        call_with_token(admin)
        rotate(served, database_url)
        assert not admin.ok("GET", "/v1/credentials/crm")["readable"], "the app has the old key alone"
        read = {str(path): found_in(path.read_bytes()) for path in database_files(served, databases)}
        with Redis.from_url(redis_url) as redis:
            redis.config_set("rdbcompression", "no")
            kept = {key: redis.dump(key) for key in redis.scan_iter()}
    assert read
    assert kept, "an invocation went through Redis"
    assert "INSERT INTO credential_values" in caplog.text
    assert "INSERT INTO tokens" in caplog.text
    assert {path: found for path, found in read.items() if found} == {}
    assert [key for key, value in kept.items() if found_in(key + bytes(value or b""))] == []
    said = f"{caplog.text} {lines} {capfd.readouterr()}"
    assert found_in(said.encode()) == []


def keep_inline(served: Served, admin: Client) -> None:
    """Keep a single secret, as whoever saves a webhook does."""
    storage = open_storage(served.settings)
    workspace_id = admin.ok("GET", "/v1/workspace")["id"]
    secrets = Secrets(cipher=wire_cipher(served.settings), clock=now_ms)
    with storage.write() as tx:
        secret_id = secrets.keep(tx, workspace_id, SECRETS[4], to=["https://a.example"])
    with storage.read() as tx:
        assert secrets.reveal(tx, workspace_id, secret_id, to=["https://a.example"]) == SECRETS[4]
    storage.close()


def call_with_token(admin: Client) -> None:
    """Call a target that says all it heard, by a token that is fetched, and refused as well."""
    with target() as there:

        def behave(got: Received) -> Reply:
            if got.path == "/token":
                return replying({"access_token": quote(SECRETS[7]), "token_type": "Bearer", "expires_in": 3600})
            return replying({"heard": dict(got.headers)}, 200 if len(there.received) % 2 else 401)

        there.answer = behave
        auth = {"type": "oauth2", "token_url": f"{there.url}/token", "client_id": "me", "client_secret": SECRETS[8]}
        document = {
            "name": "by_token",
            "description": "Says what it heard.",
            "kind": "webhook",
            "retries": 0,
            "webhook": {"url": f"{there.url}/hook", "auth": auth},
        }
        answers = [
            admin.send("POST", "/v1/functions", json=document),
            admin.send("POST", "/v1/functions/by_token/versions/1/submit"),
            admin.send("POST", "/v1/functions/by_token/publish", json={"version": 1}),
            *(admin.send("POST", "/v1/functions/by_token/invoke", json={}) for _ in range(3)),
        ]
        used = [got for got in there.received if quote(SECRETS[7]) in got.headers.get("authorization", "")]
        assert len(used) == 3, [answer.text for answer in answers]
    for answer in answers:
        assert found_in(answer.content) == [], answer.text


def call_webhook(admin: Client) -> None:
    """Call a target that says all it heard, with a literal header and a credential, once well and once not."""
    with target() as there:

        def echo(got: Received) -> Reply:
            heard = {name: value.encode("latin-1").decode() for name, value in got.headers.items()}
            return replying({"heard": heard}, 200 if len(there.received) % 2 else 500)

        there.answer = echo
        hidden = {"value": quote(SECRETS[6]), "secret": True}
        headers = {"X-Literal": hidden, "X-Both": "{{secret.crm.password}}"}
        document = {
            "name": "hook",
            "description": "Says what it heard.",
            "kind": "webhook",
            "retries": 0,
            "response_variables": {"heard": "heard"},
            "webhook": {"url": there.url, "headers": headers, "auth": {"credential": "crm"}},
        }
        answers = [
            admin.send("POST", "/v1/functions", json=document),
            admin.send("POST", "/v1/functions/hook/versions/1/submit"),
            admin.send("POST", "/v1/functions/hook/publish", json={"version": 1}),
            *(admin.send("POST", "/v1/functions/hook/invoke", json={}) for _ in range(2)),
            *(admin.send("POST", "/v1/functions/hook/test", json={}) for _ in range(2)),
            admin.send("GET", "/v1/invocations"),
        ]
        assert found_in(str(there.received[-1].headers).encode()), "the target did get them"
        assert len(there.received) == 4
    for answer in answers:
        assert found_in(answer.content) == [], answer.text


def rotate(served: Served, database_url: str) -> None:
    """Put a new key first and encrypt everything anew, by the command."""
    file = served.settings.data_dir / "secret.keys"
    old, new = file.read_text().strip(), new_secret_key()
    env = {
        **os.environ,
        "MIDCALL_DATA_DIR": str(served.settings.data_dir),
        "MIDCALL_DATABASE_URL": database_url,
        "MIDCALL_SECRET_KEYS": f"{new},{old}",
    }
    done = CliRunner().invoke(app, ["secrets", "rotate"], env=env, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "secrets: 4 encrypted anew" in done.output
    assert "\ntokens: 1 encrypted anew" in done.output
    assert "credential_values: 3 encrypted anew" in done.output
    assert not [key for key in (old, new) if key in done.output]
    again = CliRunner().invoke(app, ["secrets", "rotate"], env={**env, "MIDCALL_SECRET_KEYS": new})
    assert "credential_values: 0 encrypted anew, 3 under the first key already" in again.output
    lost = CliRunner().invoke(app, ["secrets", "rotate"], env={**env, "MIDCALL_SECRET_KEYS": old})
    assert lost.exit_code == 1
    assert "3 unreadable" in lost.output
