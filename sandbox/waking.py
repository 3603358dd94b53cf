"""How a process that waits for descriptors hears that a child of it has died."""

import os
import signal


def wake_on_child_death() -> int:
    """Return a descriptor that becomes readable when a child has died."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return read
