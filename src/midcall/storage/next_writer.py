"""Which process is the next to write to a SQLite file: by turns, where SQLite has them meet by chance."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

#: Seconds between two looks whether another process still writes: less than a transaction takes.
NAP_S = 0.0005
#: Seconds that a writer waits to be the next one. Longer it is only kept from it by a process that stands still.
IN_LINE_S = 0.5


class NextWriter:
    """The processes that want to write to one database file: one of them is next, and nobody gets in before it.

    SQLite lets in whoever asks at the right moment. That is the process which has just written and writes again, time
    after time, while others look now and then; here it can only ask once the next one has begun. The kernel takes the
    lock back from a process that dies with it.
    """

    def __init__(self, database: str | None) -> None:
        self._path = f"{database}-line" if database and database != ":memory:" else None

    @cached_property
    def _file(self) -> int | None:
        if self._path is None:
            return None
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # a folder that cannot be written to: then as SQLite has it
            return None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the next one, as soon as nobody else is."""
        file = self._file
        if file is None or not self._taken(file):
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _taken(self, file: int) -> bool:
        give_up_at = time.monotonic() + IN_LINE_S
        while time.monotonic() < give_up_at:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(NAP_S)
            except OSError:  # a file system without such locks: then as SQLite has it
                return False
            else:
                return True
        return False

    def close(self) -> None:
        """Close the file."""
        file = self.__dict__.pop("_file", None)
        if file is not None:
            os.close(file)
