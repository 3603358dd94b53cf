"""A jail keeps a run apart from those before it, after it and beside it, in one container of its workspace."""

import json
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.sandbox.pools import Jailed, Serving, jailed, serving
from tests.support.kernel_surface import CALLS
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.errors import SandboxBusy, SandboxLost
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox import jail_probe
from midcall.sandbox import pool as pool_module
from midcall.sandbox.container import jails_config
from midcall.sandbox.engine import Engine
from midcall.sandbox.jail_container import JailContainer
from midcall.sandbox.jail_probe import ProbeFailed
from midcall.sandbox.limits import PoolConfig, SandboxLimits

MARK = "MARK-8c02d1"
SMALL = "def handler(session):\n    return 1\n"
RUNS_THAT_DIFFER = 1_000

#: Everything that can be written, and every state of the interpreter that one might have left.
POISON = """
import builtins, json, os, random, sys, threading

def quietly(do):
    try:
        do()
    except Exception:
        pass

def handler(session):
    mark = session["params"]["mark"]
    for folder, _, names in os.walk("/"):
        quietly(lambda: open(f"{folder}/{mark}", "w").write(mark))
        quietly(lambda: os.mkdir(f"{folder}/{mark}.d"))
        quietly(lambda: os.symlink("/", f"{folder}/{mark}.link"))
        quietly(lambda: os.chmod(folder, 0o777))
        for name in names[:20]:
            quietly(lambda: open(f"{folder}/{name}", "ab").write(mark.encode()))
            quietly(lambda: os.rename(f"{folder}/{name}", f"{folder}/{mark}"))
    os.environ["MARK"] = mark
    builtins.MARK = mark
    json.loads = lambda *_: mark
    sys.modules["MARK"] = json
    sys.path.insert(0, mark)
    random.seed(7)
    threading.current_thread().name = mark
    os.umask(0)
    return sorted(os.listdir("/tmp"))
"""
LOOK = """
import builtins, json, os, sys, threading

def handler(session):
    mark = session["params"]["mark"]
    seen = [path for folder, dirs, names in os.walk("/") for path in [folder, *dirs, *names] if mark in path]
    seen += [name for name in os.environ if mark in os.environ[name]]
    seen += [each for each in sys.path if mark in each]
    seen += [name for name in ("MARK",) if hasattr(builtins, name) or name in sys.modules]
    seen += [threading.current_thread().name] if mark in threading.current_thread().name else []
    return {"seen": seen, "tmp": os.listdir("/tmp"), "json": json.loads("[1]"), "umask": os.umask(0o22)}
"""
RANDOM = """
import random, secrets, ssl, tempfile, uuid

def handler(session):
    return [random.random(), str(uuid.uuid4()), secrets.token_hex(8), ssl.RAND_bytes(8).hex(), random.getrandbits(64)]
"""
#: Waits until it is told to go on, then does what any function may.
NEIGHBOUR = """
import os, threading

def handler(session, actions):
    threads = [threading.Thread(target=lambda: None) for _ in range(16)]
    for thread in threads:
        thread.start()
    open("/tmp/mine", "wb").write(b"x" * (8 << 20))
    block = bytearray(40 << 20)
    actions.http.get("https://example.com")
    return [os.path.getsize("/tmp/mine"), len(block), os.listdir("/tmp"), os.getpid()]
"""
#: All that one may try on others, and all that one may take.
HOSTILE = """
import ctypes, os, signal, threading, time

def handler(session):
    libc = ctypes.CDLL(None, use_errno=True)
    reached = []
    for pid in [-1, *range(2, 400)]:
        for number in (0, signal.SIGTERM, signal.SIGUSR1):
            try:
                os.kill(pid, number)
                reached.append(pid)
            except OSError:
                pass
        if libc.syscall(101, 16, pid, 0, 0) != -1 or libc.syscall(310, pid, 0, 0, 0, 0, 0) > 0:
            reached.append(f"traced {pid}")
    def quietly(do):
        try:
            return do()
        except BaseException:
            return None
    held = []
    for _ in range(200):
        held.append(quietly(lambda: bytearray(4 << 20)))
    quietly(lambda: open("/tmp/full", "wb").write(b"x" * (64 << 20)))
    for _ in range(200):
        quietly(lambda: threading.Thread(target=time.sleep, args=(1,), daemon=True).start())
    return reached
"""


