"""What makes a jail: the namespaces, the root, the limits and the filters, each a call of the kernel's.

Everything here runs before a byte of a run is read, and raises OSError where the kernel does not: no jail is then.
"""

from __future__ import annotations

import ctypes
import os
import resource
import threading

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sandbox import syscall_filter
else:
    import syscall_filter

# linux/sched.h
NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
#: For each jail; its first process is made within them.
JAIL_NAMESPACES = NEW_USER | NEW_NS | NEW_PID | NEW_IPC | NEW_UTS | NEW_NET
# linux/mount.h
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
DETACH = 2
MACHINE = os.uname().machine
CLONE = {"x86_64": 56, "aarch64": 220}
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
#: glibc's `struct pthread`, where `tid` stands.
THREAD_ID_AT = {"x86_64": 0x2D0, "aarch64": 0xD0}
# linux/prctl.h
SET_PDEATHSIG, SET_DUMPABLE, SET_SECCOMP, SECCOMP_FILTER = 1, 4, 22, 2
SIGKILL, SIGCHLD = 9, 17
ARENA_MAX = -8
LEAST_PRIORITY = 19
#: linux/capability.h: the version whose sets have 64 bits.
CAPABILITY_VERSION = 0x20080522

#: Of the image's root: what a jail does not see of it. /etc is written anew, without the Engine's own files.
UNSEEN = frozenset({"proc", "sys", "dev", "tmp", "etc"})
DEVICES = ("null", "zero", "full", "random", "urandom")
ROOT = "/tmp"  # noqa: S108 - the container's own, where the new root is put together

_libc = ctypes.CDLL(None, use_errno=True)
#: The same, holding on to the interpreter: a fork is no place to let another thread have it.
_held = ctypes.PyDLL(None, use_errno=True)
_pthread_self = _libc.pthread_self
_pthread_self.restype = ctypes.c_void_p


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _checked(_libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]), f"mount {target}")


def _prctl(option: int, *values: Any) -> None:
    _checked(_libc.prctl(option, *(*values, 0, 0, 0)[:4]), f"prctl {option}")


def _thread_id() -> ctypes.c_int:
    """Return where the C library keeps the number of this thread, by which its locks know who has them.

    Its own `fork` sets that anew; there is no way to have it make namespaces. Raises OSError where it stands elsewhere.
    """
    found = ctypes.c_int.from_address(int(_pthread_self()) + THREAD_ID_AT[MACHINE])
    if found.value != threading.get_native_id():
        raise OSError("this C library keeps the numbers of threads in a place that is not known here")
    return found


class Proc:
    """The container's /proc, kept open: within a jail there is none."""

    def __init__(self) -> None:
        self.fd = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
        #: Who this process and all that it forks are; a new user namespace knows nobody.
        self.user = os.getuid(), os.getgid()

    def write(self, name: str, text: str) -> None:
        """Write a file of this very process."""
        file = os.open(f"self/{name}", os.O_WRONLY, dir_fd=self.fd)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)

    def address_space(self) -> int:
        """Return how many bytes of address space this process has."""
        file = os.open("self/statm", os.O_RDONLY, dir_fd=self.fd)
        try:
            return int(os.read(file, 200).split()[0]) * resource.getpagesize()
        finally:
            os.close(file)


def leave_namespaces(proc: Proc) -> None:
    """Leave the container's user and mount namespace: in one's own, mounts can be made."""
    _checked(_libc.unshare(NEW_USER | NEW_NS), "unshare")
    _keep_user(proc)


def fork_into_namespaces(proc: Proc) -> int:
    """Fork as `os.fork` does, the child being the first process of namespaces of its own; raises OSError.

    Otherwise one would fork, leave one's namespaces and fork again; and a fork costs as much as all else of a jail,
    since it copies the tables of all the memory that the template has.
    """
    ctypes.pythonapi.PyOS_BeforeFork()
    forked = int(_held.syscall(CLONE[MACHINE], ctypes.c_ulong(JAIL_NAMESPACES | SIGCHLD), None, None, None, None))
    if forked:
        number = ctypes.get_errno()
        ctypes.pythonapi.PyOS_AfterFork_Parent()
        if forked < 0:
            raise OSError(number, f"clone: {os.strerror(number)}")
        return forked
    _THREAD_ID.value = 1
    ctypes.pythonapi.PyOS_AfterFork_Child()
    _keep_user(proc)
    return 0


