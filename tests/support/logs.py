"""What the product logs in a process of tests: one line an event, on whatever standard output is by then."""

import sys
from typing import TextIO, cast

import structlog


class Output:
    """Standard output as it is at each write, held until that is done; one that was closed meanwhile is forgiven.

    Threads of pools, workers and apis log while pytest puts another stream in place of `sys.stdout` and drops the last
    one. A `print()` that is given no file borrows its reference to `sys.stdout` (python/cpython#130163, in 3.11 for
    good), and so writes to memory that has been freed: that has ended test processes with a segmentation fault.
    """

    def write(self, text: str) -> int:
        """Write to what is standard output now."""
        out = sys.stdout
        try:
            return out.write(text)
        except ValueError:  # closed: its test is over, and nobody reads what is left
            return len(text)

    def flush(self) -> None:
        """Flush what is standard output now."""
        out = sys.stdout
        try:
            out.flush()
        except ValueError:
            return


#: Where the logs of tests go, whichever test runs.
_FACTORY = structlog.PrintLoggerFactory(cast("TextIO", Output()))  # noqa: TID251 (not to a bare standard output)


def set_up_logs() -> None:
    """Log to an output of the tests' own; with plain tracebacks, since the pretty ones write out all locals."""
    structlog.configure(  # noqa: TID251 (the one place for all tests)
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S.%f", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        logger_factory=_FACTORY,
        cache_logger_on_first_use=False,
    )


def logs_as_set_up() -> bool:
    """Tell whether structlog still writes where `set_up_logs` said."""
    return structlog.get_config()["logger_factory"] is _FACTORY