def asks(served: Jailed, source: str, act: Callable[[ActionCall], ActionReply]) -> RunReport:
    """Run `source` in a jail, with its actions carried out by `act`."""
    request = RunRequest(
        "test", source, {"params": {}}, DEADLINE_MS, ("http.get",), owner=served.owner, isolation=Isolation.JAIL
    )
    return served.client.run(request, act)


@contextmanager
def small_pool(config: PoolConfig, engine: Engine, **changes: Any) -> Iterator[Serving]:
    """Serve another pool, with changes; it must leave nothing behind."""
    with serving(replace(config, **changes), engine) as served:
        yield served
    assert engine.containers(config.pool_id) == {}


def processes(served: Jailed, container: str) -> dict[int, str]:
    """Return a container's processes: number on this host -> its parent's."""
    top = served.engine.api.top(container, ps_args="-eo pid,ppid")["Processes"]
    return {int(pid): parent for pid, parent in top}


def container_of(report: RunReport) -> str:
    """Return the container of the jail that a run was made in."""
    return report.sandbox_id.rpartition("-")[0]


def test_nothing_that_a_run_writes_is_there_for_the_next(jails: Jailed) -> None:
    """Not in a file, not in the interpreter: a jail that was poisoned is gone, and the next never met it."""
    params = {"params": {"mark": MARK}}
    for _ in range(jails.config.jails_each + 2):
        assert MARK in jails.run(POISON, session=params).result
        assert jails.run(LOOK, session=params).result == {"seen": [], "tmp": [], "json": [1], "umask": 0o22}


def test_random_numbers_differ_from_jail_to_jail(jails: Jailed) -> None:
    """All jails are forked from one process: whatever draws random numbers has to notice."""
    with ThreadPoolExecutor(jails.config.jails_each) as callers:
        drawn = list(callers.map(lambda _: tuple(jails.run(RANDOM).result), range(RUNS_THAT_DIFFER)))
    for kind in zip(*drawn, strict=True):
        assert len(set(kind)) == RUNS_THAT_DIFFER


def test_a_run_reaches_no_other_beside_it(jails: Jailed) -> None:
    """No signal, no look into its memory; and what it takes of threads, files and memory is not taken from another."""
    attacked: list[Future[RunReport]] = []

    def act(_call: ActionCall) -> ActionReply:
        # Now the neighbour has its share, and is still there: until both, at one time, have had theirs.
        with ThreadPoolExecutor(2) as attackers:
            attacked.extend(attackers.submit(jails.run, HOSTILE) for _ in range(2))
        return ActionReply({"status": 200})

    report = asks(jails, NEIGHBOUR, act)
    assert report.result == [8 << 20, 40 << 20, ["mine"], 1]
    for each in attacked:
        assert each.result().result == []


def test_an_action_and_its_answer_pass(jails: Jailed) -> None:
    """As in a container: the call as it was written, the answer as it was given; logs are kept."""
    calls: list[ActionCall] = []

    def act(call: ActionCall) -> ActionReply:
        calls.append(call)
        return ActionReply({"a": "ä" * 100_000})

    source = (
        "def handler(session, actions):\n"
        "    print('before')\n"
        "    told = actions.http.get('https://example.com', x=1)\n"
        "    print('after')\n"
        "    return len(told['a'])\n"
    )
    report = asks(jails, source, act)
    assert (report.result, report.logs) == (100_000, "before\nafter\n")
    assert [(call.name, call.args, call.kwargs) for call in calls] == [("http.get", ("https://example.com",), {"x": 1})]


