"""What the processes of a `midcall up` cost the processor."""

from collections import defaultdict
from collections.abc import Mapping

import psutil

#: Words of a command line -> the part of midcall that it is.
PARTS = {"redis-server": "redis", " pool": "pool", " worker": "workers", " api": "api", " up ": "up"}


def busy_ms(pid: int) -> Mapping[str, float]:
    """Return the milliseconds of processor time so far, of `midcall up` and each of its parts."""
    spent: defaultdict[str, float] = defaultdict(float)
    top = psutil.Process(pid)
    for process in (top, *top.children(recursive=True)):
        try:
            times, line = process.cpu_times(), f" {' '.join(process.cmdline())} "
        except psutil.NoSuchProcess:
            continue
        # Whatever else it starts is none of a call's.
        part = next((name for word, name in PARTS.items() if word in line), "up")
        spent[part] += 1000 * (times.user + times.system)
    return spent
