"""What of the kernel a sandbox may reach: each system call by name and number (x86-64), with why it is harmless.

Kept apart from the seccomp profile on purpose: a call that is added there has to be argued for here, and one that is
taken out there has to go here too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: Calls in all that reach the kernel, those by their arguments alone included.
COUNT = 152


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that are let through for one reason."""

    reason: str
    calls: Mapping[str, int]


# fmt: off
GROUPS = (
    Group(
        "Bytes through descriptors one has. PID 1's are closed before any code runs, and nothing hands over others.",
        {"read": 0, "write": 1, "readv": 19, "writev": 20, "pread64": 17, "pwrite64": 18, "preadv": 295, "pwritev": 296,
         "lseek": 8, "close": 3, "close_range": 436, "dup": 32, "dup2": 33, "dup3": 292, "pipe": 22, "pipe2": 293,
         "fcntl": 72, "flock": 73, "sendfile": 40, "copy_file_range": 326, "fsync": 74, "fdatasync": 75},
    ),
    Group(
        "Files by name: a read-only image without secrets, /proc and /sys with what is the host's covered.",
        {"open": 2, "openat": 257, "openat2": 437, "access": 21, "faccessat": 269, "faccessat2": 439, "stat": 4,
         "fstat": 5, "lstat": 6, "newfstatat": 262, "statx": 332, "statfs": 137, "fstatfs": 138, "readlink": 89,
         "readlinkat": 267, "getdents64": 217, "getcwd": 79, "chdir": 80, "fchdir": 81, "umask": 95,
         "listxattr": 194, "llistxattr": 195, "flistxattr": 196, "getxattr": 191, "lgetxattr": 192, "fgetxattr": 193},
    ),
    Group(
        "Changes of files: /tmp alone can be written, 16 MB and 2048 files, in memory that counts as the code's own.",
        {"mkdir": 83, "mkdirat": 258, "rmdir": 84, "unlink": 87, "unlinkat": 263, "rename": 82, "renameat": 264,
         "renameat2": 316, "link": 86, "linkat": 265, "symlink": 88, "symlinkat": 266, "chmod": 90, "fchmod": 91,
         "fchmodat": 268, "truncate": 76, "ftruncate": 77, "fallocate": 285, "utimensat": 280},
    ),
    Group(
        "Its own memory, within the container's limit.",
        {"mmap": 9, "munmap": 11, "mprotect": 10, "mremap": 25, "brk": 12, "madvise": 28, "msync": 26},
    ),
    Group(
        "Signals: they end at the pid namespace, and PID 1 is deaf to those from inside.",
        {"rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "rt_sigpending": 127, "rt_sigsuspend": 130,
         "rt_sigtimedwait": 128, "sigaltstack": 131, "kill": 62, "tgkill": 234, "tkill": 200, "pause": 34, "alarm": 37,
         "setitimer": 38, "getitimer": 36, "restart_syscall": 219},
    ),
    Group(
        "Time is read and waited for.",
        {"clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "nanosleep": 35, "gettimeofday": 96,
         "times": 100},
    ),
    Group(
        "Threads, their locks and their place among the processors.",
        {"futex": 202, "set_robust_list": 273, "get_robust_list": 274, "rseq": 334, "set_tid_address": 218,
         "arch_prctl": 158, "gettid": 186, "sched_yield": 24, "sched_getaffinity": 204, "sched_getparam": 143,
         "sched_getscheduler": 145},
    ),
    Group(
        "Facts about itself. sysinfo also tells the host's load, free memory, uptime and number of processes.",
        {"getpid": 39, "getppid": 110, "getuid": 102, "geteuid": 107, "getgid": 104, "getegid": 108, "getgroups": 115,
         "getresuid": 118, "getresgid": 120, "getpgid": 121, "getpgrp": 111, "getsid": 124, "getpriority": 140,
         "getrusage": 98, "getrlimit": 97, "sysinfo": 99, "uname": 63, "getrandom": 318},
    ),
    Group(
        "Processes of its own, 64 at most; the one program in the image is Python; limits go down, never up.",
        {"vfork": 58, "execve": 59, "exit": 60, "exit_group": 231, "wait4": 61, "waitid": 247, "setsid": 112,
         "setpgid": 109, "setrlimit": 160},
    ),
    Group(
        "Waiting for several descriptors at a time.",
        {"poll": 7, "ppoll": 271, "select": 23, "pselect6": 270, "epoll_create1": 291, "epoll_ctl": 233,
         "epoll_wait": 232, "epoll_pwait": 281, "eventfd2": 290},
    ),
    Group(
        "What a socketpair needs, the only socket there can be. A datagram can be sent to a name, but nobody has one: "
        "bind and setsockopt are refused.",
        {"sendto": 44, "recvfrom": 45, "shutdown": 48, "getsockname": 51, "getsockopt": 55},
    ),
    Group(
        "By their arguments alone: see ALLOWED_ARGUMENTS.",
        {"clone": 56, "socketpair": 53, "prlimit64": 302, "prctl": 157, "ioctl": 16},
    ),
)
# fmt: on

CALLS: Mapping[str, int] = MappingProxyType({name: number for group in GROUPS for name, number in group.calls.items()})

#: Call -> place of the argument that decides, and the values that may pass.
ALLOWED_ARGUMENTS: Mapping[str, tuple[int, frozenset[int]]] = MappingProxyType(
    {
        # AF_UNIX: an event loop wakes itself through a pair.
        "socketpair": (0, frozenset({1})),
        # Itself; PID 1 has the same user id.
        "prlimit64": (0, frozenset({0})),
        # PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_NAME, PR_GET_NAME: of the process itself.
        "prctl": (0, frozenset({1, 3, 4, 15, 16})),
        # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: none of them changes what others see.
        "ioctl": (1, frozenset({0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451})),
    }
)
#: Every flag of `clone` that makes a namespace: NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
NAMESPACE_FLAGS = 0x7E020080

#: Never filtered: newer kernels let the trampolines of their own probes past every profile. Whoever calls these from
#: anywhere else is killed (SIGILL) or told ENXIO.
EXEMPT: Mapping[str, int] = MappingProxyType({"uretprobe": 335, "uprobe": 336})
