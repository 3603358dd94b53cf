"""The filters of system calls in a container of jails, as the kernel takes them: programs for its packet filter.

The template's is a list of what is let through, no start of a program among it; all else fails with EPERM. Each jail
adds one that takes away what makes jails, and processes: threads are left. The kernel translates a filter each time
that one is added, so the long one is added once. Numbers are those of linux/unistd.h, offsets and codes of
linux/seccomp.h and linux/filter.h.
"""

from __future__ import annotations

from struct import Struct

_INSTRUCTION = Struct("<HBBI")
INSTRUCTION_BYTES = _INSTRUCTION.size

#: Words of machines, and where their numbers stand below.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
#: On numbers of x32's calls, which are the same calls by another way in.
_X32_BIT = 0x40000000
_EPERM, _ENOSYS = 1, 38

_LOAD, _JUMP_EQUAL, _JUMP_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16

#: What the C library makes a thread with, flag for flag: one that shared less than all with the others would have
#: descriptors of its own, and they would be limited no more. And each flag that makes a namespace.
_THREAD, _NAMESPACES = 0x003D0F00, 0x7E020080

#: Call -> its number on x86-64 and on aarch64, which lacks those that have a newer form.
CALLS: dict[str, tuple[int, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "fcntl": (72, 25),
    "flock": (73, 32),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "umask": (95, 166),
    "listxattr": (194, 11),
    "llistxattr": (195, 12),
    "flistxattr": (196, 13),
    "getxattr": (191, 8),
    "lgetxattr": (192, 9),
    "fgetxattr": (193, 10),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "utimensat": (280, 88),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "msync": (26, 227),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "pause": (34, None),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "arch_prctl": (158, None),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getpgid": (121, 155),
    "getpgrp": (111, None),
    "getsid": (124, 156),
    "getpriority": (140, 141),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "setrlimit": (160, 164),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
}
#: The same of calls that one argument decides, by its place and the values that may pass.
BY_ARGUMENT: dict[str, tuple[tuple[int, int | None], int, frozenset[int]]] = {
    # AF_UNIX: an event loop wakes itself through a pair.
    "socketpair": ((53, 199), 0, frozenset({1})),
    # Its own limits.
    "prlimit64": ((302, 261), 0, frozenset({0})),
    # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME.
    "prctl": ((157, 167), 0, frozenset({3, 15, 16})),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
    "ioctl": ((16, 29), 1, frozenset({0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451})),
}
#: What makes a jail, of the template alone. `clone` that makes a process; the new namespaces of a jail's first one
#: (`confinement.JAIL_NAMESPACES` and SIGCHLD); a jail's /tmp (MS_NOSUID | MS_NODEV | MS_NOEXEC).
_CLONE, _JAILS_FIRST = (56, 220), 0x7C020011
_MOUNT, _TMP_FLAGS = (165, 40), 14
_CAPSET, _RECVMSG, _SETPRIORITY = (126, 91), (47, 212), (141, 140)
#: Commands of `fcntl` that code may give: descriptors, their flags, locks, the size of a pipe to be read. Not: that
#: signals come (one would see which files neighbours read), that a pipe holds more, or one write at a time (each would
#: be a message to the pool).
_FCNTL = (72, 25)
_COMMANDS = frozenset({0, 1, 2, 3, 5, 6, 7, 36, 37, 38, 1030, 1032})
#: F_SETFL, and O_DIRECT and O_ASYNC, which may not be set with it.
_SET_FLAGS, _FLAGS = 4, (0x4000 | 0x2000, 0x10000 | 0x2000)
#: PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP.
_SETTING_UP = frozenset({1, 4, 22})
#: Its flags lie in memory, where no filter can look: 'no such call' makes the C library use clone.
_CLONE3 = (435, 435)
#: Calls that send a signal, and which of their arguments names it. The code is the first process of its namespace, for
#: which the kernel would ignore that it kills itself.
_KILLS = (((62, 129), 1), ((200, 130), 1), ((234, 131), 2))
_SIGKILL = 9

Instruction = tuple[int, int, int, int]


def of_template(machine: str) -> bytes:
    """Return the template's filter for a machine (`x86_64` or `aarch64`); raises KeyError for any other."""
    word, place = _MACHINES[machine]
    prctl = BY_ARGUMENT["prctl"]
    by_argument = {**BY_ARGUMENT, "prctl": (prctl[0], prctl[1], prctl[2] | _SETTING_UP)}
    body: list[Instruction] = []
    for numbers in (*CALLS.values(), _CAPSET, _RECVMSG, _SETPRIORITY):
        body += _on(numbers[place], [_ALLOWED])
    for numbers, argument, values in by_argument.values():
        body += _on(numbers[place], _one_of(argument, values))
    body += _on(_MOUNT[place], _one_of(3, frozenset({_TMP_FLAGS})))
    body += _on(_CLONE[place], [*_equals(0, _JAILS_FIRST, [_ALLOWED]), *_without_namespaces()])
    body += _on(_CLONE3[place], [_refusal(_ENOSYS)])
    return _assembled(word, [*body, _refusal(_EPERM)])


def of_jail(machine: str) -> bytes:
    """Return what a jail adds to it."""
    word, place = _MACHINES[machine]
    body: list[Instruction] = []
    for call in (_MOUNT, _CAPSET, _RECVMSG, _SETPRIORITY):
        body += _on(call[place], [_refusal(_EPERM)])
    set_flags = [(_LOAD, 0, 0, _ARGUMENTS_AT + 16), (_JUMP_BITS, 0, 1, _FLAGS[place]), _refusal(_EPERM), _ALLOWED]
    body += _on(_FCNTL[place], [*_equals(1, _SET_FLAGS, set_flags), *_one_of(1, _COMMANDS)])
    prctl = BY_ARGUMENT["prctl"]
    body += _on(prctl[0][place], _one_of(*prctl[1:]))
    body += _on(_CLONE[place], [*_equals(0, _THREAD, [_ALLOWED]), _refusal(_EPERM)])
    for call, argument in _KILLS:
        body += _on(call[place], [*_equals(argument, _SIGKILL, [(_RETURN, 0, 0, _KILL)]), _ALLOWED])
    return _assembled(word, [*body, _ALLOWED])


def _assembled(word: int, body: list[Instruction]) -> bytes:
    """Return a program: other machines' calls end the process, x32's are refused, then `body`."""
    head = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_JUMP_EQUAL, 1, 0, word),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_LEAST, 0, 1, _X32_BIT),
        _refusal(_EPERM),
    ]
    return b"".join(_INSTRUCTION.pack(*each) for each in (*head, *body))


