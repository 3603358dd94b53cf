"""While code uses credentials of every type, against a target that echoes them in every way, it never holds one.

Looked for as root, from outside: in the memory of the sandbox's processes and of the pool, in all that crosses the
pool's socket and the Engine's, and afterwards in answers, logs, Redis and the database's files.
"""

import base64
import json
import logging
import multiprocessing
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import structlog
from redis import Redis
from tests.integration.actions.recording import Tape, forms, found, memory, processes_of, tape
from tests.integration.api.test_no_secret_leaks import database_files
from tests.integration.sandbox.pools import is_ready
from tests.support.databases import Databases
from tests.support.patience import CLIENT_S, PATIENCE_S, wait_for
from tests.support.servers import redis_server
from tests.support.serving import Client, serving

from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.image import ensure_image
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import serve

DOCKER = "/var/run/docker.sock"
TYPES = ("bearer", "basic", "header", "query", "digest", "custom", "oauth2")
#: Ways of the target to say what it heard.
WAYS = ("plain", "json", "escaped", "php", "base64", "quoted", "chunked", "headers", "refused", "broken")
#: Slashes and signs are written otherwise in base64, URLs and JSON.
#: All that is looked for begins with it: see `found`.
MARK = secrets.token_hex(8)
SECRETS = {name: f'{MARK}-{name}-{secrets.token_hex(12)}/+=&"' for name in (*TYPES, "custom-query", "custom-body")}
TOKEN = f"{MARK}-token-{secrets.token_hex(12)}/+="
EVERY = (*SECRETS.values(), TOKEN)

SOURCE = """\
URL = {url!r}
NAMES = {types!r}


def handler(session, actions):
    told = []
    for name in NAMES:
        for way in {ways!r}:
            try:
                answer = actions.http.post(URL + "/" + way, json={{"sku": "A1"}}, credential=name, full_response=True)
                told.append(answer)
            except ActionError as error:
                told.append([error.message, error.body])
    print(told)
    actions.progress(str(told)[:400])
    if session["params"].get("stay"):
        actions.http.post(URL + "/stay", json={{}}, timeout=300_000)
    if session["params"].get("fail"):
        actions.http.post(URL + "/refused", json={{}}, credential="custom")
    return [session["params"].get("planted"), len(told), str(told)[-1500:]]
"""


class Echoing(BaseHTTPRequestHandler):
    """Says all that it heard, in the way that the path names; `/token` is a token endpoint.

    `/stay` has the code stay until `go` is set: what it holds can be looked at meanwhile.
    """

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a request."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        way = urlsplit(self.path).path.strip("/")
        if way == "stay":
            self.server.stays.set()  # type: ignore[attr-defined]
            self.server.go.wait(CLIENT_S)  # type: ignore[attr-defined]
            self._say("{}", "application/json")
            return
        authorization = self.headers.get("authorization", "")
        if way == "token":
            self._say(json.dumps({"access_token": TOKEN, "token_type": "Bearer"}), "application/json")
            return
        query = parse_qs(urlsplit(self.path).query)
        text = f"{self.path}\n{self.headers}\n{body}\n{query}"
        if authorization.startswith("Basic "):
            text += base64.b64decode(authorization.removeprefix("Basic ")).decode()
        self.server.heard.append(text)  # type: ignore[attr-defined]
        self._echo(way, text)

    def _echo(self, way: str, text: str) -> None:
        as_json, as_text = "application/json", "text/plain"
        said: dict[str, tuple[str, str, int]] = {
            "plain": (text, as_text, 200),
            "json": (json.dumps({"heard": text, text[:200]: 1}), as_json, 200),
            "escaped": (json.dumps(text), as_text, 200),
            "php": (json.dumps(text).replace("/", "\\/"), as_text, 200),
            "base64": (base64.b64encode(text.encode()).decode(), as_text, 200),
            "quoted": (quote(text), as_text, 200),
            "refused": (json.dumps({"error": {"message": text, "type": "no"}}), as_json, 400),
            "broken": (text, as_text, 500),
        }
        if way == "chunked":
            self._chunked(text)
        elif way == "headers":
            self._say("{}", as_json, 200, **{"X-Heard": " ".join(text.split())})
        else:
            self._say(*said[way])

    def _say(self, text: str, kind: str, status: int = 200, **headers: str) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _chunked(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = text.encode()
        for at in range(0, len(content), 7):
            piece = content[at : at + 7]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@dataclass
class Heard:
    """What a target heard, that code stays for it, and whether that may go on."""

    texts: list[str] = field(default_factory=list)
    stays: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)


@contextmanager
def echo() -> Iterator[tuple[str, Heard]]:
    """Serve a target that says all that it heard, and a token endpoint; gives its URL and what it heard."""
    heard = Heard()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echoing)
    server.heard, server.stays, server.go = heard.texts, heard.stays, heard.go  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="echo")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def save(admin: Client, url: str) -> None:
    """Save a credential of each type that http takes."""
    values: dict[str, tuple[str, dict[str, Any]]] = {
        "bearer": ("bearer", {"token": SECRETS["bearer"]}),
        "basic": ("basic", {"username": "ann", "password": SECRETS["basic"]}),
        "header": ("header", {"name": "X-Api-Key", "value": SECRETS["header"]}),
        "query": ("query", {"name": "key", "value": SECRETS["query"]}),
        "digest": ("digest", {"username": "ann", "password": SECRETS["digest"]}),
        "custom": (
            "custom",
            {
                "headers": {"X-Own": SECRETS["custom"]},
                "query": {"k": SECRETS["custom-query"]},
                "body": {"pin": SECRETS["custom-body"]},
            },
        ),
        "oauth2": (
            "oauth2_client_credentials",
            {"token_url": f"{url}/token", "client_id": "me", "client_secret": SECRETS["oauth2"]},
        ),
    }
    for name, (kind, document) in values.items():
        admin.ok("PUT", f"/v1/credentials/{name}", {"type": kind, "values": document})