def test_a_large_session_and_a_large_result_pass(jails: Jailed) -> None:
    """While others speak: bytes of many conversations share one stream."""
    source = "def handler(session):\n    return [len(session['text']), 'y' * 200_000]\n"
    with ThreadPoolExecutor(8) as callers:
        reports = list(callers.map(lambda n: jails.run(source, session={"text": "x" * (n << 20)}), range(1, 9)))
    assert [report.result[0] for report in reports] == [n << 20 for n in range(1, 9)]
    assert all(report.result[1] == "y" * 200_000 for report in reports)


def test_code_that_never_ends_is_killed_at_its_deadline_and_leaves_no_process(jails: Jailed) -> None:
    """Threads and all; the jails that wait for runs are all that is left."""
    before = jails.run(SMALL)
    source = (
        "import threading\n\n\ndef spin():\n    while True:\n        pass\n\n\ndef handler(session):\n"
        "    threading.Thread(target=spin, daemon=True).start()\n    spin()\n"
    )
    report = jails.run(source, ms=800)  # short: the code never ends
    assert report.status.value == "timeout"
    container = container_of(before)
    assert container == container_of(report)
    # PID 1, the template, and what waits.
    assert wait_for(lambda: len(processes(jails, container)) == 2 + jails.config.jails_each)


def test_a_jail_that_floods_its_log_is_cut_and_holds_nobody_up(jails: Jailed) -> None:
    """Its neighbour's answer comes meanwhile."""
    flood = "def handler(session):\n    while True:\n        print('x' * 10_000)\n"
    with ThreadPoolExecutor(1) as beside:
        flooding = beside.submit(jails.run, flood, ms=2_000)  # short: the code never ends
        assert all(jails.run(SMALL).result == 1 for _ in range(20))
    report = flooding.result()
    assert report.status.value == "timeout"
    assert report.logs_truncated
    assert len(report.logs) == jails.config.limits.log_bytes


@pytest.mark.parametrize("end", ["with its number", "by a fault", "with a code"])
def test_how_a_process_ended_is_told(jails: Jailed, end: str) -> None:
    """The code is the first process of its namespace, for which the kernel ignores most signals of its own."""
    does = {
        "with its number": ("os.kill(os.getpid(), signal.SIGKILL)", "signal"),
        "by a fault": ("ctypes.string_at(0)", "signal 11"),
        "with a code": ("os._exit(7)", "exit code 7"),
    }[end]
    report = jails.run(f"import ctypes, os, signal\n\n\ndef handler(session):\n    {does[0]}\n")
    assert report.status.value == "crashed"
    assert report.error is not None
    assert does[1] in report.error.message


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
def test_no_call_is_let_through_that_is_not_on_the_list(jails: Jailed) -> None:
    """Every number that a container refuses, and what a container lets through for processes."""
    source = (
        "import ctypes\n\n\ndef handler(session):\n"
        "    libc = ctypes.CDLL(None, use_errno=True)\n    let_through = []\n"
        "    for number in session['params']['numbers']:\n"
        "        words = [ctypes.c_long(word) for word in (number, -1, -1, -1, -1, -1, -1)]\n"
        "        if libc.syscall(*words) != -1 or ctypes.get_errno() != 1:\n"
        "            let_through.append(number)\n"
        "    return let_through\n"
    )
    # Refused by the kernel in another way: 'no such call' is told of clone3, and probes' own trampolines kill.
    others = {435, 335, 336}
    processes_alone = {CALLS[name] for name in ("vfork", "execve", "setsid", "setpgid")}
    refused = [n for n in range(512) if (n not in CALLS.values() and n not in others) or n in processes_alone]
    assert len(refused) > 350
    assert jails.run(source, session={"params": {"numbers": refused}}).result == []


