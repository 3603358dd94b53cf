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
    """Boot; returns never."""
    harden()
    child_module = importlib.import_module("child")
    supervisor_module = importlib.import_module("supervisor")
    own_folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is not worth its import here
    sys.path[:] = [entry for entry in sys.path if entry != own_folder]
    sys.path.append(os.path.join(os.path.dirname(own_folder), "packages"))  # noqa: PTH118, PTH120
    own, theirs = socket.socketpair()
    log_read, log_write = os.pipe()
    gc.collect()
    gc.freeze()  # what is loaded by now stays shared between PID 1 and the child: the collector writes no page of it
    child = os.fork()
    if child == 0:
        own.close()
        os.close(log_read)
        make_dumpable(dumpable=True)
        child_module.serve(theirs, log_write)
    theirs.close()
    os.close(log_write)
    supervisor_module.Supervisor(child, own, log_read, wake_on_child_death(), oom_counter).run()


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


def wake_on_child_death() -> int:
    """Return a descriptor that becomes readable when a child has died."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return read


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
