"""When a failed attempt is tried again inside its one deadline."""

from midcall.domain.run import RunStatus

#: Ends that another attempt may mend. A timeout has used up the deadline; too large a result stays too large.
RETRIED_STATUSES = frozenset({RunStatus.ERROR, RunStatus.CRASHED, RunStatus.MEMORY})

FIRST_DELAY_MS = 100
LONGEST_DELAY_MS = 5_000


def delay_ms(attempt: int) -> int:
    """Wait before the attempt after number `attempt` (from 1): 100 ms, doubled each time, 5 s at most."""
    return min(FIRST_DELAY_MS << (attempt - 1), LONGEST_DELAY_MS)