@pytest.mark.parametrize("which", ["PID 1", "the template"])
def test_a_container_whose_process_is_killed_ends_with_all_its_runs_and_is_replaced(pool: Serving, which: str) -> None:
    """Whoever waited is told that the run is lost, not that its code crashed."""
    served = jailed(pool, f"ws_{which.replace(' ', '_')}")
    container = container_of(served.run(SMALL))
    tree = processes(served, container)
    first = next(pid for pid, parent in tree.items() if int(parent) not in tree)
    template = next(pid for pid, parent in tree.items() if int(parent) == first)
    started: list[str] = []

    def act(_call: ActionCall) -> ActionReply:
        started.append("")
        os.kill(first if which == "PID 1" else template, signal.SIGKILL)
        time.sleep(1)  # the run is over by then
        return ActionReply(None)

    waits = "def handler(session, actions):\n    actions.http.get('https://example.com')\n    return 1\n"
    with pytest.raises(SandboxLost):
        asks(served, waits, act)
    assert started
    again = served.wait().run(SMALL)
    assert container_of(again) != container
    assert wait_for(lambda: container not in served.containers())


def test_a_template_that_stands_still_costs_seconds_and_not_the_call(pool: Serving) -> None:
    """Whoever would wait for a jail has a container with the rest of the deadline, and the next calls wait no more."""
    served = jailed(pool, "ws_still")
    container = container_of(served.run(SMALL))
    tree = processes(served, container)
    first = next(pid for pid, parent in tree.items() if int(parent) not in tree)
    template = next(pid for pid, parent in tree.items() if int(parent) == first)
    os.kill(template, signal.SIGSTOP)
    reports = [served.ask(SMALL) for _ in range(served.config.jails_each + 2)]
    assert [report.result for report in reports] == [1] * len(reports)
    assert any("jail" in report.isolation_note for report in reports)
    assert container_of(served.wait().run(SMALL)) != container
    assert wait_for(lambda: container not in served.containers())


def test_a_container_is_replaced_after_so_many_runs_and_no_run_is_lost(small: PoolConfig, engine: Engine) -> None:
    """The template does not grow old; calls go on meanwhile."""
    with small_pool(small, engine, jail_runs=20) as served:
        asked = jailed(served)
        reports: list[RunReport] = []
        while len({container_of(report) for report in reports}) < 3:
            report = asked.run(SMALL)
            assert report.result == 1
            reports.append(report)
        assert len(reports) < 2_000
        assert wait_for(lambda: asked.client.status()["jail_containers"] == 1)


def test_a_container_that_nobody_uses_is_closed(small: PoolConfig, engine: Engine) -> None:
    """It holds memory for as many runs as it could make."""
    with small_pool(small, engine, jail_idle_s=1.0, jail_probe_every_s=0.2) as served:
        asked = Jailed(served.config, served.client, served.engine, served.stop)
        reports: list[RunReport] = []

        def has_run_in_a_jail() -> bool:
            reports.append(asked.ask(SMALL))
            return reports[-1].isolation is Isolation.JAIL

        assert wait_for(has_run_in_a_jail)
        container = container_of(reports[-1])
        assert wait_for(lambda: container not in served.containers())
        assert wait_for(has_run_in_a_jail)
        assert container_of(reports[-1]) != container


def test_each_workspace_has_a_container_of_its_own(small: PoolConfig, engine: Engine) -> None:
    """And one that finds no room runs in containers, which is said."""
    with small_pool(small, engine, jail_containers=2) as served:
        first, second = (jailed(served, owner).run(SMALL) for owner in ("ws_a", "ws_b"))
        assert container_of(first) != container_of(second)
        third = Jailed(served.config, served.client, served.engine, served.stop, "ws_c")
        assert wait_for(lambda: "room" in third.ask(SMALL).isolation_note)
        report = third.ask(SMALL)
        assert (report.result, report.isolation) == (1, Isolation.CONTAINER)


