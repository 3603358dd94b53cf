"""JSON values: read strictly, bounded in depth, written in one canonical way."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

#: Deeper input is refused before any parser recurses into it.
MAX_DEPTH = 64

#: Half of a surrogate pair, written as an escape: the value may hold one, which no UTF-8 can.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")

_OPEN, _CLOSE, _QUOTE, _BACKSLASH = b"[{", b"]}", 0x22, 0x5C


class NotJson(ValueError):
    """The text is not JSON; the message says what and where."""


def depth_of(raw: bytes, limit: int = MAX_DEPTH) -> int:
    """Nesting depth of a JSON text, counted without recursion; stops counting above `limit`."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == _BACKSLASH:
                escaped = True
            elif byte == _QUOTE:
                in_string = False
        elif byte == _QUOTE:
            in_string = True
        elif byte in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
            if deepest > limit:
                break
        elif byte in _CLOSE:
            depth -= 1
    return deepest


def is_deeper(value: Any, limit: int) -> bool:
    """Tell whether lists and objects are nested deeper than `limit`, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def parse(raw: bytes, limit: int = MAX_DEPTH) -> Any:
    """Parse a JSON text, strictly.

    Raises NotJson for bad UTF-8, bad JSON, a key that stands twice in one object, NaN, Infinity and numbers that a
    double cannot hold, or nesting above `limit`.
    """
    # Only a text with that many brackets can be too deep, and counting bytes in C is a hundred times cheaper.
    if raw.count(b"[") + raw.count(b"{") > limit and depth_of(raw, limit) > limit:
        raise NotJson(f"nested more than {limit} levels deep; flatten it")
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
        names = [name for name, _ in pairs]
        repeated = next(name for name in found if names.count(name) > 1)
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
