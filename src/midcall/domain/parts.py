"""The session body as it is kept: in parts that are added and never written again, however much there is by then."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: Fields that grow or are replaced while a session lasts, each in parts of its own. All others come at its start.
APART = ("transcript", "contact", "analysis", "recordingUrl", "llmResponse", "call")
#: What a part costs besides its own bytes, so that many small ones are bounded as well.
EACH_BYTES = 256


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part: `field` with its JSON, or under the empty name an object with several fields.

    `adds`: a list to be appended, an object to be merged. `size` in bytes of UTF-8, as the sandbox gets them: ASCII
    escapes would make a transcript in Thai six times as long.
    """

    field: str
    text: str
    size: int
    adds: bool = False


def parts_of(fields: Mapping[str, Any]) -> tuple[BodyPart, ...]:
    """Write fields as parts that take the place of what was there."""
    rest = {name: value for name, value in fields.items() if name not in APART}
    apart = [_part(name, fields[name]) for name in APART if name in fields]
    return (*([_part("", rest)] if rest else []), *apart)


def additions(transcript: Iterable[Any], contact: Mapping[str, Any]) -> tuple[BodyPart, ...]:
    """Write what is appended to the transcript and merged into the contact."""
    grown = (("transcript", list(transcript)), ("contact", dict(contact)))
    return tuple(_part(name, value, adds=True) for name, value in grown if value)


def body_of(parts: Iterable[tuple[str, bool, Any]]) -> dict[str, Any]:
    """Put a body together from its parts in order, each with field, `adds` and value; takes the values over."""
    fields: dict[str, Any] = {}
    for field, adds, value in parts:
        if not field:
            fields.update(value)
        elif adds and isinstance(value, list) and isinstance(fields.get(field), list):
            fields[field].extend(value)
        elif adds and isinstance(value, dict) and isinstance(fields.get(field), dict):
            fields[field].update(value)
        else:
            fields[field] = value
    return fields


def _part(field: str, value: Any, *, adds: bool = False) -> BodyPart:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    plain = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return BodyPart(field, text, len(plain.encode("utf-8", "surrogatepass")) + EACH_BYTES, adds)