def _on(number: int | None, then: list[Instruction]) -> list[Instruction]:
    """Return what is done on one call, all of which ends in a verdict; nothing where the machine has no such call."""
    return [] if number is None else [(_JUMP_EQUAL, 0, len(then), number), *then]


def _one_of(argument: int, values: frozenset[int]) -> list[Instruction]:
    """Return what lets those values of 64 bits through, and no other."""
    at = _ARGUMENTS_AT + 8 * argument
    checks = [(_LOAD, 0, 0, at + 4), (_JUMP_EQUAL, 1, 0, 0), _refusal(_EPERM), (_LOAD, 0, 0, at)]
    for value in sorted(values):
        checks += [(_JUMP_EQUAL, 0, 1, value), _ALLOWED]
    return [*checks, _refusal(_EPERM)]


def _equals(argument: int, value: int, then: list[Instruction]) -> list[Instruction]:
    """Return what is done where the lower half of an argument is `value`; it goes on where it is not."""
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument), (_JUMP_EQUAL, 0, len(then), value), *then]


def _without_namespaces() -> list[Instruction]:
    """Return what lets `clone` through where it makes no namespace."""
    return [(_LOAD, 0, 0, _ARGUMENTS_AT), (_JUMP_BITS, 1, 0, _NAMESPACES), _ALLOWED, _refusal(_EPERM)]


def _refusal(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERROR | number)


_ALLOWED: Instruction = (_RETURN, 0, 0, _ALLOW)
