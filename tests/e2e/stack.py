"""`midcall up` as real processes: started, looked into, killed in parts, ended."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from tests.support.patience import CLIENT_S, DEADLINE_S, PATIENCE_S, wait_for
from tests.support.plain_http import plain_client
from tests.support.target import replying, target

from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine

#: Seconds that a function of the tests may take: more than anybody's patience, less than a client's.
TIMEOUT_S = round(2 * PATIENCE_S)

#: Lasts until the gate opens; `held` fills in where that is.
HELD = """\
def handler(session, actions):
    print("begun")
    actions.http.get({url!r}, timeout=300_000)
    return {{"held": True}}
"""
QUICK = "def handler(session):\n    return session['params'].get('n', 1)\n"
ANY = {"type": "object", "properties": {"n": {}}}
#: What an invocation that began to run may come to.
FINAL = {"succeeded", "failed", "timed_out"}


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def midcall(*arguments: str, env: Mapping[str, str] | None = None, within_s: float = CLIENT_S) -> "Finished":
    """Run one command to its end."""
    with subprocess.Popen(
        [sys.executable, "-m", "midcall", *arguments],
        env=clean_env() | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Finished(process.pid, process.returncode, out, err)


class Finished:
    """What a command came to."""

    def __init__(self, pid: int, code: int, out: str, err: str) -> None:
        self.pid = pid
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """Return what it printed, which is JSON and nothing else."""
        return json.loads(self.out)

    def __repr__(self) -> str:
        """Show all of it where a test fails."""
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def clean_env() -> dict[str, str]:
    """Return this process's environment without settings of midcall, but for the image."""
    kept = {"MIDCALL_SANDBOX_IMAGE"}
    return {name: value for name, value in os.environ.items() if not name.startswith("MIDCALL_") or name in kept}


