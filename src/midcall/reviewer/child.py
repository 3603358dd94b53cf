"""The process in which reviews happen: reads requests, writes answers, holds nothing worth taking.

Started by `midcall.reviewer.process` with `python -I -S`; its first frame says what may be imported. It ends when its
input ends or its parent is gone.
"""

import gc
import os
import resource
import signal
import sys
from types import FrameType

from midcall.domain.review import Subject
from midcall.review import policy_version, review
from midcall.review.allowlist import loads, packaged
from midcall.reviewer.frames import HEADER, READY, pack, pack_answer, read_subject

#: Address space: the interpreter takes about 40 MiB, the largest source that is parsed about 60 more.
MEMORY = 512 * 1024 * 1024
#: CPU seconds for one review. Wall time would refuse good sources on a busy machine.
CPU_SECONDS = 1.4
#: CPU seconds (whole ones) after which the kernel's own limit strikes, should the timer have been missed.
CPU_BACKSTOP = 4
#: How often the child looks whether its parent still lives, in seconds.
PARENT_CHECK = 1.0

#: Touches every rule once, so that nothing is left to load when the doors are shut.
_WARM_UP = """
import re
from json import loads
TEMPLATE = "{name}"
def handler(session, actions):
    try:
        found = re.match(r"^a+$", session["params"]["x"])
        actions.http.get(f"https://example.com/{found}", heeders={}, credential="a")
        actions.http.send_request({"url": "https://example.org", "method": 5})
        return [undefined, TEMPLATE.format(name=1), loads("1"), found, 2 ** 3, "ü"]
    except ValueError:
        return None
"""


def main() -> None:
    """Serve reviews on the standard streams until they end."""
    _watch_parent()
    told = _read()
    if told is None:
        return
    allowed = loads(told.decode("ascii"))
    packaged()  # read now: rules ask what of `allowed` an operator added, and no file can be opened later
    policy = policy_version(allowed)
    review(Subject(_WARM_UP, actions=("http",), egress=("example.com",), credentials={}), allowed=allowed)
    # A tree of a large source makes the collector run dozens of times for nothing; it runs after the answer instead.
    gc.collect()
    gc.freeze()
    gc.disable()
    _shut_in()
    _write(pack(READY))
    while (payload := _read()) is not None:
        _grant_cpu()
        answer = pack_answer(policy, review(read_subject(payload), allowed=allowed))
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answer)
        gc.collect()


def _watch_parent() -> None:
    """End with the parent, even in the middle of a review.

    PR_SET_PDEATHSIG would follow the *thread* that started the child, and servers' worker threads come and go.
    """
    parent = os.getppid()

    def look(_signal: int, _frame: FrameType | None) -> None:
        if os.getppid() != parent:
            os._exit(0)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, PARENT_CHECK, PARENT_CHECK)


def _shut_in() -> None:
    """Take away what a review does not need: files, cores, children, more memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # Descriptors 0 to 2 are open; no more can be had.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def _grant_cpu() -> None:
    """Allow the next review its CPU time; the signal at its end is left to kill the process."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    # This limit counts over the life of the process, so it moves on with each review.
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_BACKSTOP, resource.RLIM_INFINITY))


def _read() -> bytes | None:
    header = _read_exactly(HEADER.size)
    return _read_exactly(HEADER.unpack(header)[0]) if header is not None else None


def _read_exactly(size: int) -> bytes | None:
    data = sys.stdin.buffer.read(size)
    return data if len(data) == size else None


def _write(frame: bytes) -> None:
    sys.stdout.buffer.write(frame)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
