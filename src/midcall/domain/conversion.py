"""Typed conversion of what an LLM sends: texts that plainly mean a number or a truth."""

from collections.abc import Mapping
from typing import Any

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

#: The longest text that is tried as a number: int() takes time quadratic in the digits.
_LONGEST_NUMBER = 64


def convert(declared: Any, value: Any) -> Any:
    """Convert text to the declared type where that is plain (`"5"` for an integer is 5)."""
    kind = declared.get("type") if isinstance(declared, Mapping) else None
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        return int(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return value
    text = value.strip()
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), value)
    if kind == "integer":
        return _number(text, value, whole=True)
    if kind == "number":
        return _number(text, value, whole=False)
    return value


def _number(text: str, value: str, *, whole: bool) -> Any:
    # int() and float() also take "1_000", "٣" and "nan"; a caller's words never mean those.
    if not text.isascii() or "_" in text or not any(letter.isdigit() for letter in text):
        return value
    try:
        number = float(text)
        return int(text) if whole and text.lstrip("+-").isdigit() else _exact(number, value, whole=whole)
    except (ValueError, OverflowError):
        return value


def _exact(number: float, value: str, *, whole: bool) -> Any:
    if number in (float("inf"), float("-inf")):
        return value
    if not whole:
        return number
    return int(number) if number.is_integer() else value
