"""Reads what comes out of a sandbox: every byte of it was written by code nobody trusts.

Bytes are bounded before they are parsed, depth and numbers right after, and text is made safe to store.
"""

import json
from typing import Any, NoReturn

from midcall.domain.jsonvalue import is_deeper
from midcall.domain.run import RunError
from midcall.sandbox.frames import KIB

#: Nesting of a result at most; the runner refuses more with the same number and a message.
MAX_DEPTH = 100
MAX_TYPE_CHARS = 200
MAX_MESSAGE_CHARS = 4_100
MAX_TRACEBACK_CHARS = 12 * KIB
MAX_BODY_CHARS = 4_000
_FAULTS = frozenset({"output_limit", "refused"})
_HTTP_STATUSES = range(100, 600)
#: No source has more lines than a megabyte has line feeds.
MAX_LINE = 1_048_576


class Unreadable(Exception):
    """The bytes are not the JSON that was agreed on; the message is safe to show."""


def parse_value(data: bytes, max_bytes: int) -> Any:
    """Return the JSON value of `data`; raises Unreadable over `max_bytes`, over MAX_DEPTH, or outside strict JSON."""
    if len(data) > max_bytes:
        raise Unreadable(f"the result is longer than {max_bytes} bytes")
    try:
        value = json.loads(data.decode(), parse_constant=_refuse_constant)
        if is_deeper(value, MAX_DEPTH):
            raise Unreadable(f"the result is nested deeper than {MAX_DEPTH} levels")
        # One pass that refuses what the parser lets through: 1e999 (infinite) and escaped lone surrogates.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Unreadable("the result is not strict JSON") from None
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def parse_object(data: bytes, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object of `data`; raises Unreadable for anything else."""
    value = parse_value(data, max_bytes)
    if not isinstance(value, dict):
        raise Unreadable("a JSON object was expected")
    return value


def parse_fault(data: bytes, max_bytes: int) -> tuple[str, RunError]:
    """Return (`error`, `output_limit` or `refused`, what went wrong) of a FAULT frame; raises Unreadable."""
    fault = parse_object(data, max_bytes)
    line, trace = fault.get("line"), fault.get("traceback")
    status, body = fault.get("http_status"), fault.get("body")
    error = RunError(
        type=clean_text(fault.get("type"), MAX_TYPE_CHARS) or "Exception",
        message=clean_text(fault.get("message"), MAX_MESSAGE_CHARS),
        line=line if type(line) is int and 0 < line <= MAX_LINE else None,
        traceback=clean_text(trace, MAX_TRACEBACK_CHARS) if isinstance(trace, str) else None,
        http_status=status if type(status) is int and status in _HTTP_STATUSES else None,
        body=clean_text(body, MAX_BODY_CHARS) if isinstance(body, str) else None,
    )
    kind = fault.get("kind")
    return kind if isinstance(kind, str) and kind in _FAULTS else "error", error


def clean_text(value: object, max_chars: int) -> str:
    """Return `value` as text of at most `max_chars` without NUL and lone surrogates; no text gives the empty one."""
    if not isinstance(value, str):
        return ""
    return value[:max_chars].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def clean_logs(data: bytes) -> str:
    """Return log bytes as text. Bytes that are not UTF-8, and NUL (which PostgreSQL refuses), become U+FFFD."""
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")
