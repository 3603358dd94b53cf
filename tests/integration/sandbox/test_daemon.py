"""The daemon: whom it serves, what it refuses, and what is left when it, or a caller, is killed."""

import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving, is_ready, serving
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.errors import MidcallError, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.run import RunRequest
from midcall.domain.run_status import RunStatus
from midcall.sandbox import wire
from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import PoolUnfit
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import serve
from midcall.service.ports import ActionHandler

SLEEP = "import time\n\ndef handler(session):\n    time.sleep(600)\n"
#: Milliseconds that no test waits: a run with this deadline ends for another reason.
LONG_MS = 600_000
QUICK = "def handler(session):\n    return 1\n"
#: Runs until its action is answered.
HELD = "def handler(session, actions):\n    actions.http.get('go')\n    return 'whole'\n"

SERVE = """
import sys
from pathlib import Path
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import serve
socket, pool_id, image = sys.argv[1:]
serve(PoolConfig(socket=Path(socket), pool_id=pool_id, image=image, size=2, max_concurrent=2))
"""


def answered_by_an_event() -> tuple[threading.Event, ActionHandler]:
    """Return an event, and what answers an action once it is set."""
    event = threading.Event()

    def act(_call: ActionCall) -> ActionReply:
        assert event.wait(PATIENCE_S)
        return ActionReply()

    return event, act


@contextmanager
def daemon_process(config: PoolConfig) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a pool in a process of its own, ready to serve."""
    arguments = [str(config.socket), config.pool_id, str(config.image)]
    process = subprocess.Popen([sys.executable, "-c", SERVE, *arguments], stdout=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: is_ready(PoolClient(config.socket)))
        yield process
    finally:
        process.kill()
        process.wait()


def ask(config: PoolConfig, message: dict[str, Any]) -> dict[str, Any] | None:
    """Send one message as it is and return the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(config.socket))
        wire.send(connection, message)
        return wire.receive(connection, wire.MAX_REPLY_BYTES, time.monotonic() + PATIENCE_S)


def has_a_whole_request(connection: socket.socket) -> bool:
    """Look, and leave it unread: a caller that could not even send all of it knows that nothing ran."""
    there = connection.recv(1 << 16, socket.MSG_PEEK)
    return len(there) > 4 and len(there) == 4 + struct.unpack(">I", there[:4])[0]


def running_containers(engine: Engine, pool_id: str) -> list[Any]:
    """Return the pool's containers in which anything runs: a boot that was cut off may leave one that never started."""
    found: list[Any] = engine.api.containers(filters={"label": f"midcall.pool={pool_id}"})
    return found


def test_a_killed_daemon_leaves_no_container_idle_or_busy(engine: Engine, small: PoolConfig) -> None:
    """SIGKILL of the daemon: its containers end by themselves, the caller learns that the run is lost."""
    with daemon_process(small) as process, ThreadPoolExecutor(1) as caller:
        running = caller.submit(PoolClient(small.socket).run, RunRequest("r", SLEEP, {}, LONG_MS))
        assert wait_for(lambda: PoolClient(small.socket).status()["busy"] == 1)
        assert engine.containers(small.pool_id)
        process.kill()
        with pytest.raises(SandboxLost):
            running.result(PATIENCE_S)
        assert wait_for(lambda: not running_containers(engine, small.pool_id))
    with pytest.raises(SandboxUnavailable):
        PoolClient(small.socket).run(RunRequest("r", QUICK, {}, DEADLINE_MS))
    with serving(small, engine) as pool:
        assert pool.run(QUICK).result == 1
    assert engine.containers(small.pool_id) == {}