def test_where_the_operator_forbids_jails_runs_are_made_in_containers(small: PoolConfig, engine: Engine) -> None:
    """And say so."""
    with small_pool(small, engine, jails=False) as served:
        report = Jailed(served.config, served.client, served.engine, served.stop).ask(SMALL)
        assert (report.result, report.isolation) == (1, Isolation.CONTAINER)
        assert "MIDCALL_JAIL" in report.isolation_note


@pytest.mark.parametrize(("name", "found"), [("tmp_bytes", "/tmp holds"), ("pids", "threads could start")])
def test_jails_that_do_not_hold_are_not_used(
    small: PoolConfig, engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, found: str
) -> None:
    """A limit that has no effect is found by the probe of the first container; runs go to containers, and say why."""

    def without_limit(**given: Any) -> dict[str, Any]:
        config = jails_config(**given)
        terms = json.loads(config["Cmd"][0])
        return {**config, "Cmd": [json.dumps({**terms, name: terms[name] * 4})]}

    monkeypatch.setattr(pool_module, "jails_config", without_limit)
    with small_pool(small, engine) as served:
        asked = Jailed(served.config, served.client, served.engine, served.stop)
        assert wait_for(lambda: "do not hold" in asked.ask(SMALL).isolation_note)
        report = asked.ask(SMALL)
        assert (report.result, report.isolation) == (1, Isolation.CONTAINER)
        assert found in report.isolation_note
        assert found in served.client.status()["jails_fault"]
        assert wait_for(lambda: not any("jails" in name for name in served.containers().values()))


def test_a_jail_that_is_killed_from_outside_is_lost_and_blames_no_code(jails: Jailed) -> None:
    """So the kernel ends one for memory that all of them have together: it may not be the one that took it."""
    waits = "def handler(session, actions):\n    actions.http.get('https://example.com')\n    return 1\n"
    container = container_of(jails.run(SMALL))
    running: list[int] = []
    with pytest.raises(SandboxLost):
        asks(jails, waits, lambda _call: _kill_the_running(jails, container, running))
    assert running
    assert wait_for(lambda: len(processes(jails, container)) > 2)
    assert jails.wait().run(SMALL).result == 1


def test_what_a_run_returned_before_a_late_answer_counts(jails: Jailed) -> None:
    """An answer to an action that nobody waited for any more is not taken by a jail that is gone."""
    source = (
        "import threading, time\n\n\ndef handler(session, actions):\n"
        "    threading.Thread(target=actions.http.get, args=('https://example.com',), daemon=True).start()\n"
        "    time.sleep(0.05)\n    return 'done'\n"
    )

    def act(_call: ActionCall) -> ActionReply:
        time.sleep(0.05)
        return ActionReply({"text": "x" * 1_000_000})

    for _ in range(10):
        assert asks(jails, source, act).result == "done"


def test_a_session_that_takes_more_memory_than_a_run_has_is_refused_in_the_jail(jails: Jailed) -> None:
    """The limit is there before it is read: as JSON it is small, as values it is not."""
    report = jails.run(SMALL, session={"lists": [[]] * 6_000_000})
    assert report.error is not None
    assert (report.status.value, report.error.type) == ("error", "MemoryError")


def test_a_run_knows_its_thread_by_its_number(jails: Jailed) -> None:
    """By which locks of the C library know who has them: a jail was forked past it."""
    source = (
        "import ctypes, threading\n\n\ndef handler(session):\n"
        "    libc = ctypes.CDLL(None)\n    libc.pthread_self.restype = ctypes.c_ulong\n"
        "    lock, kind = ctypes.create_string_buffer(64), ctypes.create_string_buffer(16)\n"
        "    libc.pthread_mutexattr_init(kind)\n    libc.pthread_mutexattr_settype(kind, 2)\n"  # errors are checked
        "    libc.pthread_mutex_init(lock, kind)\n    libc.pthread_mutex_lock(lock)\n"
        "    owner = ctypes.c_int.from_address(ctypes.addressof(lock) + 8).value\n"
        "    return [owner, threading.get_native_id()]\n"
    )
    assert jails.run(source).result == [1, 1]


