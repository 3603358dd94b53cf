"""What of the kernel can be reached from inside a real sandbox, counted and compared with the list."""

import errno
import platform
import signal
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.kernel_surface import ALLOWED_ARGUMENTS, CALLS, COUNT, EXEMPT, NAMESPACE_FLAGS
from tests.support.patience import DEADLINE_MS

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")

#: Every number there is, some that are not yet, and the edges.
NATIVE = [*range(512), 600, 1000, 4096, 0x3FFFFFFF, 0x7FFFFFFF]
#: The x32 way in: the same calls with this bit, and a few of its own (512-547).
X32_BIT = 0x40000000
X32 = [X32_BIT + number for number in (*range(0, 480, 12), *range(512, 548, 3))]
FAMILIES = range(48)
KINDS = [*range(12), 1 | 0o2000000, 1 | 0o4000]
#: Operations of prctl, Yama's and that of named memory among them.
OPERATIONS = [*range(90), 0x59616D61, 0x53564D41, (1 << 32) + 4]
#: Requests of terminals, files, sockets and block devices, and typing into one's terminal (0x5412) above all.
REQUESTS = [*range(0x5400, 0x5480), *range(0x8900, 0x8960), 0x6601, 0x6602, 0x1260, 0x1272, 0xC0045877, 0x4B3A, 0x541C]

#: Each call in a process of its own, since some end or stop it. Arguments that no call accepts: what gets past the
#: filter does no harm, and fails in another way than the filter does.
SWEEP = """
import ctypes, mmap, os, signal

LIBC = ctypes.CDLL(None, use_errno=True)
NEVER = (-1,) * 6
#: With -1, these are told ENOSYS or EPERM by the kernel itself, or are refused by their arguments.
BETTER = {16: (-1, 0x5401), 53: (1, 1, 0, -1), 56: (0x800, 0, 0, 0, 0), 157: (3, 0, 0, 0, 0), 202: (-4, 1, 1),
          302: (0, -1, -1, -1)}

def call(number, *arguments):
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) for word in (number, *arguments)]
    return ctypes.get_errno() if LIBC.syscall(*words) == -1 else 0

def apart(do):
    child = os.fork()
    if child == 0:
        signal.alarm(1)
        os._exit(do() & 0xFF)
    status = os.waitpid(child, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

def by_machine_code(code):
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return apart(lambda: 0 if function() >= 0 else 255)

def handler(session):
    wanted = session["params"]
    pair = ctypes.addressof(ctypes.create_string_buffer(8))
    return {
        "calls": [apart(lambda: call(n, *BETTER.get(n, NEVER))) for n in wanted["numbers"]],
        "sockets": [call(41, family, kind, 0) for family in wanted["families"] for kind in wanted["kinds"]],
        "pairs": [[call(53, family, kind, 0, pair) for kind in wanted["kinds"]] for family in wanted["families"]],
        "prctl": [call(157, operation, 0, 0, 0, 0) for operation in wanted["operations"]],
        "ioctl": [call(16, -1, request, 0) for request in wanted["requests"]],
        "prlimit": [call(302, pid, -1, 0, 0) for pid in (0, 1, os.getpid(), -1)],
        "clone": [call(56, (1 << bit) | 0x800, 0, 0, 0, 0) for bit in wanted["bits"]],
        # mov eax, 20 (getpid); int 0x80; ret: a 32-bit call. Then the same the native way: the control.
        "in_32_bits": by_machine_code(bytes.fromhex("b814000000cd80c3")),
        "in_64_bits": by_machine_code(bytes.fromhex("b8270000000f05c3")),
    }
"""


@pytest.fixture(scope="module")
def swept(pool: Serving) -> Any:
    """Try everything from inside, once."""
    params = {
        "numbers": [*NATIVE, *X32],
        "families": list(FAMILIES),
        "kinds": KINDS,
        "operations": OPERATIONS,
        "requests": REQUESTS,
        "bits": [bit for bit in range(32) if 1 << bit & NAMESPACE_FLAGS],
    }
    report = pool.run(SWEEP, ms=2 * DEADLINE_MS, session={"params": params})
    assert report.error is None, report
    return report.result


def is_refused(answer: int) -> bool:
    """Tell whether a call ended in the filter: EPERM, no such call, or killed for another machine's numbers."""
    return answer in (errno.EPERM, errno.ENOSYS, -signal.SIGSYS)


def test_the_calls_that_reach_the_kernel_are_those_of_the_list(swept: Any) -> None:
    """By name, none more and none less; what the kernel exempts itself comes on top."""
    answers = dict(zip(NATIVE, swept["calls"], strict=False))
    reached = {number for number, answer in answers.items() if not is_refused(answer)}
    assert reached - set(EXEMPT.values()) == set(CALLS.values())
    assert len(reached - set(EXEMPT.values())) == COUNT
    for number in reached & set(EXEMPT.values()):
        assert answers[number] in (-signal.SIGILL, errno.ENXIO)


def test_no_other_way_into_the_kernel_is_open(swept: Any) -> None:
    """Neither x32 numbers nor 32-bit calls: whoever makes one is killed."""
    assert set(swept["calls"][len(NATIVE) :]) == {-signal.SIGSYS}
    assert swept["in_32_bits"] == -signal.SIGSYS
    assert swept["in_64_bits"] == 0


def test_no_family_of_sockets_can_be_reached(swept: Any) -> None:
    """None of 48 families in any kind; a pair is of AF_UNIX or not at all."""
    assert len(swept["sockets"]) == len(FAMILIES) * len(KINDS)
    assert set(swept["sockets"]) == {errno.EPERM}
    reached = {family for family, kinds in zip(FAMILIES, swept["pairs"], strict=True) if set(kinds) != {errno.EPERM}}
    assert reached == ALLOWED_ARGUMENTS["socketpair"][1]


def test_arguments_that_are_not_listed_are_refused(swept: Any) -> None:
    """Operations of prctl, requests of ioctl, limits of another process, namespaces."""
    for name, tried in (("prctl", OPERATIONS), ("ioctl", REQUESTS)):
        reached = {value for value, answer in zip(tried, swept[name], strict=True) if answer != errno.EPERM}
        assert reached == ALLOWED_ARGUMENTS[name][1]
    assert [answer != errno.EPERM for answer in swept["prlimit"]] == [True, False, False, False]
    assert swept["clone"] == [errno.EPERM] * 8
