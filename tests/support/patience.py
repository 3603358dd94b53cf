"""How long tests wait for what has to come about: long, since a slow machine is no fault of what is tested.

A test waits short only where the end of a time is what it expects; `tests/unit/support/test_haste.py` holds that.
"""

import os
import time
from collections.abc import Callable

#: Multiplies all of the below, for machines that are slower still.
FACTOR = float(os.environ.get("MIDCALL_TEST_PATIENCE", "1"))
#: Seconds that code and requests of a test have where it is not their running out of time that is tested.
DEADLINE_S = 30 * FACTOR
DEADLINE_MS = round(DEADLINE_S * 1000)
#: Seconds until what a test waits for has come about: a boot, a restart, an outcome in a row.
PATIENCE_S = 60 * FACTOR
#: Seconds until a client gives up on an answer: longer than whatever the server itself may wait for.
CLIENT_S = 180 * FACTOR


def wait_for(condition: Callable[[], bool], within_s: float = PATIENCE_S, every_s: float = 0.02) -> bool:
    """Poll a condition; returns whether it came true in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every_s)
    return condition()
