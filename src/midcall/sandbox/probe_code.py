"""The code that `probe` runs in a sandbox; never imported by the pool. It reports what it could do, unjudged."""

import ctypes
import mmap
import os
import resource
import sys
import time
from typing import Any

#: Numbers of system calls that no sandbox may make, on the two architectures that the profile knows.
FORBIDDEN = {
    "x86_64": {
        "ptrace": 101, "mount": 165, "unshare": 272, "setns": 308, "bpf": 321, "userfaultfd": 323, "keyctl": 250,
        "io_uring_setup": 425, "memfd_create": 319, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240,
        "process_vm_writev": 311, "perf_event_open": 298, "socket": 41, "pidfd_getfd": 438, "open_by_handle_at": 304,
    },
    "aarch64": {
        "ptrace": 117, "mount": 40, "unshare": 97, "setns": 268, "bpf": 280, "userfaultfd": 282, "keyctl": 219,
        "io_uring_setup": 425, "memfd_create": 279, "shmget": 194, "msgget": 186, "semget": 190, "mq_open": 180,
        "process_vm_writev": 271, "perf_event_open": 241, "socket": 198, "pidfd_getfd": 438, "open_by_handle_at": 265,
    },
}  # fmt: skip
EPERM = 1
CAPABILITIES = ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")
#: Of what is covered: what tells of the host or of others, one file a kind.
HOSTS = ("/proc/locks", "/proc/stat", "/proc/sys/kernel/random/boot_id", "/proc/pressure/cpu", "/proc/cmdline",
         "/proc/key-users", "/sys/kernel/vmcoreinfo", "/sys/devices/system/cpu/online", "/dev/ptmx")  # fmt: skip
CPU_FILES = ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def handler(session: dict[str, Any]) -> dict[str, Any]:
    """Tell how the sandbox looks from inside: what may be called, read, written and reached."""
    tmp = os.statvfs("/tmp")  # noqa: S108 - the sandbox's own
    return {
        "python": list(sys.version_info[:2]),
        "uid": os.getuid(),
        "status": status(),
        "allowed": allowed(),
        "interfaces": interfaces(),
        "written": [folder for folder in ("/", "/etc", "/sandbox", "/dev", "/var") if writable(folder)],
        "supervisor": [path for path in ("/proc/1/mem", "/proc/1/fd/1", "/proc/1/environ") if openable(path)],
        "hosts": [path for path in HOSTS if tells(path)],
        "tmp_bytes": tmp.f_blocks * tmp.f_frsize,
        "tmp_noexec": bool(tmp.f_flag & os.ST_NOEXEC),
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "cpus": cpus(),
        "memory_killed": memory_killed(session["memory_bytes"]),
        "processes": processes(session["pids"]),
    }


def status() -> dict[str, str]:
    """Return the security part of this process's status."""
    with open("/proc/self/status") as file:  # noqa: PTH123
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return {name: fields[name].strip() for name in (*CAPABILITIES, "NoNewPrivs", "Seccomp")}


def allowed() -> list[str]:
    """Return the forbidden system calls that did not fail for lack of permission."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for name, number in FORBIDDEN.get(os.uname().machine, {}).items():
        ctypes.set_errno(0)
        # Arguments that no call accepts: one that gets past the filter fails in another way, and does no harm.
        if libc.syscall(number, -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != EPERM:
            found.append(name)
    return found


def interfaces() -> list[str]:
    """Return the names of the network interfaces."""
    with open("/proc/net/dev") as file:  # noqa: PTH123
        return [line.split(":")[0].strip() for line in file if ":" in line]


def writable(folder: str) -> bool:
    """Tell whether a file can be made in `folder`."""
    try:
        os.close(os.open(f"{folder}/probe", os.O_CREAT | os.O_WRONLY))
    except OSError:
        return False
    return True


def openable(path: str) -> bool:
    """Tell whether a file of PID 1 can be opened."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def tells(path: str) -> bool:
    """Tell whether anything can be read from a file, or a terminal be made with it."""
    try:
        file = os.open(path, os.O_RDWR if path == "/dev/ptmx" else os.O_RDONLY)
    except OSError:
        return False
    try:
        return path == "/dev/ptmx" or bool(os.read(file, 1))
    except OSError:
        return False
    finally:
        os.close(file)


def cpus() -> float | None:
    """Return the CPU limit as the cgroup has it (v1, then v2); None where there is none or it cannot be read."""
    try:
        quota, period = (int(open(path).read()) for path in CPU_FILES)  # noqa: SIM115, PTH123
    except (OSError, ValueError):
        try:
            with open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123
                quota, period = (int(word) for word in file.read().split())
        except (OSError, ValueError):
            return None
    return quota / period if quota > 0 else None


def memory_killed(size: int) -> bool:
    """Tell whether a process that touches `size` bytes is killed. Shared memory: Python's own limit does not see it."""
    pid = os.fork()
    if pid == 0:
        area = mmap.mmap(-1, size)
        for offset in range(0, size, mmap.PAGESIZE):
            area[offset] = 1
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def processes(wanted: int) -> int:
    """Return how many processes could exist at one time, this one and PID 1 included."""
    count = 2
    for _ in range(wanted):
        try:
            if os.fork() == 0:
                time.sleep(PROCESS_S)
                os._exit(0)
        except OSError:
            break
        count += 1
    return count


PROCESS_S = 20