class Stack:
    """One `midcall up` with a data directory, a runtime directory and a pool id of its own."""

    def __init__(self, directory: Path, *, name: str, **settings: str) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.port = free_port()
        self.pool_id = f"e2e-{os.getpid()}-{name}"
        self.log = directory / "up.log"
        self.env = {
            "MIDCALL_RUNTIME_DIR": str(directory / "run"),
            "MIDCALL_POOL_ID": self.pool_id,
            "MIDCALL_POOL_SIZE": "2",
            "MIDCALL_LIVE_WORKERS": "1",
            "MIDCALL_WORKERS": "1",
            "MIDCALL_OUTBOUND_ALLOW": "127.0.0.1",
            **settings,
        }
        #: Every process that was ever seen to belong to it.
        self._seen: set[psutil.Process] = set()
        self._up: subprocess.Popen[bytes] | None = None
        self._client: httpx.Client | None = None
        self._callers = ThreadPoolExecutor(16)
        self._kept = ExitStack()
        #: Where runs of `held` functions wait for `opened`; a test that needs them to wait clears it.
        self.gate = self._kept.enter_context(target())
        self.opened = threading.Event()
        self.gate.answer = lambda _: replying({"opened": self.opened.wait(CLIENT_S)})

    # Life ---------------------------------------------------------------------------------------------------------

    def start(self) -> "Stack":
        """Start it and wait until it says that it is ready."""
        argv = [sys.executable, "-m", "midcall", "up", "--port", str(self.port), "--data-dir", str(self.data)]
        with self.log.open("ab") as log:
            began = log.tell()
            self._up = subprocess.Popen(
                argv, env=clean_env() | self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        ready = wait_for(lambda: b"midcall is ready" in self.log.read_bytes()[began:] or not self.running, CLIENT_S)
        assert ready, self.said
        assert self.running, self.said
        self.processes()
        return self

    @property
    def running(self) -> bool:
        """Tell whether `midcall up` itself runs."""
        return self._up is not None and self._up.poll() is None

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C would; returns its exit code."""
        assert self._up is not None
        self.processes()
        self._up.send_signal(number)
        return self._up.wait(CLIENT_S)

    def kill(self) -> None:
        """Kill `midcall up` itself, which can then take nothing away."""
        assert self._up is not None
        self.processes()
        self._up.kill()
        self._up.wait()

    def close(self) -> None:
        """Let go of what the test holds, and leave nothing even if the product did."""
        self.opened.set()
        self._callers.shutdown(wait=True)
        self._kept.close()
        if self._client is not None:
            self._client.close()
        for process in self.survivors():
            process.kill()
        if self.running and self._up is not None:
            self._up.kill()
            self._up.wait()
        with docker() as engine:
            for container in engine.containers(self.pool_id):
                engine.remove(container)

    @property
    def said(self) -> str:
        """Return all that was printed and logged."""
        return self.log.read_text(errors="replace")

    # Parts --------------------------------------------------------------------------------------------------------

    def processes(self) -> list[psutil.Process]:
        """Return every process below `midcall up`, and remember it."""
        assert self._up is not None
        found: list[psutil.Process] = []
        if self.running:
            top = psutil.Process(self._up.pid)
            found = [top, *top.children(recursive=True)]
        self._seen.update(found)
        return found

    def survivors(self) -> list[psutil.Process]:
        """Return the processes that were seen and still run."""
        return [process for process in self._seen if _runs(process)]

    def part(self, role: str) -> list[psutil.Process]:
        """Return the processes of one role: redis, pool, group (of workers), worker, api."""
        wanted = {"pool": "midcall pool", "group": "midcall worker", "api": "midcall api", "redis": "redis-server"}
        assert self._up is not None
        children = psutil.Process(self._up.pid).children()
        self.processes()
        if role == "worker":
            return [child for group in self.part("group") for child in group.children()]
        return [child for child in children if wanted[role] in " ".join(_command(child))]

    def ready(self) -> bool:
        """Tell whether `/readyz` says so and workers are there."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=DEADLINE_S, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK and len(self.part("worker")) >= self.workers

    @property
    def workers(self) -> int:
        """Return how many worker processes there should be."""
        return int(self.env["MIDCALL_LIVE_WORKERS"]) + int(self.env["MIDCALL_WORKERS"])

    @property
    def pool(self) -> PoolClient:
        """Return a client of its pool, as a worker has one."""
        return PoolClient(self.directory / "run" / "pool.sock")

    def containers(self) -> set[str]:
        """Return the containers of its pool."""
        with docker() as engine:
            return set(engine.containers(self.pool_id))

    # Calls --------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Return where its api listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> httpx.Client:
        """Return a client with the admin key."""
        if self._client is None:
            key = (self.data / "admin.key").read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            self._client = plain_client(base_url=self.url, headers=headers)
        return self._client

    def function(self, name: str, source: str, **fields: Any) -> None:
        """Create, submit and publish a function; one of that name that is there already stays."""
        if self.client.get(f"/v1/functions/{name}").is_success:
            return
        body: dict[str, Any] = {
            "name": name,
            "description": "A function of the tests.",
            "kind": "code",
            "parameters": ANY,
        }
        self._publish(body | {"code": {"source": source}, "timeout": TIMEOUT_S} | fields)

    def held(self, name: str, source: str = HELD, **fields: Any) -> None:
        """Create a function, as `function` does, whose runs ask the stack's gate whether they may go on."""
        url = f"{self.gate.url}/{name}"
        code = {"source": source.format(url=url), "actions": ["http"], "egress": [urlsplit(url).netloc]}
        self.function(name, "", code=code, **fields)

    def webhook(self, name: str, url: str, **fields: Any) -> None:
        """Create, submit and publish a webhook function."""
        body = {"name": name, "description": "A webhook of the tests.", "kind": "webhook", "webhook": {"url": url}}
        self._publish({"parameters": ANY, "timeout": TIMEOUT_S, **body, **fields})

    def _publish(self, body: dict[str, Any]) -> None:
        name = body["name"]
        assert self.client.post("/v1/functions", json=body).status_code == httpx.codes.CREATED
        review = self.client.post(f"/v1/functions/{name}/versions/1/submit").json()
        assert review["status"] == "approved", review
        assert self.client.post(f"/v1/functions/{name}/publish", json={"version": 1}).is_success

    def invoke(self, name: str, **params: Any) -> Any:
        """Call a function and return the outcome."""
        answer = self.client.post(f"/v1/functions/{name}/invoke", json={"params": params})
        assert answer.is_success, answer.text
        return answer.json()

    def test(self, name: str, **body: Any) -> Any:
        """Run a function's test and return the report."""
        answer = self.client.post(f"/v1/functions/{name}/test", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def in_background(self, name: str, **params: Any) -> "Future[Any]":
        """Call a function from another thread."""
        return self._callers.submit(self.invoke, name, **params)

    def test_in_background(self, name: str, **body: Any) -> "Future[Any]":
        """Run a function's test from another thread."""
        return self._callers.submit(self.test, name, **body)

    # Rows ---------------------------------------------------------------------------------------------------------

    def rows(self, function: str) -> list[dict[str, Any]]:
        """Read a function's invocations straight from the database file, newest first."""
        with closing(self.database()) as connection:
            found = connection.execute("SELECT * FROM invocations WHERE function = ? ORDER BY id DESC", (function,))
            return [dict(row) for row in found]

    def await_idle(self) -> None:
        """Wait until a sandbox is ready: a short deadline is then the code's own."""
        assert wait_for(lambda: int(self.pool.status()["idle"]) > 0), self.said

    def await_running(self, function: str, *, count: int = 1, within_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Wait until `count` runs of a function are under way, in the sandbox; returns their rows."""

        def running() -> list[dict[str, Any]]:
            return [row for row in self.rows(function) if row["status"] == "running"]

        def inside() -> bool:
            # A row says so just before the pool is asked.
            with closing(self.database()) as connection:
                query = "SELECT count(*) FROM invocations WHERE status = 'running'"
                rows: int = connection.execute(query).fetchone()[0]
            return rows <= int(self.pool.status()["busy"])

        assert wait_for(lambda: len(running()) >= count, within_s), self.said
        assert wait_for(inside, within_s), self.said
        return running()

    def await_final(self, invocation_id: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until an invocation has its outcome; returns its row."""

        def row() -> dict[str, Any]:
            with closing(self.database()) as connection:
                query = "SELECT * FROM invocations WHERE id = ?"
                return dict(connection.execute(query, (invocation_id,)).fetchone())

        assert wait_for(lambda: row()["ended_at"] is not None, within_s), (row(), self.said)
        return row()

    def database(self) -> sqlite3.Connection:
        """Open the database file as somebody beside midcall."""
        connection = sqlite3.connect(self.data / "midcall.db", timeout=PATIENCE_S)
        connection.row_factory = sqlite3.Row
        return connection


@contextmanager
def stack(name: str, **settings: str) -> Iterator[Stack]:
    """Run a stack; at the end Ctrl-C must leave no process and no container."""
    with TemporaryDirectory(prefix="mce-") as directory:
        it = Stack(Path(directory), name=name, **settings)
        try:
            yield it.start()
            if it.running:
                assert it.stop() == 0, it.said
                assert it.survivors() == []
                assert it.containers() == set()
                assert "Traceback" not in it.said, it.said
        finally:
            it.close()


@contextmanager
def docker() -> Iterator[Engine]:
    """Speak to the Engine as the tests' own pair of eyes."""
    with Engine(url="unix:///var/run/docker.sock", timeout_s=PATIENCE_S) as engine:
        yield engine


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def ids_under_way(it: Stack) -> dict[str, str]:
    """Wait until both calls run, and return their ids."""
    return {name: it.await_running(name)[0]["id"] for name in ("once", "twice")}


def assert_whole_again(it: Stack, ids: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Both calls have one recorded outcome, no container is left over, the next call works; returns the rows."""
    it.opened.set()
    rows = {name: it.await_final(ids[name]) for name in ids}
    for row in rows.values():
        assert row["status"] in FINAL
        outcome = json.loads(row["outcome"])
        assert outcome["status"] == row["status"]
        assert row["status"] == "succeeded" or outcome["error"]["message"], row
    assert wait_for(it.ready), it.said
    assert it.invoke("quick", n=7)["result"] == 7
    # Warm ones alone: two, and for a moment those being booted or taken away.
    assert wait_for(lambda: len(it.containers()) == 2), it.containers()
    for name, row in rows.items():
        assert it.client.get(f"/v1/invocations/{ids[name]}").json()["status"] == row["status"]
        assert it.await_final(ids[name]) == row  # nobody records a second outcome
    return rows
