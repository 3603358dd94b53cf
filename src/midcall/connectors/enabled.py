"""Which operations the entries of `code.actions` enable."""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from midcall.connectors import CONNECTORS, operations
from midcall.domain.action import enabled_actions

_MOST_CLOSE = 3
#: Characters of a name that are compared with others.
_LONGEST = 60
#: Words of JSON Schema that describe and decide nothing.
_REMARKS = frozenset({"title", "description", "examples"})
#: Words of JSON Schema whose keys are names of our own.
_NAMED = frozenset({"properties", "$defs"})


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
    return tuple(difflib.get_close_matches(name[:_LONGEST], known, n=_MOST_CLOSE, cutoff=0.5))


def fingerprint() -> str:
    """Return a text that changes when an operation's name, options or credentials do, and with no mere remark."""
    found = {
        name: {
            "options": _decisive(operation.options.model_json_schema()),
            "positional": operation.positional,
            "credentials": sorted(operation.credentials or connector.credentials),
            "needs_credential": connector.needs_credential,
            "anywhere": connector.anywhere,
        }
        for name, (connector, operation) in operations().items()
    }
    return json.dumps(found, sort_keys=True, default=str)


def _decisive(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            word: {name: _decisive(each) for name, each in value.items()} if word in _NAMED else _decisive(value)
            for word, value in schema.items()
            if word not in _REMARKS
        }
    return [_decisive(each) for each in schema] if isinstance(schema, list) else schema
