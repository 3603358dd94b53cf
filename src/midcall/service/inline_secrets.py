"""Literal values of a webhook's headers, query and auth: kept encrypted, written once, never shown again.

In a stored document such a value is MASK followed by the id of a secret. What is shown is MASK alone, and whoever sends
MASK back keeps the value; so nobody can name the secret of another function, nor send what looks like a reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.parameters import MASK

#: Fields of `auth` that are somebody's name or secret; the rest says how and where they are used.
AUTH_VALUES = frozenset({"token", "username", "password", "value", "client_id", "client_secret"})

_MARK = "{{"


def shown(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's document as it may be shown."""
    return _changed(config, lambda _loc, value: MASK if value.startswith(MASK) else value)


def kept(config: Mapping[str, Any], keep: Callable[[str, str], str]) -> dict[str, Any]:
    """Return a document whose literal values are references; `keep(value, loc)` stores one and returns its id."""

    def change(loc: str, value: str) -> str:
        literal = value and _MARK not in value and not value.startswith(MASK)
        return MASK + keep(value, loc) if literal else value

    return _changed(config, change)


def references(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the values of a stored document that are kept as secrets: the path of each, and the secret's id."""
    return ((loc, value.removeprefix(MASK)) for loc, value in _values(config) if value.startswith(MASK))


def revealed(config: Mapping[str, Any], reveal: Callable[[str, str], str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a document with its literal values, and these values by themselves; `reveal(id, loc)` reads one."""
    values: list[str] = []

    def change(loc: str, value: str) -> str:
        if not value.startswith(MASK):
            return value
        values.append(reveal(value.removeprefix(MASK), loc))
        return values[-1]

    return _changed(config, change), tuple(values)


def restored(document: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Put the references of `base` back where a document has MASK in their place.

    Raises InvalidInput where nothing is kept under that name, and for anything else that begins like a mask.
    """
    before = {loc: value for loc, value in _values(base) if value.startswith(MASK)}
    faults = []

    def change(loc: str, value: str) -> str:
        if not value.startswith(MASK) or value == before.get(loc):
            return value
        if value == MASK and loc in before:
            return before[loc]
        faults.append(Fault(loc, f"{MASK} keeps a value, but none is kept under this name; send the value itself"))
        return value

    changed = _changed(document, change)
    if faults:
        raise InvalidInput(faults=faults)
    return changed


def _values(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def look(loc: str, value: str) -> str:
        found.append((loc, value))
        return value

    _changed(config, look)
    return iter(found)


def _changed(config: Mapping[str, Any], change: Callable[[str, str], str]) -> dict[str, Any]:
    """Copy a document with every value of its webhook's headers, query and auth changed; tolerates any shape."""
    webhook = config.get("webhook")
    if not isinstance(webhook, Mapping):
        return dict(config)
    changed = dict(webhook)
    for part in ("headers", "query", "auth"):
        given = webhook.get(part)
        if isinstance(given, Mapping):
            changed[part] = {
                name: change(f"webhook.{part}.{name}", value)
                if isinstance(value, str) and (part != "auth" or name in AUTH_VALUES)
                else value
                for name, value in given.items()
            }
    return {**config, "webhook": changed}