@pytest.mark.parametrize(
    ("said", "error"),
    [((), SandboxUnavailable), ((b"",), SandboxUnavailable), (({"kind": "started"},), SandboxLost)],
)
def test_a_pool_that_dies_with_the_request_unread_ran_nothing(
    tmp_path: Path, said: tuple[Any, ...], error: type[MidcallError]
) -> None:
    """The kernel resets such a connection, or ends it; what counts is only whether `started` was said."""
    path = tmp_path / "pool.sock"
    with socket.socket(socket.AF_UNIX) as listening, ThreadPoolExecutor(1) as caller:
        listening.bind(str(path))
        listening.listen(1)
        running = caller.submit(PoolClient(path).run, RunRequest("r", QUICK, {}, DEADLINE_MS))
        connection, _ = listening.accept()
        with connection:
            assert wait_for(lambda: has_a_whole_request(connection))
            for message in said:
                if message:
                    wire.send(connection, message)
                else:
                    wire.receive(connection, wire.MAX_REPLY_BYTES, time.monotonic() + PATIENCE_S)
        with pytest.raises(error):
            running.result(PATIENCE_S)


def test_sigterm_ends_the_daemon_and_its_containers_in_order(engine: Engine, small: PoolConfig) -> None:
    """SIGTERM: exit code 0, no container, no socket."""
    with daemon_process(small) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert engine.containers(small.pool_id) == {}
    assert not small.socket.exists()


def test_a_run_in_flight_may_finish_when_the_daemon_is_told_to_stop(engine: Engine, small: PoolConfig) -> None:
    """SIGTERM lets a short run end, and cuts a long one off as lost, not as the code's own fault."""
    with serving(replace(small, size=2, drain_s=8.0), engine) as pool, ThreadPoolExecutor(2) as callers:
        assert wait_for(pool.full)
        held, act = answered_by_an_event()
        short = RunRequest("short", HELD, {}, LONG_MS, ("http.get",))
        runs = [callers.submit(pool.client.run, short, act), callers.submit(pool.run, SLEEP, ms=LONG_MS)]
        assert wait_for(lambda: pool.client.status()["busy"] == 2)
        pool.stop.set()
        assert wait_for(lambda: not pool.config.socket.exists())
        time.sleep(2)  # cut off at once, it would be gone by now
        held.set()
        assert runs[0].result(PATIENCE_S).result == "whole"
        with pytest.raises(SandboxLost):
            runs[1].result(PATIENCE_S)
    assert engine.containers(small.pool_id) == {}


def test_a_container_that_a_pool_left_is_swept_at_the_next_start(engine: Engine, small: PoolConfig) -> None:
    """Containers of the same pool id are removed before the pool serves, whatever state they are in."""
    stray = engine.create({"Image": small.image, "Labels": {"midcall.pool": small.pool_id}}, f"stray-{os.getpid()}")
    with serving(small, engine) as pool:
        assert stray not in pool.containers()


def test_two_pools_side_by_side_do_not_sweep_each_other(pool: Serving, engine: Engine, small: PoolConfig) -> None:
    """A pool starts, sweeps and ends while another one runs code, and none of the other's containers is touched."""
    with ThreadPoolExecutor(1) as caller:
        held, act = answered_by_an_event()
        running = caller.submit(pool.client.run, RunRequest("held", HELD, {}, LONG_MS, ("http.get",)), act)
        assert wait_for(lambda: pool.client.status()["busy"] == 1)
        with serving(replace(small, sweep_every_s=0.05), engine) as other:
            assert other.run(QUICK).result == 1
            time.sleep(0.3)  # some sweeps
        held.set()
        assert running.result(PATIENCE_S).result == "whole"
    assert wait_for(lambda: pool.client.status()["idle"] > 0)


def test_a_second_daemon_on_the_same_socket_refuses_to_serve(pool: Serving) -> None:
    """The lock beside the socket: the first one keeps serving."""
    config = replace(pool.config, pool_id=f"{pool.config.pool_id}-second", size=1)
    with pytest.raises(PoolUnfit, match="another pool serves"):
        serve(config, stop=threading.Event())
    assert pool.run(QUICK).result == 1
    assert pool.engine.containers(config.pool_id) == {}


