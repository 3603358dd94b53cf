"""`midcall up` from start to end: what it makes, what it refuses, what it leaves."""

import signal
import socket
import threading

import psutil
from redis import Redis
from tests.e2e.stack import QUICK, Stack, midcall, stack
from tests.support.patience import PATIENCE_S, wait_for


def test_keys_and_sockets_are_for_their_owner_alone(up: Stack) -> None:
    """Files that open something have mode 0600, the directories around them and the sockets 0700."""
    keys = ("admin.key", "approval.key", "secret.keys")
    assert {name: (up.data / name).stat().st_mode & 0o777 for name in keys} == dict.fromkeys(keys, 0o600)
    assert up.data.stat().st_mode & 0o777 == 0o700
    runtime = up.directory / "run"
    assert runtime.stat().st_mode & 0o777 == 0o700
    assert {name: (runtime / name).stat().st_mode & 0o777 for name in ("pool.sock", "redis.sock")} == {
        "pool.sock": 0o600,
        "redis.sock": 0o600,
    }


def test_only_the_api_listens_on_the_network_and_only_on_loopback(up: Stack) -> None:
    """The private Redis has no port; nobody else has one either."""
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in up.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", up.port)}


def test_the_pool_is_told_no_secret(up: Stack) -> None:
    """Who speaks to containers holds neither a key nor the database's or Redis' address."""
    (pool,) = up.part("pool")
    secret = {"MIDCALL_APPROVAL_KEY", "MIDCALL_SECRET_KEYS", "MIDCALL_DATABASE_URL", "MIDCALL_REDIS_URL"}
    assert not secret & set(pool.environ())


def test_no_scheduler_runs_and_redis_holds_nothing_of_a_call_that_was_made(up: Stack) -> None:
    """RQ wakes and nothing else: every key is a worker, a list of workers or our stream."""
    up.function("quick", QUICK)
    up.invoke("quick")
    with Redis(unix_socket_path=f"{up.directory}/run/redis.sock") as redis:
        keys = {key.decode() for key in redis.scan_iter()}
    assert keys
    assert not [key for key in keys if not key.startswith(("rq:worker:", "rq:workers", "midcall:"))]
    children = [child for group in up.part("group") for child in group.children(recursive=True)]
    assert len(children) == up.workers


def test_a_second_up_on_the_same_directory_is_refused_in_one_line(up: Stack) -> None:
    """It would take the first one's sockets; the first one is not disturbed."""
    second = midcall("up", "--port", "1", "--data-dir", str(up.data), env=up.env)
    assert second.code == 1
    assert second.err.strip().startswith("midcall:")
    assert "runs on" in second.err
    assert "already" in second.err
    assert "Traceback" not in second.err
    assert len(second.err.strip().splitlines()) == 1
    assert up.ready()


def test_a_taken_port_is_refused_in_one_line(up: Stack) -> None:
    """Somebody else's `/readyz` does not pass for its own: here it is the first stack's."""
    other = up.directory / "other"
    env = {**up.env, "MIDCALL_RUNTIME_DIR": str(other / "run")}
    second = midcall("up", "--port", str(up.port), "--data-dir", str(other), env=env)
    assert second.code == 1
    assert len(second.err.strip().splitlines()) == 1
    assert str(up.port) in second.err


def test_a_runtime_directory_too_long_for_sockets_is_refused_in_one_line(up: Stack) -> None:
    """The kernel takes 108 bytes for a socket's path; the line names the setting."""
    deep = up.directory / ("d" * 60) / ("e" * 60)
    refused = midcall("up", "--data-dir", str(up.directory / "deep"), env={"MIDCALL_RUNTIME_DIR": str(deep)})
    assert refused.code == 1
    assert "MIDCALL_RUNTIME_DIR" in refused.err
    assert len(refused.err.strip().splitlines()) == 1


def test_ctrl_c_ends_everything_even_while_calls_run() -> None:
    """Calls under way may finish; then nothing is left: no process, no container, no socket that answers."""
    with stack("ended") as it:
        it.held("slow")
        call = it.in_background("slow")
        it.await_running("slow")
        threading.Timer(1, it.opened.set).start()  # well after the signal, well within what the pool gives
        assert it.stop(signal.SIGINT) == 0, it.said
        assert call.result(PATIENCE_S)["status"] == "succeeded"
        assert it.survivors() == []
        assert it.containers() == set()
        assert "Traceback" not in it.said, it.said
        for name in ("pool.sock", "redis.sock"):
            assert not (it.directory / "run" / name).exists()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", it.port)) != 0


def test_no_descriptor_or_process_leaks_over_many_calls(up: Stack) -> None:
    """Forty calls later every process holds as many descriptors and children as before."""
    up.function("leaky", "def handler(session):\n    return 1\n")
    for _ in range(10):
        up.invoke("leaky")

    def held() -> dict[int, int]:
        return {process.pid: process.num_fds() for process in up.processes()}

    before = held()
    for _ in range(40):
        up.invoke("leaky")
    assert wait_for(lambda: len(up.containers()) == 2)

    def grown() -> dict[int, int]:
        return {pid: now - before.get(pid, 0) for pid, now in held().items() if now > before.get(pid, 0) + 5}

    assert wait_for(lambda: not grown()), grown()
