"""PID 1 cannot be reached from the code that it watches, and the test sees it where the protection is taken away."""

import secrets
import time
from typing import Any

from tests.integration.sandbox.pools import Serving
from tests.support.patience import DEADLINE_S, PATIENCE_S

from midcall.sandbox.container import container_config
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.engine import Engine
from midcall.sandbox.image import seccomp_profile
from midcall.sandbox.limits import UID_BASE, PoolConfig, SandboxLimits
from midcall.sandbox.outcome import judge
from midcall.sandbox.throwaway import ThrowawayContainer

REACH = """
import os, resource

def reached(do):
    try:
        do()
        return True
    except OSError:
        return False

def handler(session):
    ways = {
        "read memory": lambda: open("/proc/1/mem", "rb").close(),
        "write memory": lambda: open("/proc/1/mem", "r+b").close(),
        "list descriptors": lambda: os.listdir("/proc/1/fd"),
        "open its output": lambda: os.close(os.open("/proc/1/fd/1", os.O_WRONLY)),
        "open its input": lambda: os.close(os.open("/proc/1/fd/0", os.O_RDONLY)),
        "read environment": lambda: open("/proc/1/environ", "rb").read(),
        "read memory map": lambda: open("/proc/1/maps", "rb").read(1),
        "set its limits": lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)),
    }
    return sorted(name for name, do in ways.items() if reached(do))
"""

#: The runner, but with its first act taken out.
UNPROTECTED = (
    "import sys; sys.path.insert(0, '/sandbox/runner');"
    "import importlib.util as u;"
    "s = u.spec_from_file_location('runner', '/sandbox/runner/__main__.py');"
    "m = u.module_from_spec(s); s.loader.exec_module(m);"
    "m.make_dumpable = lambda **_: None; m.main()"
)


def run_in(engine: Engine, config: dict[str, Any], pool_id: str, source: str) -> object:
    """Run `source` in one container of its own."""
    sandbox = ThrowawayContainer.boot(
        engine, config, name=f"midcall-{pool_id}-{secrets.token_hex(4)}", slot=0, timeout_s=PATIENCE_S
    )
    try:
        evidence = sandbox.run(SandboxJob(source, {}, (), SandboxLimits(), time.monotonic() + DEADLINE_S))
        return judge(evidence, SandboxLimits()).result
    finally:
        sandbox.close()
        engine.remove(sandbox.container)


def test_code_cannot_reach_pid_1_by_memory_descriptors_or_limits(pool: Serving) -> None:
    """The supervisor's memory, descriptors, environment and limits are closed to the child of the same user id."""
    assert pool.run(REACH).result == []


def test_without_pr_set_dumpable_the_same_code_reaches_pid_1(engine: Engine, small: PoolConfig) -> None:
    """The negative control: the attack is real, and it is PR_SET_DUMPABLE=0 that stops it."""
    assert small.image is not None
    config = container_config(
        image=small.image, pool_id=small.pool_id, uid=UID_BASE, limits=SandboxLimits(), seccomp=seccomp_profile()
    )
    assert run_in(engine, config, small.pool_id, REACH) == []
    unprotected = {**config, "Entrypoint": ["/sandbox/python", "-I", "-B", "-c", UNPROTECTED]}
    reached = run_in(engine, unprotected, small.pool_id, REACH)
    assert isinstance(reached, list)
    assert {"open its output", "write memory", "list descriptors"} <= set(reached)


def test_the_standard_library_works_under_the_seccomp_profile(pool: Serving, workload: str) -> None:
    """Every section of the workload that the profile was measured with runs in a real sandbox."""
    report = pool.run(workload)
    assert report.error is None
    assert {name: how for name, how in report.result.items() if how != "ok"} == {}
    assert len(report.result) >= 12


FORBIDDEN = """
import ctypes, os, socket

def refused(do):
    try:
        do()
        return False
    except OSError as error:
        return error.errno == 1

def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), 'refused')

CLONE_NEWUSER = 0x10000000

def handler(session):
    families = (1, 2, 10, 16, 17, 38, 40, 44)
    ways = {f"socket family {n}": (lambda n=n: socket.socket(n, socket.SOCK_DGRAM)) for n in families}
    ways["socketpair of another family"] = lambda: socket.socketpair(socket.AF_INET)
    ways["clone with a namespace"] = lambda: call(56, CLONE_NEWUSER | 17, 0, 0, 0, 0)
    ways["unshare"] = lambda: call(272, CLONE_NEWUSER)
    ways["memfd"] = lambda: os.memfd_create("x")
    ways["limits of PID 1"] = lambda: call(302, 1, 7, 0, 0)
    ways["terminal injection"] = lambda: call(16, 0, 0x5412, 0)
    ways["pidfd"] = lambda: os.pidfd_open(1)
    ways["priority"] = lambda: os.setpriority(os.PRIO_PROCESS, 0, 5)
    ways["seccomp"] = lambda: call(317, 0, 0, 0)
    return sorted(name for name, do in ways.items() if not refused(do))
"""


def test_what_the_profile_leaves_out_is_refused(pool: Serving) -> None:
    """No socket, no namespace, no memfd, nothing of another process's."""
    assert pool.run(FORBIDDEN).result == []
