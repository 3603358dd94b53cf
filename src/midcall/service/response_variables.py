"""Response variables: names that a function sets from paths in its result.

A path is RFC 9535 JSONPath (`$.data[0].id`) or the dotted form that Retell and others use (`data.0.id`, `data[0].id`).
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError

MAX_PATH_CHARS = 256
#: Values that one path may collect.
MAX_VALUES = 1_000

_DOTTED = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*")
_STEP = re.compile(r"\[(\d+)\]|\.?([\w-]+)")

#: Without `match` and `search`: Python's regular expressions can take for ever.
_ENVIRONMENT = JSONPathEnvironment(strict=True)
for _function in ("match", "search"):
    del _ENVIRONMENT.function_extensions[_function]


def path_problem(path: str) -> str | None:
    """Say why a path cannot be taken, or None."""
    if len(path) > MAX_PATH_CHARS:
        return f"longer than {MAX_PATH_CHARS} characters"
    if path.count("..") > 1:
        return "has more than one `..`; name the steps instead, each multiplies the work"
    try:
        _compiled(path)
    except (JSONPathError, ValueError, ArithmeticError, RecursionError) as error:  # 1e400 is none of the parser's own
        # Not str(error): that looks for the place in the path, and fails where there is none.
        return f"no path that can be read ({str(error.args[0])[:120]}); write it like $.data[0].id"
    return None


def extract(paths: Mapping[str, str], result: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the variables that the paths find in a result, and the names of those that found nothing."""
    found: dict[str, Any] = {}
    missing = []
    for name, path in paths.items():
        query = _compiled(path)
        values = [match.obj for match in itertools.islice(query.finditer(result), MAX_VALUES)]
        if query.singular_query():
            if values:
                found[name] = values[0]
            else:
                missing.append(name)
        else:
            found[name] = values
    return found, tuple(missing)


def _compiled(path: str) -> JSONPath:
    compiled = _ENVIRONMENT.compile(_as_query(path))
    if not isinstance(compiled, JSONPath):
        raise JSONPathError("a single path is wanted")
    return compiled


def _as_query(path: str) -> str:
    """Write the dotted form as JSONPath."""
    if path.startswith("$") or not _DOTTED.fullmatch(path):
        return path
    steps = (index or name for index, name in _STEP.findall(path))
    return "$" + "".join(f"[{step}]" if step.isdecimal() else f"['{step}']" for step in steps)