def test_a_caller_that_hangs_up_ends_its_run(pool: Serving) -> None:
    """The connection's end kills the sandbox long before the deadline."""
    before = pool.client.status()["busy"]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(pool.config.socket))
        wire.send(connection, {"kind": "run", "source": SLEEP, "session": {}, "deadline_ms": LONG_MS})
        started = wire.receive(connection, 1000, time.monotonic() + PATIENCE_S)
        assert started is not None
        assert pool.client.status()["busy"] == before + 1
    assert wait_for(lambda: pool.client.status()["busy"] == before)
    assert pool.gone(started["sandbox_id"])


def test_a_call_that_finds_no_sandbox_before_its_deadline_is_busy(engine: Engine, small: PoolConfig) -> None:
    """With every place taken, a call waits for its deadline, not longer, and nothing of it runs.

    Not longer, or its client would tell of a lost sandbox a few seconds later.
    """
    with serving(replace(small, max_concurrent=1), engine) as pool, ThreadPoolExecutor(1) as caller:
        held, act = answered_by_an_event()
        running = caller.submit(pool.client.run, RunRequest("held", HELD, {}, LONG_MS, ("http.get",)), act)
        assert wait_for(lambda: pool.client.status()["busy"] == 1)
        began = time.monotonic()
        with pytest.raises(SandboxBusy):
            pool.run(QUICK, ms=300)  # short: its deadline ends it
        assert time.monotonic() - began > 0.25
        held.set()
        assert running.result(PATIENCE_S).status is RunStatus.OK


def test_too_many_waiting_calls_are_turned_away_at_once(engine: Engine, small: PoolConfig) -> None:
    """Beyond `max_waiting`, a call does not wait for its deadline to hear that the pool is busy."""
    with serving(replace(small, max_concurrent=1, max_waiting=1), engine) as pool, ThreadPoolExecutor(2) as callers:
        held, act = answered_by_an_event()
        first = callers.submit(pool.client.run, RunRequest("held", HELD, {}, LONG_MS, ("http.get",)), act)
        assert wait_for(lambda: pool.client.status()["busy"] == 1)
        second = callers.submit(pool.run, QUICK, ms=LONG_MS)
        assert wait_for(lambda: pool.client.status()["waiting"] == 1)
        with pytest.raises(SandboxBusy):
            pool.run(QUICK, ms=LONG_MS)
        assert not second.done()
        held.set()
        assert first.result(PATIENCE_S).status is RunStatus.OK
        assert second.result(PATIENCE_S).result == 1


