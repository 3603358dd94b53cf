"""Times: whole milliseconds since the epoch inside, ISO 8601 UTC with milliseconds and `Z` outside."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Milliseconds since the epoch; the clock that every process of an installation shares."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """Write a time as `2026-04-28T07:13:23.915Z`."""
    moment = datetime.fromtimestamp(ms / 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def iso_or_none(ms: int | None) -> str | None:
    """Write a time, where there is one."""
    return None if ms is None else iso(ms)
