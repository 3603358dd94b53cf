"""JSON values: read strictly, bounded in depth, written in one canonical way."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

#: Deeper input is refused before any parser recurses into it.
MAX_DEPTH = 64

#: Values that a text may hold, each list, object and entry counted, empty ones twice. The C parser holds all threads up
#: while it makes them: so many take it 30 ms, and 30 MB. An hour of speech with each word's times has a fifth of it.
MAX_VALUES = 250_000

#: Half of a surrogate pair, written as an escape: the value may hold one, which no UTF-8 can.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")

#: What nests. A union of the two is made anew each time it is asked for, which costs more than the question.
_NESTS = (dict, list)

_OPEN, _CLOSE, _COMMA = b"[{", b"]}", 0x2C
#: Texts whole, even if they never end, and what parts values; without backtracking, however long a text is.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]},]', re.DOTALL)

#: A JSON object.
Json = dict[str, Any]


class NotJson(ValueError):
    """The text is not JSON; the message says what and where."""


def depth_of(raw: bytes, limit: int = MAX_DEPTH) -> int:
    """Nesting depth of a JSON text, counted without recursion; stops counting above `limit`."""
    return _measured(raw, limit, len(raw))[0]


def _measured(raw: bytes, depth_limit: int, value_limit: int) -> tuple[int, int]:
    """Count a JSON text's depth, and its values but for the outermost, without making any.

    Stops where one is above its limit. An empty list or object counts twice; what is no JSON, for anything.
    """
    depth = deepest = values = tokens = 0
    for token in _TOKEN.finditer(raw):
        tokens += 1
        first = raw[token.start()]
        if first == _COMMA:
            values += 1
        elif first in _OPEN:
            values += 1
            depth += 1
            deepest = max(deepest, depth)
        elif first in _CLOSE:
            depth -= 1
        # A value of JSON brings a key, itself, a comma and two brackets at most.
        if deepest > depth_limit or values > value_limit or tokens > 5 * value_limit:
            break
    return deepest, max(values, tokens // 5)


def is_deeper(value: Any, limit: int) -> bool:
    """Tell whether lists and objects are nested deeper than `limit`, without recursion."""
    level = [value] if isinstance(value, _NESTS) else []
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, _NESTS)
        ]
    return bool(level)


def parse(raw: bytes, limit: int = MAX_DEPTH) -> Any:
    """Parse a JSON text, strictly.

    Raises NotJson for bad UTF-8, bad JSON, a key that stands twice in one object, NaN, Infinity and numbers that a
    double cannot hold, nesting above `limit`, or more than MAX_VALUES values.
    """
    check_size(raw, limit)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}; send the body encoded as UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a number of more digits than int() takes, among others
        raise NotJson(f"not JSON that can be read: {error}") from error
    return value


def parse_text(text: str) -> Any:
    """Parse a JSON text that somebody else wrote, as `parse` does; raises NotJson for half a surrogate pair as well."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise NotJson("holds half of a surrogate pair") from None
    return parse_bytes(raw)


def parse_bytes(raw: bytes, limit: int = MAX_DEPTH) -> Any:
    """Parse JSON bytes that somebody else wrote; as `parse_text`."""
    value = parse(raw, limit)
    if _SURROGATE_ESCAPE.search(raw):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotJson("holds half of a surrogate pair") from None
    return value


def check_size(raw: bytes, limit: int) -> None:
    """Raise NotJson for what is too deep or has too many values, before a parser makes any of them."""
    # Only a text with that many brackets and commas can be, and counting bytes in C is a hundred times cheaper.
    brackets = raw.count(b"[") + raw.count(b"{")
    if brackets <= limit and brackets + raw.count(b",") < MAX_VALUES:
        return
    depth, values = _measured(raw, limit, MAX_VALUES)
    if depth > limit:
        raise NotJson(f"nested more than {limit} levels deep; flatten it")
    if values > MAX_VALUES:
        raise NotJson(f"more than {MAX_VALUES} values; send less of it")


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not JSON; send null or a number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson(f"{text:.40} is a number larger than any that can be kept; send it as text")
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers disagree on which of two wins, so what is reviewed might not be what is meant.
    found = dict(pairs)
    if len(found) != len(pairs):
        # Each name is looked at once: a body may hold a hundred thousand of them.
        repeated = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise NotJson(f"the key {repeated!r:.80} stands twice in one object; keep one of them")
    return found


def canonical(value: Mapping[str, Any]) -> bytes:
    """Write a JSON object in the one way its digest is taken over: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396): null removes, objects merge, all else replaces. Changes neither input."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
