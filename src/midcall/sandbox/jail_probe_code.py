"""The code that `jail_probe` runs in a jail; never imported by the pool. It reports what it could do, unjudged."""

import ctypes
import mmap
import os
import stat
import threading
from typing import Any

#: Numbers of system calls that no jail may make, on the two architectures that the filter knows.
FORBIDDEN = {
    "x86_64": {
        "ptrace": 101, "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308, "bpf": 321,
        "userfaultfd": 323, "keyctl": 250, "io_uring_setup": 425, "memfd_create": 319, "shmget": 29, "msgget": 68,
        "semget": 64, "mq_open": 240, "process_vm_writev": 311, "perf_event_open": 298, "socket": 41, "fork": 57,
        "vfork": 58, "execve": 59, "execveat": 322, "pidfd_open": 434, "pidfd_getfd": 438, "open_by_handle_at": 304,
        "capset": 126, "recvmsg": 47, "sendmsg": 46, "seccomp": 317, "splice": 275, "chroot": 161, "setuid": 105,
    },
    "aarch64": {
        "ptrace": 117, "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268, "bpf": 280,
        "userfaultfd": 282, "keyctl": 219, "io_uring_setup": 425, "memfd_create": 279, "shmget": 194, "msgget": 186,
        "semget": 190, "mq_open": 180, "process_vm_writev": 271, "perf_event_open": 241, "socket": 198, "execve": 221,
        "execveat": 281, "pidfd_open": 434, "pidfd_getfd": 438, "open_by_handle_at": 265, "capset": 91,
        "recvmsg": 212, "sendmsg": 211, "seccomp": 277, "splice": 76, "chroot": 51, "setuid": 146,
    },
}  # fmt: skip
#: `clone` of a process, and of a thread in namespaces of its own.
CLONE = {"x86_64": 56, "aarch64": 220}
SIGCHLD, THREAD, NEW_USER = 17, 0x10000, 0x10000000
PRCTL = {"x86_64": 157, "aarch64": 167}
#: PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAP_AMBIENT, PR_SET_MM.
OPERATIONS = (4, 22, 47, 35)
EPERM = 1
CAPABILITY_VERSION = 0x20080522
THREAD_S = 20


def handler(session: dict[str, Any]) -> dict[str, Any]:
    """Tell how the jail looks from inside: what may be called, read, written and reached."""
    libc = ctypes.CDLL(None, use_errno=True)
    tmp = os.statvfs("/tmp")  # noqa: S108 - the jail's own
    return {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "allowed": allowed(libc),
        "capabilities": capabilities(libc),
        "dumpable": libc.prctl(3, 0, 0, 0, 0),
        "root": os.listdir("/"),  # noqa: PTH208
        "devices": os.listdir("/dev"),  # noqa: PTH208
        "tmp": os.listdir("/tmp"),  # noqa: S108, PTH208
        "tmp_bytes": tmp.f_blocks * tmp.f_frsize,
        "written": [folder for folder in ("/", "/etc", "/usr", "/lib", "/sandbox", "/dev") if writable(folder)],
        "descriptors": [fd for fd in range(256) if is_open(fd) and not is_own(fd)],
        "memory": memory(session["memory_bytes"]),
        "threads": threads(session["threads"]),
    }


def allowed(libc: ctypes.CDLL) -> list[str]:
    """Return the forbidden system calls that did not fail for lack of permission."""
    machine = os.uname().machine
    calls: list[tuple[str, tuple[int, ...]]]
    calls = [(name, (number, -1, -1, -1, -1, -1, -1)) for name, number in FORBIDDEN[machine].items()]
    calls += [(f"clone {flags:#x}", (CLONE[machine], flags, 0, 0, 0, 0)) for flags in (SIGCHLD, THREAD | NEW_USER)]
    calls += [(f"prctl {operation}", (PRCTL[machine], operation, 0, 0, 0, 0)) for operation in OPERATIONS]
    found = []
    for name, words in calls:
        ctypes.set_errno(0)
        # Arguments that no call accepts: one that gets past the filter fails in another way, and does no harm.
        if libc.syscall(*[ctypes.c_long(word) for word in words]) != -1 or ctypes.get_errno() != EPERM:
            found.append(name)
    return found


def capabilities(libc: ctypes.CDLL) -> bool:
    """Tell whether the process has any, or cannot say."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    # `capget` may be refused by the filter: then `capset` is, too, and nothing can be tried with any.
    return libc.capget(header, sets) == 0 and any(sets)


def writable(folder: str) -> bool:
    """Tell whether a file can be made in `folder`."""
    try:
        os.close(os.open(f"{folder}/probe", os.O_CREAT | os.O_WRONLY))
    except OSError:
        return False
    return True


def is_open(fd: int) -> bool:
    """Tell whether a descriptor is open."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def is_own(fd: int) -> bool:
    """Tell whether it is one that a run has: /dev/null to read, the pipe of its logs twice, the socket to the pool."""
    mode = os.fstat(fd).st_mode
    return (fd == 0 and stat.S_ISCHR(mode)) or (fd in (1, 2) and stat.S_ISFIFO(mode)) or stat.S_ISSOCK(mode)


def memory(size: int) -> bool:
    """Tell whether `size` bytes are given out as shared memory, which is not counted as the process's own."""
    try:
        mmap.mmap(-1, size).close()
    except OSError:
        return False
    return True


def threads(wanted: int) -> int:
    """Return how many threads there could be at one time, the first included."""
    over = threading.Event()
    count = 1
    for _ in range(wanted):
        try:
            threading.Thread(target=over.wait, args=(THREAD_S,), daemon=True).start()
        except RuntimeError:
            break
        count += 1
    over.set()
    return count
