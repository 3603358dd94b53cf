"""Turns what a handler returned into strict JSON, or says what in it is not JSON.

The value is copied, node by node, into plain Python before it is encoded: the copy counts bytes as it goes, so that a
result of 1 GB is refused after 256 KB of it were looked at, and no subclass can change its text while it is written.
"""

from __future__ import annotations

import json
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
    if isinstance(value, str):
        return _text(value, where, budget)
    if isinstance(value, int):
        return _integer(value, where, budget)
    if isinstance(value, float):
        return _number(value, where, budget)
    if depth >= MAX_DEPTH:
        raise NotJson(f"{where.partition('[')[0]} is nested deeper than {MAX_DEPTH} levels; JSON that deep is refused")
    if isinstance(value, dict):
        return _members(value, where, depth, budget)
    if isinstance(value, list | tuple):
        budget.spend(2)
        items = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return [_copy(item, f"{where}[{index}]", depth + 1, budget) for index, item in enumerate(items)]
    raise NotJson(
        f"{where} is of type {_type_name(value)}, which is not JSON serializable; "
        "return dict, list, str, int, float, bool or None"
    )


def _members(value: dict[Any, Any], where: str, depth: int, budget: _Budget) -> dict[str, Any]:
    budget.spend(2)
    copied: dict[str, Any] = {}
    for key, item in dict.items(value):
        if not isinstance(key, str):
            raise NotJson(
                f"{where} has a key of type {_type_name(key)}; a JSON object's keys are strings: use str(key)"
            )
        name = _text(key, f"a key of {where}", budget)
        copied[name] = _copy(item, f"{where}[{name[:40]!r}]", depth + 1, budget)
    return copied


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
