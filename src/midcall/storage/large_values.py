"""Large values of a row stand apart from it.

SQLite writes a row whole when one of its columns changes, and reads through a large column to reach those behind it:
renewing the lease of a call would write its megabyte again. So a row holds a mark in the place of a large value.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_

from midcall.storage.schema import APART, MOST_INLINE, EncodedJson, large_values, read_json, write_json

#: Characters of JSON of a variable that stands with the others.
INLINE_VARIABLE = 256

_INSERT = "INSERT INTO large_values (owner, name, value) VALUES (:owner, :name, :value) ON CONFLICT (owner, name) DO"
_REPLACE = text(f"{_INSERT} UPDATE SET value = excluded.value")
_ONCE = text(f"{_INSERT} NOTHING")
_FIND = select(large_values.c.owner, large_values.c.name, large_values.c.value).where(
    tuple_(large_values.c.owner, large_values.c.name).in_(bindparam("p_wanted", expanding=True))
)


class LargeValueKey(NamedTuple):
    """Where a large value stands: the id of the row that it belongs to, and a name."""

    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class SplitValues:
    """Values for columns, and those that stand apart."""

    columns: dict[str, Any]
    apart: list[dict[str, str]]


def split(owner: str, columns: Mapping[str, Any]) -> SplitValues:
    """Write values as JSON; the large ones of them are to stand apart, under the names of their columns."""
    found = SplitValues({}, [])
    for name, value in columns.items():
        written = None if value is None else write_json(value)
        if written is None or len(written) <= MOST_INLINE:
            found.columns[name] = None if written is None else EncodedJson(written)
        else:
            found.columns[name] = APART
            found.apart.append({"owner": owner, "name": name, "value": written})
    return found


def split_variables(owner: str, variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], SplitValues]:
    """Return the small ones of variables, the names under which the large ones stand apart, and these.

    A name tells what it stands for, so that a value is stored once, however many rows tell of it.
    """
    small: dict[str, Any] = {}
    named: dict[str, str] = {}
    found = SplitValues({}, [])
    for variable, value in variables.items():
        written = write_json(value)
        if len(written) <= INLINE_VARIABLE:
            small[variable] = value
            continue
        named[variable] = f"variable:{hashlib.sha256(written.encode('ascii')).hexdigest()[:40]}"
        found.apart.append({"owner": owner, "name": named[variable], "value": written})
    return small, named, found


def put(connection: Connection, apart: Sequence[Mapping[str, str]], *, once: bool = False) -> None:
    """Store values apart, in place of what stood there; `once`: what stands there is the same."""
    if apart:
        connection.execute(_ONCE if once else _REPLACE, list(apart))


def whole(connection: Connection, wanted: Collection[LargeValueKey]) -> Mapping[LargeValueKey, Any]:
    """Read values that stand apart; no statement where there are none."""
    if not wanted:
        return {}
    rows = connection.execute(_FIND, {"p_wanted": [tuple(place) for place in wanted]})
    return {LargeValueKey(row.owner, row.name): read_json(row.value) for row in rows}


def drop(connection: Connection, owners: Any) -> None:
    """Delete whatever stands apart of some rows; `owners` is a query, or their ids."""
    connection.execute(delete(large_values).where(large_values.c.owner.in_(owners)))


def marked(owner: str, columns: Mapping[str, Any], names: Iterable[str]) -> list[LargeValueKey]:
    """Return the places of the columns that hold a mark."""
    return [LargeValueKey(owner, name) for name in names if columns[name] is APART]
