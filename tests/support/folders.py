"""What lasts as long as a process's tests of one folder: pytest has no such scope for folders that are no packages.

Kept to the end of a run it would slow all that follows: a served app looks for work every second, a pool has sandboxes.
"""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
_OPEN = pytest.StashKey[tuple[ExitStack, dict[Hashable, Any]]]()


def once_in_folder(
    request: pytest.FixtureRequest, key: Hashable, opening: Callable[[], AbstractContextManager[T]]
) -> T:
    """Return what was opened under this key for the folder of a module's fixture, opening it where nothing was.

    It is closed after the last test of the folder that this process runs, the last opened first. It may use what lasts
    for the whole session.
    """
    folder = request.node.getparent(pytest.Dir)
    assert folder is not None, "ask for this in a fixture of a module or of a test"
    if _OPEN not in folder.stash:
        folder.stash[_OPEN] = ExitStack(), {}

        def close() -> None:
            stack, _ = folder.stash[_OPEN]
            del folder.stash[_OPEN]
            stack.close()

        folder.addfinalizer(close)
    stack, values = folder.stash[_OPEN]
    if key not in values:
        values[key] = stack.enter_context(opening())
    found: T = values[key]
    return found
