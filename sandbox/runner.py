"""Entry point of the sandbox image: PID 1 hardens itself, forks the child, supervises.

Order matters. PR_SET_DUMPABLE=0 comes before the fork: without it the child, which has the same user id, may open
/proc/1/mem and /proc/1/fd and write frames as if it were PID 1.

Every module imported here and below is paid at each boot: nothing that imports `typing`, `inspect` or `asyncio`.
"""

import ctypes
import gc
import importlib
import os
import signal
import socket
import sys

PR_SET_DUMPABLE = 4

#: Where the kernel counts the processes it killed for memory: cgroup v1, then v2.
OOM_COUNTERS = ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events")


def main() -> None:
    """Boot as the container of one run or, with the terms of its jails as JSON, as one of jails; returns never."""
    harden()
    if terms := sys.argv[1:]:
        serve_jails(*terms)
    serve_one_run()


def serve_one_run() -> None:
    """Fork the child and supervise it."""
    child_module = importlib.import_module("child")
    supervisor_module = importlib.import_module("supervisor")
    waking = importlib.import_module("waking")
    take_off_path()
    own, theirs = socket.socketpair()
    log_read, log_write = os.pipe()
    gc.collect()
    gc.freeze()  # what is loaded by now stays shared between PID 1 and the child: the collector writes no page of it
    child = os.fork()
    if child == 0:
        own.close()
        os.close(log_read)
        make_dumpable(dumpable=True)
        volunteer()
        child_module.serve(theirs, log_write)
    theirs.close()
    os.close(log_write)
    supervisor_module.Supervisor(child, own, log_read, waking.wake_on_child_death(), oom_counter).run()


def serve_jails(terms: str) -> None:
    """Fork the template of the jails, which stays as it is now, and relay between them and the pool."""
    json = importlib.import_module("json")
    template = importlib.import_module("template")
    broker = importlib.import_module("broker")
    take_off_path()
    own, theirs = socket.socketpair()
    if os.fork() == 0:
        own.close()
        make_dumpable(dumpable=True)  # it writes to its own files of /proc, when it makes namespaces
        template.serve(theirs, json.loads(terms))
    theirs.close()
    broker.Broker(own).run()


def take_off_path() -> None:
    """Have the author's code import the operator's packages, and none of the runner's modules."""
    own_folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is not worth its import here
    sys.path[:] = [entry for entry in sys.path if entry != own_folder]
    sys.path.append(os.path.join(os.path.dirname(own_folder), "packages"))  # noqa: PTH118, PTH120


def volunteer() -> None:
    """Be the first whom the kernel kills for memory."""
    with open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123 - pathlib is not worth its import here
        score.write("1000")


def harden() -> None:
    """Close PID 1 to its children and make it deaf to their signals."""
    make_dumpable(dumpable=False)
    # For PID 1 the default action of a signal sent from inside is nothing at all; Python's own SIGINT handler is not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def make_dumpable(*, dumpable: bool) -> None:
    """Set whether processes of the same user may look into this one."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_DUMPABLE")


def oom_counter() -> int:
    """Return how often the kernel has killed in this container for memory; 0 where it does not say."""
    for path in OOM_COUNTERS:
        try:
            with open(path) as file:  # noqa: PTH123 - read at every run's end: no pathlib objects for it
                for line in file:
                    name, _, count = line.partition(" ")
                    if name == "oom_kill":
                        return int(count)
        except (OSError, ValueError):
            continue
    return 0


if __name__ == "__main__":
    main()
