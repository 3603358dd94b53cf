"""How the interpreter of a process is set, once all of it is wired."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects until the collector looks at them. Python's 700 are made for small programs: a JSON text of a megabyte
#: makes hundreds of thousands, and the collector took ten times as long over them as the parser.
NEW_OBJECTS = 50_000


@contextmanager
def loading() -> Iterator[None]:
    """Keep the collector away while modules are loaded, or an app is made: all of it stays.

    It took a fifth of the time over the modules of an api.
    """
    worked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if worked:
            gc.enable()


def tune_interpreter(*, switch_s: float | None = None) -> None:
    """Keep the collector away from what stays as long as the process, and from each few objects of a call.

    `switch_s`: seconds after which a thread gives way to another; None leaves Python's own.
    """
    if switch_s is not None:
        sys.setswitchinterval(switch_s)
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
