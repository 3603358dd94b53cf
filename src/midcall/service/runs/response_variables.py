"""Response variables: names that a function sets from paths in its result.

A path is RFC 9535 JSONPath (`$.data[0].id`) or the dotted form that Retell and others use (`data.0.id`, `data[0].id`).
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from jsonpath import JSONPath, JSONPathError

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.jsonvalue import NotJson, parse_text
from midcall.domain.made_once import made_once
from midcall.domain.variables import MAX_VARIABLES_BYTES
from midcall.service.runs.json_path import compiled, found, query_in_filter

MAX_PATH_CHARS = 256
#: Values that one path may collect.
MAX_VALUES = 1_000
#: Steps of all paths of one result, about half a second's work. The largest result has 130,000 values; a plain path
#: through all of them takes twice as many steps.
MAX_STEPS = 500_000
#: The longest that a call waits for its paths, whatever is left of its deadline.
MAX_SECONDS = 2.0

_DOTTED = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*")
_STEP = re.compile(r"\[(\d+)\]|\.?([\w-]+)")
#: What the library raises for a text that is no path, and for one that no evaluation can follow.
_NO_PATH = (JSONPathError, ValueError, ArithmeticError, RecursionError)

_TOO_MUCH = (
    f"its path finds more than a session can hold ({MAX_VARIABLES_BYTES // 1024} KiB); name the steps to the part that "
    "is needed"
)


def path_problem(path: str) -> str | None:
    """Say why a path cannot be taken, or None."""
    if len(path) > MAX_PATH_CHARS:
        return f"longer than {MAX_PATH_CHARS} characters"
    if path.count("..") > 1:
        return "has more than one `..`; name the steps instead, each multiplies the work"
    try:
        inner = query_in_filter(_compiled(path))
    except _NO_PATH as error:  # 1e400 is none of the parser's own
        # Not str(error): that looks for the place in the path, and fails where there is none.
        return f"no path that can be read ({str(error.args[0])[:120]}); write it like $.data[0].id"
    if inner is not None:
        return (
            f"{inner[:80]} in a filter may find several values, for each value that the filter looks at; name one "
            "place there, as in $.data[?@.id == 7]"
        )
    return None


def extract(
    paths: Mapping[str, str], result: Any, budget: Budget | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the variables that the paths find in a result, and for each other name why it is not set.

    A text that is a JSON object or array is looked into. Raises nothing: what takes more than `budget`, which all paths
    share, is not set either.
    """
    budget = budget or Budget(MAX_STEPS, seconds=MAX_SECONDS)
    root = _looked_into(result) if paths else None
    variables: dict[str, Any] = {}
    unset: dict[str, str] = {}
    room = MAX_VARIABLES_BYTES
    for name, path in paths.items():
        try:
            query = _compiled(path)
            values = list(itertools.islice(found(query, root, budget), MAX_VALUES))
        except BudgetSpent as error:
            unset[name] = f"its path was not followed to the end, {error}; name the steps to the part that is needed"
            continue
        except _NO_PATH as error:
            unset[name] = f"its path cannot be followed: {str(error.args[0])[:120]}"
            continue
        if not values and query.singular_query():
            unset[name] = "its path finds nothing in the result"
        elif (left := _room_after(values, room)) is None:
            unset[name] = _TOO_MUCH
        else:
            room = left
            variables[name] = values[0] if query.singular_query() else values
    return variables, unset


def _looked_into(result: Any) -> Any:
    """Read a text that is strict JSON of an object or array: code returns such."""
    text = result.removeprefix("\ufeff") if isinstance(result, str) else ""
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return parse_text(text)
        except NotJson:
            return result
    return result


def _room_after(values: list[Any], room: int) -> int | None:
    """Return the room that values leave, None where they have none: a path may find a large value a thousand times."""
    budget = Budget(room, seconds=MAX_SECONDS)
    try:
        _measure(values, budget)
    except BudgetSpent:
        return None
    return budget.left


def _measure(value: Any, room: Budget) -> None:
    """Take the least that a value needs as JSON."""
    if isinstance(value, str):
        room.spend(len(value) + 2)
    elif isinstance(value, dict):
        room.spend(2 + sum(len(name) + 4 for name in value))
        for item in value.values():
            _measure(item, room)
    elif isinstance(value, list):
        room.spend(2 + len(value))
        for item in value:
            _measure(item, room)
    else:
        room.spend(1)


def _parsed(path: str) -> JSONPath:
    return compiled(_as_query(path))


_compiled = made_once(_parsed, most=4_096)  # at most 256 characters each


def _as_query(path: str) -> str:
    """Write the dotted form as JSONPath."""
    if path.startswith("$") or not _DOTTED.fullmatch(path):
        return path
    steps = (index or name for index, name in _STEP.findall(path))
    return "$" + "".join(f"[{step}]" if step.isdecimal() else f"['{step}']" for step in steps)
