"""How many rows are read: none of SQLAlchemy's events tells what a query fetches, so fetching itself is watched."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.engine.cursor import CursorFetchStrategy


@contextmanager
def rows_read() -> Iterator[Counter[str]]:
    """Count the rows that are fetched within the block, by each execution of a statement, in all threads."""
    seen: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fetchone", "fetchmany", "fetchall"):
            patch.setattr(CursorFetchStrategy, name, _counting(getattr(CursorFetchStrategy, name), seen))
        yield seen


def _counting(fetch: Any, seen: Counter[str]) -> Any:
    def counted(self: Any, result: Any, *args: Any, **more: Any) -> Any:
        found = fetch(self, result, *args, **more)
        rows = found if isinstance(found, list) else [] if found is None else [found]
        seen[f"{id(result.context)} {result.context.statement}"] += len(rows)
        return found

    return counted