@contextmanager
def pool_beside(folder: Path) -> Iterator[tuple[PoolConfig, int, Tape]]:
    """Run a pool in a process of its own, which reaches the Engine by way of a tape."""
    with Engine(url=f"unix://{DOCKER}", timeout_s=PATIENCE_S) as engine, tape(folder / "d", DOCKER) as to_engine:
        config = PoolConfig(
            socket=folder / "p" / "pool.sock",
            pool_id=f"test-secrets-{secrets.token_hex(4)}",
            image=ensure_image(engine),
            docker_url=f"unix://{folder}/d",
            size=1,
            max_concurrent=2,
        )
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(config,))
        process.start()
        try:
            assert wait_for(lambda: is_ready(PoolClient(config.socket)))
            assert process.pid is not None
            yield config, process.pid, to_engine
        finally:
            process.terminate()
            process.join(PATIENCE_S)
            for container in engine.containers(config.pool_id):
                engine.remove(container)


def test_the_search_finds_what_is_there() -> None:
    """Each form, in the middle of something else."""
    for secret in EVERY:
        for form in forms(secret):
            assert found(b"junk" + form + b"junk", EVERY) == {secret}


def test_no_secret_is_ever_where_code_or_its_traces_are(
    databases: Databases, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What was planted among the parameters is found in each of these places; no secret is, in any form."""
    caplog.set_level(logging.DEBUG)
    # As midcall sets it, whatever its own level: it writes down all headers that come in.
    caplog.set_level(logging.WARNING, logger="httpcore")
    planted = f"{MARK}-planted-{secrets.token_hex(12)}"
    looked_for = (*EVERY, planted)
    seen: dict[str, set[str]] = {}
    with (
        TemporaryDirectory(prefix="mc-") as short,
        pool_beside(Path(short)) as (config, pool_process, to_engine),
        tape(Path(short) / "w", str(config.socket)) as to_pool,
        echo() as (url, heard),
        databases.migrated() as database_url,
        redis_server() as redis_url,
        structlog.testing.capture_logs() as lines,
        serving(
            tmp_path, database_url=database_url, redis_url=redis_url, sandbox=PoolClient(Path(short) / "w")
        ) as served,
        Engine(url=f"unix://{DOCKER}", timeout_s=PATIENCE_S) as engine,
        ThreadPoolExecutor(1) as caller,
    ):
        admin = served.tenant()
        save(admin, url)
        source = SOURCE.format(url=url, types=TYPES, ways=WAYS)
        code = {
            "source": source,
            "actions": [{"name": "http", "credentials": list(TYPES)}],
            "egress": [urlsplit(url).netloc],
        }
        parameters = {"type": "object", "properties": {name: {} for name in ("planted", "stay", "fail")}}
        admin.published("echoes", code=code, parameters=parameters, timeout=round(CLIENT_S))
        asked = len(TYPES) * len(WAYS)
        params = {"planted": planted, "stay": True}
        call = caller.submit(admin.ok, "POST", "/v1/functions/echoes/invoke", {"params": params})
        assert heard.stays.wait(CLIENT_S), len(heard.texts)
        assert len(heard.texts) >= asked
        assert found("\n".join(heard.texts).encode(), EVERY) >= {*EVERY} - {SECRETS["digest"], SECRETS["oauth2"]}
        inside = [process for container in engine.containers(config.pool_id) for process in processes_of(container)]
        assert len(inside) >= 2
        seen["sandbox"] = {name for process in inside for part in memory(process) for name in found(part, looked_for)}
        seen["pool"] = {name for part in memory(pool_process) for name in found(part, looked_for)}
        assert not call.done(), "the code was still there while its memory was read"
        heard.go.set()
        outcome = call.result()
        assert outcome["status"] == "succeeded", outcome
        assert outcome["result"][1] == asked
        answers = [
            outcome,
            admin.ok("POST", "/v1/functions/echoes/invoke", {"params": {"planted": planted, "fail": 1}}),
            admin.ok("POST", "/v1/functions/echoes/test", {"params": {"planted": planted}}),
            admin.ok("GET", "/v1/invocations"),
            admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}"),
            admin.ok("GET", "/v1/credentials"),
        ]
        assert answers[1]["status"] == "failed"
        seen["answers"] = found(json.dumps(answers, ensure_ascii=False).encode(), looked_for)
        seen["answers, escaped"] = found(json.dumps(answers).encode(), looked_for)
        seen["worker and pool"] = {name for part in to_pool for name in found(part, looked_for)}
        seen["pool and Engine"] = {name for part in to_engine for name in found(part, looked_for)}
        seen["database"] = {
            name for path in database_files(served, databases) for name in found(path.read_bytes(), looked_for)
        }
        with Redis.from_url(redis_url) as redis:
            redis.config_set("rdbcompression", "no")
            dumped = b"".join(key + bytes(redis.dump(key) or b"") for key in redis.scan_iter())
        seen["Redis"] = found(dumped, looked_for) | {planted}
    said = f"{caplog.text} {lines} {capfd.readouterr()} {planted}"
    seen["logs"] = found(said.encode(), looked_for)
    named = {place: {name.split("-")[1] for name in names} for place, names in seen.items()}
    assert named == {place: {"planted"} for place in seen}
