"""Redis can be written by others, so what is queued is only an id: what a forged job does to a real worker process."""

import json
import os
import pickle
import runpy
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from tests.integration.queue.parts import House, Pretended, PrivateRedis, SilentQueue
from tests.support.patience import wait_for

from midcall.domain.ids import new_id
from midcall.domain.run_status import InvocationStatus
from midcall.queue.names import LIVE
from midcall.queue.rq_queue import RqQueue
from midcall.queue.worker import Workers


class Bomb:
    """Unpickled, it writes a file."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        """Say what unpickling calls."""
        return (os.system, (f"touch {self.marker}",))


class Attack:
    """Somebody who has got at Redis: writes jobs by hand. Whatever is run or imported leaves a file in `traces`."""

    def __init__(self, client: "redis.Redis", traces: Path) -> None:
        self.client = client
        self.traces = traces
        self.marker = str(traces / "ran")
        # Importing this module leaves a trace as well; the workers have its directory on their path.
        (traces / "lurking.py").write_text(f"open({self.marker!r}, 'w').close()\ndef go(*a, **k): pass\n")

    def push(self, job_id: str, data: bytes, fields: Mapping[Any, str | int] | None = None) -> None:
        """Write a job and queue it."""
        usual: dict[Any, Any] = {
            "created_at": "2026-01-01T00:00:00.000000Z",
            "status": "queued",
            "origin": LIVE,
            "data": data,
        }
        self.client.hset(f"rq:job:{job_id}", mapping={**usual, **(fields or {})})
        self.client.rpush(f"rq:queue:{LIVE}", job_id)


def packed(*call: Any) -> bytes:
    """Write a job's data as RQ does."""
    return zlib.compress(json.dumps(call).encode())


def well_made(job_id: str) -> bytes:
    """Write the data of a job that midcall might have written."""
    return packed("midcall.execute", None, [job_id], {})


def an_id() -> str:
    """Make an id that no invocation has."""
    return new_id("inv")


def _pickled(attack: Attack) -> None:
    attack.push(an_id(), zlib.compress(pickle.dumps(Bomb(attack.marker))))


def _with(**fields: str | int) -> Callable[[Attack], None]:
    def push(attack: Attack) -> None:
        job_id = an_id()
        attack.push(job_id, well_made(job_id), dict(fields))

    return push


def _call(*call: Any) -> Callable[[Attack], None]:
    def push(attack: Attack) -> None:
        job_id = an_id()
        filled = json.loads(json.dumps(call).replace("$MARKER", attack.marker).replace("$ID", job_id))
        attack.push(job_id, packed(*filled))

    return push


def _bomb(attack: Attack) -> None:
    attack.push(an_id(), zlib.compress(b"[" + b" " * 400_000_000 + b"]", 1))


def _field_that_is_no_text(attack: Attack) -> None:
    attack.push(an_id(), well_made(an_id()), {b"\xff": 1})


def _data_that_is_no_data(attack: Attack) -> None:
    attack.push(an_id(), b"\x80\xff\x00")


def _odd_name(attack: Attack) -> None:
    attack.push("../../" + "x" * 50, well_made(an_id()))


FORGED: dict[str, Callable[[Attack], None]] = {
    "another_function": _call("lurking.go", None, ["$ID"], {}),
    "os_system": _call("os.system", None, ["touch $MARKER"], {}),
    "a_method_of_an_instance": _call("midcall.execute", "lurking.go", ["$ID"], {}),
    "more_arguments": _call("midcall.execute", None, ["$ID", "lurking.go"], {}),
    "no_argument": _call("midcall.execute", None, [], {}),
    "keyword_arguments": _call("midcall.execute", None, ["$ID"], {"function": "lurking.go"}),
    "arguments_that_are_a_string": _call("midcall.execute", None, "$ID", {}),
    "an_id_that_is_none": _call("midcall.execute", None, ["; touch $MARKER"], {}),
    "an_id_that_is_a_number": _call("midcall.execute", None, [7], {}),
    "not_a_call": _call(1),
    "pickled": _pickled,
    "success_callback": _with(success_callback_name="lurking.go"),
    "failure_callback": _with(failure_callback_name="lurking.go"),
    "stopped_callback": _with(stopped_callback_name="lurking.go"),
    "webhooks": _with(webhooks=json.dumps([{"url": "http://127.0.0.1:9/", "events": ["finished"]}])),
    "retries": _with(retries_left=1_000, retry_intervals="[0]"),
    "timeout_at_once": _with(timeout=1),  # short: it is a lie
    "timeout_that_is_none": _with(timeout="never"),
    "status_that_is_none": _with(status="no such status"),
    "date_that_is_none": _with(created_at="yesterday"),
    "ttl_that_is_none": _with(result_ttl="x", failure_ttl="y"),
    "field_that_is_no_text": _field_that_is_no_text,
    "data_that_is_no_data": _data_that_is_no_data,
    "data_that_unpacks_to_400_MB": _bomb,
    "job_that_is_named_oddly": _odd_name,
}