def _keep_user(proc: Proc) -> None:
    """Be in a new user namespace who one was; no other user is there."""
    uid, gid = proc.user
    proc.write("setgroups", "deny")
    proc.write("uid_map", f"{uid} {uid} 1")
    proc.write("gid_map", f"{gid} {gid} 1")


def enter_root() -> None:
    """Change to a root that holds the image's files, read-only, and five devices; nothing else of the container's."""
    _mount("none", "/", None, RECURSIVE | PRIVATE)
    _mount("root", ROOT, "tmpfs", NO_SUID | NO_DEV, "size=1m,nr_inodes=128,mode=0755")
    for name in os.listdir("/"):  # noqa: PTH208 - pathlib is not worth its import here
        if name not in UNSEEN and os.path.isdir(f"/{name}"):  # noqa: PTH112
            os.mkdir(f"{ROOT}/{name}")  # noqa: PTH102
            _mount(f"/{name}", f"{ROOT}/{name}", None, BIND)
            _mount("none", f"{ROOT}/{name}", None, BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEV)
    for name in ("etc", "tmp", "dev"):
        os.mkdir(f"{ROOT}/{name}")  # noqa: PTH102
    for name in ("passwd", "group"):
        _copy(f"/etc/{name}", f"{ROOT}/etc/{name}")
    for name in DEVICES:
        os.close(os.open(f"{ROOT}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o600))
        _mount(f"/dev/{name}", f"{ROOT}/dev/{name}", None, BIND)
    os.chdir(ROOT)
    _checked(_libc.syscall(PIVOT_ROOT[MACHINE], b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", DETACH), "umount")
    os.chdir("/")
    _mount("none", "/", None, BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEV)


def _copy(source: str, target: str) -> None:
    with open(source, "rb") as given, open(target, "wb") as made:  # noqa: PTH123
        made.write(given.read())


def mount_tmp(tmp_bytes: int, tmp_inodes: int) -> None:
    """Lay an empty /tmp of its own over the one that is there, and go there."""
    sizes = f"size={tmp_bytes},nr_inodes={tmp_inodes},mode=0700"
    _mount("tmp", "/tmp", "tmpfs", NO_SUID | NO_DEV | NO_EXEC, sizes)  # noqa: S108
    os.chdir("/tmp")  # noqa: S108


def close_all_but(kept: Iterable[int]) -> None:
    """Close every other descriptor."""
    after = 0
    for fd in sorted(kept):
        if after < fd:  # `closerange(0, 0)` closes everything
            os.closerange(after, fd)
        after = fd + 1
    os.closerange(after, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def allocate_in_one_place() -> None:
    """Have no thread reserve address space of its own, 64 MB each (malloc.h: M_ARENA_MAX): a jail has little of it."""
    _libc.mallopt(ARENA_MAX, 1)


def give_way() -> None:
    """Let PID 1 and the template go first: they move everybody's bytes."""
    os.setpriority(os.PRIO_PROCESS, 0, LEAST_PRIORITY)


def limit_processes(most: int) -> None:
    """Bound how many processes and threads the jail has; the kernel counts them by user namespace."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def end_with_parent() -> None:
    """Be killed when one's parent dies; not for a process whose parent is there to make it and goes."""
    _prctl(SET_PDEATHSIG, SIGKILL)


def allow_no_more() -> None:
    """Have the filter judge each call of this process and of all that it forks: what jails may do, and making them."""
    _filter(syscall_filter.of_template(MACHINE))


def seal() -> None:
    """Give up every capability, be looked into by nobody, and let through what code needs, and nothing else."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _prctl(SET_DUMPABLE, 0)
    _prctl(SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(_JAILS_PROGRAM))


def _filter(code: bytes) -> None:
    buffer = _buffer(code)
    _prctl(SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(_program(buffer)))


def _buffer(code: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(code, len(code))


class _Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _program(code: ctypes.Array[ctypes.c_char]) -> _Program:
    return _Program(len(code) // syscall_filter.INSTRUCTION_BYTES, ctypes.addressof(code))


# Made once, by the template: each jail is the kernel told of it alone.
_JAILS_CODE = _buffer(syscall_filter.of_jail(MACHINE))
_JAILS_PROGRAM = _program(_JAILS_CODE)
_THREAD_ID = _thread_id()
