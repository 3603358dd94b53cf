"""Typed conversion of what an LLM sends: single values that plainly mean something of the declared type.

What fits as it was sent stays; what may mean two things stays too, and the check says what to ask.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.moments import date_time, dates, is_date, is_date_time, is_time, time_of_day
from midcall.domain.phone import asks_phone, e164

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0"), False),
}

#: The longest text that is tried as a number: int() takes time quadratic in the digits.
_LONGEST_NUMBER = 64
#: The longest text that is tried as one of a format.
_LONGEST_FORMATTED = 320
#: Groups of thousands that can be nothing else; `1,200` may be 1200 or 1.2.
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,20}(?:\.[0-9]{1,20})?|,[0-9]{3}\.[0-9]{1,20})")
#: What stands between words.
_BLANKS = re.compile(r"[\s_-]+")
#: Whole numbers up to here are exact as floating point.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Locale:
    """Where callers are: the country of phone numbers that name none (`DE`), and the time zone of times without one."""

    region: str | None = None
    time_zone: str = "UTC"


ANYWHERE = Locale()


def convert(declared: Any, value: Any, locale: Locale = ANYWHERE) -> Any:
    """Convert a value to the declared type where that is plain (`"5"` for an integer is 5)."""
    if not isinstance(declared, Mapping):
        return value
    made = _typed(declared, declared.get("type"), value, locale)
    return _choice(declared, made) if "enum" in declared or "const" in declared else made


def _typed(declared: Mapping[str, Any], kind: Any, value: Any, locale: Locale) -> Any:
    match kind:
        case "integer" if isinstance(value, float) and value.is_integer():
            return int(value)
        case "boolean" if not isinstance(value, bool) and isinstance(value, int | float) and value in {0, 1}:
            return bool(value)
        case "integer" | "number" | "boolean" if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
            text = value.strip()
            return _BOOLEANS.get(text.lower(), value) if kind == "boolean" else _number(text, value, kind)
        case "string":
            return _formatted(declared, _as_text(value), locale)
        case None:
            return _formatted(declared, value, locale)
        case _:
            return value


def _as_text(value: Any) -> Any:
    """Write a number as the text that was meant; a boolean for a text is a mistake, not a spelling."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= _EXACT else repr(value)
    return str(value) if value.bit_length() <= 3 * _LONGEST_NUMBER else value


def _number(text: str, value: str, kind: str) -> Any:
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    # int() and float() also take "1_000", "٣" and "nan"; a caller's words never mean those.
    if not text.isascii() or "_" in text or not any(letter.isdigit() for letter in text):
        return value
    whole = kind == "integer"
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


def _formatted(declared: Mapping[str, Any], value: Any, locale: Locale) -> Any:
    """Write a text as its format has it, where it means one thing alone."""
    if not isinstance(value, str) or len(value) > _LONGEST_FORMATTED:
        return value
    form = declared.get("format")
    found: str | None = None
    match form:
        case "date" if not is_date(value):
            readings = dates(value)
            found = readings[0] if len(readings) == 1 else None
        case "date-time" if not is_date_time(value):
            found = date_time(value, locale.time_zone)
        case "time" if not is_time(value):
            found = time_of_day(value, locale.time_zone)
        case "email" | "idn-email":
            found = _email(value)
        case "uri" | "url" | "uuid" | "hostname" | "ipv4" | "ipv6":
            found = value.strip()
        case _ if asks_phone(declared):
            found = e164(value, locale.region)
    return value if found is None else found


def _email(text: str) -> str:
    """Leave out blanks around an address, and the name before it; the case of its domain says nothing."""
    address = text.strip().removeprefix("mailto:")
    if address.endswith(">") and address.count("<") == 1:
        address = address[address.index("<") + 1 : -1]
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{domain.lower()}" if at else text


def _choice(declared: Mapping[str, Any], value: Any) -> Any:
    """Return the one choice that a value spells in other letters, or as text."""
    choices = declared["enum"] if "enum" in declared else [declared["const"]]
    if not isinstance(choices, list) or not isinstance(value, str | int | float) or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) > _LONGEST_FORMATTED:
        return value
    if any(type(each) is type(value) and each == value for each in choices):
        return value
    spelt = _spelt(value)
    found = [each for each in choices if _spelt(each) == spelt]
    return found[0] if len(found) == 1 else value


def _spelt(value: Any) -> str | None:
    """Write a single value so that spellings of one are alike; None of what is no single value."""
    if isinstance(value, str):
        return _BLANKS.sub(" ", value.casefold().strip()) if len(value) <= _LONGEST_FORMATTED else None
    if isinstance(value, int | float):
        short = isinstance(value, float) or value.bit_length() <= 3 * _LONGEST_NUMBER
        return json.dumps(value) if short else None
    return None
