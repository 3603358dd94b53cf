"""Which operations the entries of `code.actions` enable."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from midcall.connectors import CONNECTORS, operations
from midcall.domain.action import enabled_actions

_MOST_CLOSE = 3


def operations_enabled(entries: Iterable[str | Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the whole names of the operations that `code.actions` enables: `airtable` is all of Airtable's.

    An entry that this release knows nothing of enables nothing: versions outlive the release that stored them.
    """
    enabled = enabled_actions(entries)
    return tuple(name for name in operations() if any(entry.covers(name) for entry in enabled))


def known_names() -> tuple[str, ...]:
    """Return every name that may stand in `code.actions`: the groups, then their operations."""
    return (*CONNECTORS, *operations())


def closest(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that a misspelled one may have meant, the likeliest first."""
    known = tuple(names)
    return tuple(difflib.get_close_matches(name[:200], known, n=_MOST_CLOSE, cutoff=0.5))
