"""Turns what a handler returned into strict JSON, or says what in it is not JSON.

The value is copied, node by node, into plain Python before it is encoded: the copy counts bytes as it goes, so that a
result of 1 GB is refused after 256 KB of it were looked at, and no subclass can change its text while it is written.
"""

from __future__ import annotations

import json
import sys
from math import isfinite

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 100
#: The longest integer that Python turns into text by default; longer ones take seconds (CVE-2020-10735).
MAX_INT_BITS = 14_000


class NotJson(Exception):
    """The value is not JSON; the message says where and why."""


class TooLong(Exception):
    """The value is JSON but longer than the sandbox may send."""


class _Budget:
    """The bytes that the encoded value may still take; a lower bound is counted."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLong


def encode(value: Any, max_bytes: int, what: str = "the result") -> bytes:
    """Return `value` as compact UTF-8 JSON of at most `max_bytes`; raises NotJson, calling it `what`, or TooLong."""
    plain = _copy(value, what, 0, _Budget(max_bytes))
    data = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(data) > max_bytes:
        raise TooLong
    return data


def _copy(value: Any, where: str, depth: int, budget: _Budget) -> Any:
    if value is None or value is True or value is False:
        budget.spend(4)
        return value
    for kind, copy in _PLAIN:
        if isinstance(value, kind):
            return copy(value, where, budget)
    if depth >= MAX_DEPTH:
        raise NotJson(f"{where.partition('[')[0]} is nested deeper than {MAX_DEPTH} levels; JSON that deep is refused")
    if isinstance(value, dict):
        return _members(value, where, depth, budget)
    if isinstance(value, list | tuple):
        budget.spend(2)
        items = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return [_copy(item, f"{where}[{index}]", depth + 1, budget) for index, item in enumerate(items)]
    likeness = _likeness(value)
    if likeness is not value:
        return _copy(likeness, where, depth + 1, budget)
    raise NotJson(
        f"{where} is of type {_type_name(value)}, which is not JSON serializable; "
        "return dict, list, str, int, float, bool or None"
    )


def _likeness(value: Any) -> Any:
    """Return what people expect in JSON for a value that is none: times as ISO 8601, a Decimal as number, ...

    The modules are looked for where they are loaded: a value of theirs can only be there if they are.
    """
    loaded = sys.modules.get
    if (clocks := loaded("datetime")) is not None:
        for kind in (clocks.datetime, clocks.date, clocks.time):
            if isinstance(value, kind):
                return kind.isoformat(value)
    if (numbers := loaded("decimal")) is not None and isinstance(value, numbers.Decimal):
        return _decimal(value, numbers.Decimal)
    if (ids := loaded("uuid")) is not None and isinstance(value, ids.UUID):
        return ids.UUID.__str__(value)
    if (enums := loaded("enum")) is not None and isinstance(value, enums.Enum):
        return value.value
    classes = loaded("dataclasses")
    if classes is not None and classes.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in classes.fields(value)}
    return value


def _decimal(value: Any, kind: Any) -> Any:
    """Return a Decimal as the number that it is: an integer if it is written as one, otherwise a float."""
    exponent = kind.as_tuple(value).exponent
    if kind.is_snan(value):
        value = kind("NaN")  # as any other that is no number: refused where floats are
        return kind.__float__(value)
    if exponent == 0:  # large powers stay short as floats, and longer ones are refused there
        return kind.__int__(value)
    return kind.__float__(value)


def _members(value: dict[Any, Any], where: str, depth: int, budget: _Budget) -> dict[str, Any]:
    budget.spend(2)
    copied: dict[str, Any] = {}
    for key, item in dict.items(value):
        name = _text(_key(key, where), f"a key of {where}", budget)
        if name in copied:
            raise NotJson(f"{where} has two keys that are both {name[:40]!r} in JSON; keep one of them")
        copied[name] = _copy(item, f"{where}[{name[:40]!r}]", depth + 1, budget)
    return copied


def _key(key: Any, where: str) -> str:
    """Return a key as Python's own `json` writes it; times and the like as they are written as values."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int) and int.bit_length(key) <= MAX_INT_BITS:
        return int.__repr__(key)
    if isinstance(key, float) and isfinite(float.__float__(key)):
        return float.__repr__(key)
    likeness = _likeness(key)
    if likeness is not key and isinstance(likeness, str | int | float):
        return _key(likeness, where)
    raise NotJson(f"{where} has a key of type {_type_name(key)}; a JSON object's keys are strings: use str(key)")


def _text(value: str, where: str, budget: _Budget) -> str:
    # len() first: the encoder would double a string of hundreds of megabytes before it could be refused.
    budget.spend(str.__len__(value) + 2)
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJson(f"{where} has a lone surrogate, which is not valid text in JSON") from None
    return text


def _integer(value: int, where: str, budget: _Budget) -> int:
    if int.bit_length(value) > MAX_INT_BITS:
        raise NotJson(f"{where} is an integer of over 4,300 digits, too long for JSON; make it a string")
    budget.spend(1)
    return int.__int__(value)


def _number(value: float, where: str, budget: _Budget) -> float:
    plain = float.__float__(value)
    if not isfinite(plain):
        raise NotJson(f"{where} is not a finite number; JSON has no such value, use None or a string instead")
    budget.spend(3)
    return plain


def _type_name(value: Any) -> str:
    return type.__dict__["__name__"].__get__(type(value))[:100]  # type: ignore[no-any-return]


#: Plain values, subclasses too -> what copies them.
_PLAIN: tuple[tuple[type, Any], ...] = ((str, _text), (int, _integer), (float, _number))