def test_the_socket_is_private(pool: Serving) -> None:
    """Directory 0700, socket 0600, both the pool's own."""
    directory, path = pool.config.socket.parent.stat(), pool.config.socket.stat()
    assert (stat.S_IMODE(directory.st_mode), directory.st_uid) == (0o700, os.getuid())
    assert (stat.S_IMODE(path.st_mode), path.st_uid) == (0o600, os.getuid())


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user to call as")
def test_another_users_process_is_not_served_even_past_the_file_modes(engine: Engine, small: PoolConfig) -> None:
    """SO_PEERCRED decides, not only the directory's mode; a uid that is named is served."""

    def answered(uid: int) -> bool:
        for path in (*list(small.socket.parents)[:2], small.socket):
            path.chmod(0o777)
        pid = os.fork()  # not a program: this interpreter may lie where the other user cannot read
        if pid == 0:
            code = 1
            try:
                os.setuid(uid)
                code = 0 if ask(small, {"kind": "status"}) else 1
            finally:
                os._exit(code)
        return os.waitpid(pid, 0)[1] == 0

    with serving(replace(small, peer_uid=65_533), engine):
        owner = small.socket.stat().st_uid
        assert (owner, answered(65_534), answered(65_533), answered(0)) == (65_533, False, True, True)


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "shell"},
        {"kind": "run"},
        {"kind": "run", "source": 1, "session": {}, "deadline_ms": 1000},
        {"kind": "run", "source": "", "session": [], "deadline_ms": 1000},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": -1},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": True},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": 1000, "image": "other"},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": 1000, "mounts": ["/"]},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": 1000, "limits": {"memory_bytes": 1}},
        {"kind": "run", "source": "", "session": {}, "deadline_ms": 1000, "actions": "http"},
    ],
)
def test_a_request_for_anything_else_is_refused(pool: Serving, message: dict[str, Any]) -> None:
    """No image, no mount, no flag, no wrong type; and nothing runs."""
    runs = pool.client.status()["runs"]
    answer = ask(pool.config, message)
    assert answer is not None
    assert (answer["kind"], answer["code"]) == ("refused", "bad_request")
    assert pool.client.status()["runs"] == runs


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        struct.pack(">I", 0xFFFFFFFF) + b"x",
        struct.pack(">I", 5) + b"hello",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 200_000) + b"[" * 200_000,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_garbage_on_the_socket_is_dropped_without_an_answer(pool: Serving, data: bytes) -> None:
    """Whatever is sent, the connection ends and the daemon serves on."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(pool.config.socket))
        connection.sendall(data)
        with suppress(OSError):  # the daemon may have hung up by now
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert connection.recv(10) == b""
    assert pool.run(QUICK).result == 1


def test_a_run_may_lower_its_caps(pool: Serving) -> None:
    """Lower log and result caps than the pool's hold for the one run."""
    source = "def handler(session):\n    print('x' * 500)\n    return 'y' * 500\n"
    request = {"kind": "run", "source": source, "session": {}, "deadline_ms": DEADLINE_MS}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(pool.config.socket))
        wire.send(connection, {**request, "limits": {"log_bytes": 100, "result_bytes": 100}})
        assert wire.receive(connection, 1000, time.monotonic() + PATIENCE_S) is not None
        answer = wire.receive(connection, wire.MAX_REPLY_BYTES, time.monotonic() + PATIENCE_S)
    assert answer is not None
    report = wire.unpack_report(answer)
    assert (report.status, len(report.logs), report.logs_truncated) == (RunStatus.OUTPUT_LIMIT, 100, True)


def test_progress_reaches_the_caller_while_the_code_runs(pool: Serving) -> None:
    """`actions.progress` is handed on at once, not with the report."""
    heard: list[str] = []
    told, act = answered_by_an_event()

    def hear(_run: str, text: str) -> None:
        heard.append(text)
        told.set()

    source = HELD.replace("    actions.http", "    actions.progress('looking')\n    actions.http")
    request = RunRequest("r", source, {}, DEADLINE_MS, ("http.get",))
    assert PoolClient(pool.config.socket, on_progress=hear).run(request, act).result == "whole"
    assert heard == ["looking"]


def test_a_large_session_arrives_whole(pool: Serving) -> None:
    """A session with a transcript of 8 MB passes both hops."""
    report = pool.run(
        "def handler(session):\n    return len(session['transcript'])\n",
        session={"transcript": "é" * (8 << 20)},
    )
    assert report.result == 8 << 20


def test_a_session_over_the_cap_is_refused_by_the_client_or_the_daemon(pool: Serving) -> None:
    """Over 24 MB nothing runs, and the caller hears so."""
    with pytest.raises(MidcallError):
        pool.run(QUICK, session={"transcript": "x" * (25 << 20)})
    assert pool.run(QUICK).result == 1


def test_no_pool_means_unavailable(tmp_path: Path) -> None:
    """Without a daemon, both calls say so at once."""
    client = PoolClient(tmp_path / "none.sock")
    with pytest.raises(SandboxUnavailable):
        client.run(RunRequest("r", QUICK, {}, DEADLINE_MS))
    with pytest.raises(SandboxUnavailable):
        client.status()