@pytest.fixture
def workers(
    private_redis: PrivateRedis, queue: RqQueue, house: House, tmp_path: Path
) -> Iterator[tuple[House, Attack, psutil.Process]]:
    """Start one real worker process that serves live calls, with a sandbox that leaves a file for each run."""
    house = house.on(queue)
    traces = tmp_path / "traces"
    traces.mkdir()
    house.storage.close()  # nothing of it may be open across the fork

    group = Workers(
        private_redis.url, [LIVE], count=1, wiring=lambda: house.executor(Pretended(), owner="forked").execute
    )
    name = "w1"
    process = group.get_worker_process(name, burst=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(traces))
        process.start()
    try:
        with private_redis.client() as client:
            assert wait_for(lambda: bool(client.exists(f"rq:worker:{name}")))
            yield house, Attack(client, traces), psutil.Process(process.pid)
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


def peak(process: psutil.Process) -> int:
    """Return the most bytes that a process ever had resident: a job that takes memory is seen after it gave it back."""
    (line,) = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) * 1024


def test_forged_jobs_run_nothing_and_leave_the_worker_alive(
    workers: tuple[House, Attack, psutil.Process],
) -> None:
    """No forged job runs, imports or unpickles anything, nor takes memory or ends the worker; a real call then runs."""
    house, attack, worker = workers
    before = peak(worker)
    for kind, push in FORGED.items():
        push(attack)
        assert wait_for(lambda: not attack.client.llen(f"rq:queue:{LIVE}")), kind
        assert worker.is_running(), kind
        assert worker.status() != psutil.STATUS_ZOMBIE, kind
        assert not Path(attack.marker).exists(), kind
    real = house.admit("plain")
    assert wait_for(lambda: house.row(real.id).final)
    assert house.status(real.id) is InvocationStatus.SUCCEEDED
    assert not Path(attack.marker).exists()
    assert peak(worker) - before < 200_000_000


def test_the_traps_themselves_work(tmp_path: Path) -> None:
    """The negative control: what the forged jobs name does leave a trace, if anything runs it."""
    with redis.Redis() as unconnected:
        attack = Attack(unconnected, tmp_path)
    marker = Path(attack.marker)
    pickle.loads(pickle.dumps(Bomb(attack.marker)))  # noqa: S301 (our own bomb)
    assert marker.exists()
    marker.unlink()
    runpy.run_path(str(tmp_path / "lurking.py"))
    assert marker.exists()


def test_a_finished_invocation_is_not_run_again_however_often_its_id_is_queued(
    workers: tuple[House, Attack, psutil.Process],
) -> None:
    """The database decides: the id of a finished invocation wakes nobody."""
    house, attack, _worker = workers
    done = house.admit("plain")
    assert wait_for(lambda: house.row(done.id).final)
    recorded = house.row(done.id)
    for _ in range(3):
        attack.push(done.id, well_made(done.id))
    assert wait_for(lambda: not attack.client.llen(f"rq:queue:{LIVE}"))
    another = house.admit("plain")
    assert wait_for(lambda: house.row(another.id).final)
    assert house.row(done.id) == recorded


def test_whatever_stands_beside_a_real_id_is_not_read(workers: tuple[House, Attack, psutil.Process]) -> None:
    """A job's hash under the id of a real call neither cuts it short nor keeps it from being run."""
    house, attack, _worker = workers
    admitted = house.on(SilentQueue()).admit("plain")
    attack.push(admitted.id, b"\x80\xff\x00", {"timeout": 1, "status": "no such status"})
    assert wait_for(lambda: house.row(admitted.id).final)
    assert house.status(admitted.id) is InvocationStatus.SUCCEEDED


def test_the_private_redis_has_no_port_and_a_socket_of_its_owner_alone(private_redis: PrivateRedis) -> None:
    """Port 0, and a 0600 socket."""
    assert private_redis.socket.stat().st_mode & 0o777 == 0o600
    assert psutil.Process(private_redis.pid).net_connections(kind="inet") == []
    with private_redis.client() as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("save") == {"save": ""}
