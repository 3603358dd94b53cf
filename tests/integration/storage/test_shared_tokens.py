"""One token for all processes: real processes, a real database, a real token endpoint that counts."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for
from tests.support.shared_tokens import WORKSPACE, ask, shared, wanted_from
from tests.support.target import Received, Reply, Target, replying, target

from midcall.service.credentials.tokens import LEASE_MARGIN_MS, SharedTokens

TOKEN = "geheim-token-of-the-crm"  # noqa: S105 (a test's)
PROCESSES, THREADS = 8, 12
# They are forked from one process that has loaded what they need: each would take two seconds of a core to do so.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.shared_tokens"])


@dataclass(frozen=True)
class Asking:
    """A process that asks when it is told to."""

    process: BaseProcess
    pipe: Connection

    def go(self) -> None:
        """Let it ask."""
        self.pipe.send("go")

    def got(self) -> list[str]:
        """Return what its threads got."""
        found: list[str] = self.pipe.recv()
        return found


@contextmanager
def processes(database_url: str, endpoint: str, *timeouts_ms: int, threads: int = THREADS) -> Iterator[list[Asking]]:
    """Start processes that wait until they may ask."""
    running = []
    for timeout_ms in timeouts_ms:
        here, there = FORKS.Pipe()
        process = FORKS.Process(target=ask, args=(database_url, endpoint, threads, timeout_ms, there))
        process.start()
        there.close()
        running.append(Asking(process, here))
    try:
        assert [each.pipe.recv() for each in running] == ["ready"] * len(running)
        yield running
    finally:
        for each in running:
            each.process.kill()
            each.process.join()
            each.pipe.close()


@pytest.fixture
def endpoint() -> Iterator[Target]:
    """Serve a token endpoint that takes its time."""
    with target() as it:

        def answer(_: Received) -> Reply:
            time.sleep(0.5)
            return replying({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})

        it.answer = answer
        yield it


def test_many_processes_share_one_request(database_url: str, endpoint: Target) -> None:
    """Eight processes with twelve threads each, at one moment: one request, and everybody has its token."""
    with processes(database_url, endpoint.url, *[DEADLINE_MS] * PROCESSES) as running:
        for each in running:
            each.go()
        assert [each.got() for each in running] == [[TOKEN]] * PROCESSES
    assert len(endpoint.received) == 1


def test_a_refusal_reaches_all_who_wait_at_once(database_url: str, endpoint: Target) -> None:
    """An endpoint that says no is not asked by each of a hundred: once, or again where a thread came a second late."""

    def refuse(_: Received) -> Reply:
        time.sleep(0.3)
        return replying({"error": "invalid_client"}, 401)

    endpoint.answer = refuse
    with shared(database_url) as one, shared(database_url) as other:
        told: list[str] = []

        def ask(tokens: SharedTokens) -> None:
            with pytest.raises(Exception, match="answered 401") as caught:
                tokens.token(wanted_from(endpoint.url), workspace_id=WORKSPACE, timeout_ms=DEADLINE_MS)
            told.append(type(caught.value).__name__)

        threads = [threading.Thread(target=ask, args=(tokens,)) for tokens in (one, other) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told == ["TokenRefused"] * 100
    assert len(endpoint.received) <= 2


def test_the_token_of_a_killed_process_is_fetched_by_another(database_url: str, endpoint: Target) -> None:
    """SIGKILL in the midst of the request: its lease lapses, one of those who wait takes over."""
    first, killed = threading.Event(), threading.Event()

    def answer(_: Received) -> Reply:
        if not first.is_set():
            first.set()
            assert killed.wait(PATIENCE_S)
        return replying({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})

    endpoint.answer = answer
    fetch_ms = 5_000  # short: the lease of one that died is waited for
    lease_s = (fetch_ms + LEASE_MARGIN_MS) / 1000
    with processes(database_url, endpoint.url, fetch_ms, DEADLINE_MS, DEADLINE_MS) as running:
        fetcher, *others = running
        fetcher.go()
        began = time.monotonic()
        assert wait_for(first.is_set)
        for each in others:
            each.go()
        fetcher.process.kill()
        fetcher.process.join()
        killed.set()
        assert [each.got() for each in others] == [[TOKEN]] * 2
        assert time.monotonic() - began > lease_s - 0.5
    assert len(endpoint.received) == 2


def test_the_database_holds_no_token_in_the_clear(database_url: str, engine: Engine, endpoint: Target) -> None:
    """Neither in a row nor in a byte of its files; the client's secret and the workspace are not there either."""
    with shared(database_url) as tokens:
        assert tokens.token(wanted_from(endpoint.url), workspace_id=WORKSPACE, timeout_ms=DEADLINE_MS) == TOKEN
    with engine.connect() as connection:
        found = repr(connection.execute(text("SELECT * FROM tokens")).all())
        if engine.dialect.name == "postgresql":
            connection.execute(text("CHECKPOINT"))
            (folder,) = connection.execute(text("SELECT current_setting('data_directory')")).one()
            files = [path for path in Path(folder).rglob("*") if path.is_file()]
        else:
            files = list(Path(str(engine.url.database)).parent.glob(Path(str(engine.url.database)).name + "*"))
        written = b"".join(path.read_bytes() for path in files)
    # What is looked for is found where it stands: the row itself, as it was stored.
    assert found.split("'")[1].encode() in written
    assert WORKSPACE not in found
    for secret in (TOKEN, "geheim-client"):
        assert secret not in found
        assert secret.encode() not in written
