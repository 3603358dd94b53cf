"""When a failed attempt is tried again inside its one deadline."""

import re
from email.utils import parsedate_to_datetime

FIRST_DELAY_MS = 100
LONGEST_DELAY_MS = 5_000
_SECONDS = re.compile(r"[0-9]{1,9}")


def delay_ms(attempt: int) -> int:
    """Wait before the attempt after number `attempt` (from 1): 100 ms, doubled each time, 5 s at most."""
    return min(FIRST_DELAY_MS << (attempt - 1), LONGEST_DELAY_MS)


def retry_after_ms(header: str | None, *, now: int) -> int:
    """Read Retry-After (RFC 9110: seconds, or a date) as milliseconds from `now`; 0 where there is none."""
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return int(text) * 1000
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() * 1000) - now)
    except (ValueError, OverflowError, IndexError, TypeError):
        return 0
