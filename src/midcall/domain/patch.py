"""The changes between two JSON documents, as a JSON Merge Patch (RFC 7396)."""

from collections.abc import Mapping
from typing import Any


def patch_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that makes `after` of `before`; empty if they are the same.

    A null in `after` is left out, since a patch says by null that something is to go: see `unsayable`.
    """
    patch: dict[str, Any] = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if name in before and name in after and same(old, new):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            patch[name] = patch_between(old, new)
        else:
            patch[name] = new
    return patch


def unsayable(patch: Mapping[str, Any], document: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the paths of nulls inside objects of a patch that are meant as nulls, so that no patch can say them.

    At the top level null and no value at all mean the same to whoever reads a function.
    """
    found: list[str] = []
    for name, value in patch.items():
        # Of a long name the beginning: all paths below it have it.
        where = f"{path}.{name:.80}" if path else name[:80]
        inner = document.get(name)
        if isinstance(value, Mapping) and isinstance(inner, Mapping):
            found += unsayable(value, inner, where)
        elif value is None and path and name in document:
            found.append(where)
    return found


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
