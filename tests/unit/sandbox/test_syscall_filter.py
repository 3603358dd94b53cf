"""The filters of jails, evaluated as the kernel evaluates them: what is let through, and that it is less."""

import json
import struct
from pathlib import Path

import pytest
from sandbox import syscall_filter
from tests.support.kernel_surface import ALLOWED_ARGUMENTS, CALLS, NAMESPACE_FLAGS

PROFILE = json.loads(Path(syscall_filter.__file__).with_name("seccomp.json").read_text())
MACHINE = 0xC000003E
ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x80000000
#: What a container lets through, and a jail does not: processes, and one's own dumpable flag and parent's death.
PROCESSES = {"vfork", "execve", "setsid", "setpgid"}
FORK, THREAD = 0x01200011, 0x003D0F00
CLONE3, FCNTL = 435, 72


def verdict(program: bytes, number: int, *arguments: int, machine: int = MACHINE) -> int:
    """Run a filter on one call."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, machine, 0, *words)
    code = list(struct.iter_unpack("<HBBI", program))
    at, held = 0, 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        if operation == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif operation == 0x06:
            return int(value)
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[operation]
            at += yes if holds else no


def of_both(number: int, *arguments: int, machine: int = MACHINE) -> int:
    """Return the strictest verdict of a jail's two filters, as the kernel takes it."""
    programs = (syscall_filter.of_template("x86_64"), syscall_filter.of_jail("x86_64"))
    verdicts = [verdict(program, number, *arguments, machine=machine) for program in programs]
    order = (KILL, EPERM, ENOSYS, ALLOW)
    return min(verdicts, key=order.index)


def test_what_a_jail_may_call_a_container_may() -> None:
    """By name, and by number as the list of the kernel's surface has them; no process among it."""
    for name, numbers in syscall_filter.CALLS.items():
        assert CALLS[name] == numbers[0], name
    by_argument = {name: (place, values) for name, (_, place, values) in syscall_filter.BY_ARGUMENT.items()}
    for name, (place, values) in by_argument.items():
        assert ALLOWED_ARGUMENTS[name][0] == place
        assert values <= ALLOWED_ARGUMENTS[name][1]
    assert set(syscall_filter.CALLS) | set(by_argument) | {"clone"} == set(CALLS) - PROCESSES
    names = {name for group in PROFILE["syscalls"] for name in group["names"]}
    assert set(syscall_filter.CALLS) <= names


def test_a_call_that_is_not_on_the_list_is_refused() -> None:
    """Each by its number, whatever its arguments."""
    allowed = {numbers[0] for numbers in syscall_filter.CALLS.values()}
    for number in range(600):
        wanted = ALLOW if number in allowed - {FCNTL} else ENOSYS if number == CLONE3 else EPERM
        assert of_both(number, *[2**64 - 1] * 6) == wanted, number


@pytest.mark.parametrize("number", [0, 39, 56, 435, 2**30 - 1])
def test_another_way_in_is_refused(number: int) -> None:
    """x32's numbers, and the calls of another machine."""
    assert of_both(0x40000000 | number) == EPERM
    assert of_both(number, machine=0x40000003) == KILL


def test_threads_can_be_made_and_nothing_else_by_clone() -> None:
    """Nor a thread in namespaces of its own; what makes the jail itself is the template's alone."""
    clone = CALLS["clone"]
    assert of_both(clone, THREAD) == ALLOW
    for bit in range(32):  # one that shares less has descriptors of its own
        assert of_both(clone, THREAD ^ 1 << bit) == EPERM
    assert of_both(clone, FORK) == EPERM
    assert of_both(clone, 0x7C020011) == EPERM
    assert verdict(syscall_filter.of_template("x86_64"), clone, 0x7C020011) == ALLOW
    assert verdict(syscall_filter.of_template("x86_64"), clone, FORK) == ALLOW
    for bit in range(32):
        if NAMESPACE_FLAGS >> bit & 1:
            assert of_both(clone, THREAD | 1 << bit) == EPERM
            assert verdict(syscall_filter.of_template("x86_64"), clone, FORK | 1 << bit) == EPERM


def test_arguments_are_compared_in_full() -> None:
    """A value that is right in its lower half alone is another."""
    prctl = CALLS["prctl"]
    assert of_both(prctl, 15) == ALLOW
    assert of_both(prctl, 1 << 32 | 15) == EPERM
    for option in (1, 4, 22, 38, 47):
        assert of_both(prctl, option) == EPERM
    for option in (1, 4, 22):
        assert verdict(syscall_filter.of_template("x86_64"), prctl, option) == ALLOW


def test_what_makes_jails_ends_with_the_template() -> None:
    """Mounts, capabilities, descriptors from others."""
    template = syscall_filter.of_template("x86_64")
    for number, arguments in ((165, (0, 0, 0, 14)), (126, ()), (47, ())):
        assert verdict(template, number, *arguments) == ALLOW
        assert of_both(number, *arguments) == EPERM
    assert verdict(template, 165, 0, 0, 0, 4096) == EPERM


@pytest.mark.parametrize(("call", "place"), [("kill", 1), ("tkill", 1), ("tgkill", 2)])
def test_who_kills_itself_dies(call: str, place: int) -> None:
    """The kernel would ignore it of the first process of a namespace."""
    for number, expected in ((9, KILL), (15, ALLOW), (0, ALLOW)):
        arguments = [1, 1, 1]
        arguments[place] = number
        assert of_both(CALLS[call], *arguments) == expected


def test_the_other_machine_has_the_same_calls() -> None:
    """Where it has them: those that it lacks have newer forms that are on the list."""
    lacking = {name for name, numbers in syscall_filter.CALLS.items() if numbers[1] is None}
    newer = {"openat", "newfstatat", "faccessat", "mkdirat", "unlinkat", "renameat", "linkat", "symlinkat", "fchmodat",
             "readlinkat", "pipe2", "dup3", "ppoll", "pselect6", "epoll_pwait"}  # fmt: skip
    assert newer.isdisjoint(lacking)
    assert len(syscall_filter.of_template("aarch64")) < len(syscall_filter.of_template("x86_64"))
    numbers = [numbers[1] for numbers in syscall_filter.CALLS.values() if numbers[1] is not None]
    assert len(numbers) == len(set(numbers))


def test_commands_of_fcntl_are_descriptors_flags_and_locks() -> None:
    """No signals, no leases, no larger pipes; and no flag that makes a message of each write."""
    allowed = {command for command in range(1100) if of_both(FCNTL, 1, command) == ALLOW}
    assert allowed == {0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032}
    assert of_both(FCNTL, 1, 1 << 32 | 3) == EPERM
    for flag, wanted in ((0x800, ALLOW), (0x400, ALLOW), (0x4000, EPERM), (0x2000, EPERM), (0x4800, EPERM)):
        assert of_both(FCNTL, 1, 4, flag) == wanted