def test_who_writes_byte_by_byte_is_cut_as_any_other(jails: Jailed) -> None:
    """And may not have each write be a message of its own."""
    source = (
        "import fcntl, os\n\n\ndef handler(session):\n    refused = []\n"
        "    tried = (4, 0x4000), (4, 0x2000), (1031, 1 << 20), (8, 1), (10, 12), (1024, 0), (1026, 1)\n"
        "    for command, value in tried:\n"
        "        try:\n            fcntl.fcntl(1, command, value)\n"
        "        except PermissionError:\n            refused.append(command)\n"
        "    for _ in range(70_000):\n        os.write(1, b'x')\n"
        "    return refused\n"
    )
    report = jails.run(source)
    assert report.result == [4, 4, 1031, 8, 10, 1024, 1026]
    assert report.logs_truncated
    assert report.logs == "x" * jails.config.limits.log_bytes


def test_calls_that_wait_for_a_jail_are_bounded(small: PoolConfig, engine: Engine) -> None:
    """One workspace's do not keep others from the pool: half of those that may wait, and whoever is more is told."""
    go_on, refused = threading.Event(), []
    waits = "def handler(session, actions):\n    actions.http.get('https://example.com')\n    return 1\n"

    def act(_call: ActionCall) -> ActionReply:
        go_on.wait(PATIENCE_S)
        return ActionReply(None)

    with small_pool(small, engine, max_waiting=8, jails_each=1) as served:
        asked = jailed(served)

        def outcome(_: int) -> Any:
            try:
                return asks(asked, waits, act).result
            except SandboxBusy:
                refused.append(1)
                return None

        with ThreadPoolExecutor(30) as callers:
            outcomes = callers.map(outcome, range(30))
            try:
                # Who is being given one may still count as one that waits.
                assert wait_for(lambda: len(refused) >= 30 - 1 - 4)
                assert served.client.status()["ready"]
                assert served.run(SMALL).result == 1
            finally:
                go_on.set()
            assert list(outcomes).count(1) == 30 - len(refused) >= 4


def test_a_probe_that_fails_closes_its_container_and_not_the_lane(
    small: PoolConfig, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one workspace's runs do to it says nothing of the walls: another's are not taken away."""
    failed: list[JailContainer] = []

    def probe_jail(jails: JailContainer, limits: SandboxLimits) -> list[str]:
        if jails.runs and not failed:
            failed.append(jails)
            raise ProbeFailed("killed")
        return jail_probe.probe_jail(jails, limits)

    monkeypatch.setattr("midcall.sandbox.jail_lane.probe_jail", probe_jail)
    with small_pool(small, engine, jail_probe_every_s=0.5) as served:
        container = container_of(jailed(served).run(SMALL))
        other = jailed(served, "ws_other")
        assert wait_for(lambda: bool(failed))
        assert served.client.status()["jails_fault"] == ""
        assert wait_for(lambda: failed[0].container not in served.containers())
        assert jailed(served).run(SMALL).result == other.wait().run(SMALL).result == 1
        assert container


def _kill_the_running(served: Jailed, container: str, killed: list[int]) -> ActionReply:
    """Kill the jail that waits for an action, and those that wait for a run."""
    tree = processes(served, container)
    first = next(pid for pid, parent in tree.items() if int(parent) not in tree)
    template = next(pid for pid, parent in tree.items() if int(parent) == first)
    jailed_ones = [pid for pid, parent in tree.items() if int(parent) == template]
    for pid in jailed_ones:
        killed.append(pid)
        os.kill(pid, signal.SIGKILL)
    return ActionReply(None)
