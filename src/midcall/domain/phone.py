"""Phone numbers as people write them, and as E.164 has them: plus, country code, at most 15 digits."""

import re
from collections.abc import Mapping
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

#: What a parameter of type phone has to match.
PHONE_PATTERN = r"^\+[1-9][0-9]{1,14}$"

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
#: Patterns that authors write for the same.
_PATTERNS = re.compile(r"\^\\\+(?:\[1-9\])?(?:\[0-9\]|\\d)\{[0-9]{1,2},[0-9]{1,2}\}\$")
_FORMATS = frozenset({"phone", "phone-number", "e164", "tel"})
#: What a number is written with; a letter or an extension would be lost.
_WRITTEN = re.compile(r"[+0-9 ().\-/\u2010-\u2015\u00a0]{2,40}")
#: A country code and what follows it: fewer digits are a number within a country.
_LEAST_DIGITS = 11
_NORTH_AMERICA = re.compile(r"1[2-9][0-9]{9}")

REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)


def asks_phone(schema: Mapping[str, Any]) -> bool:
    """Tell whether a schema asks for a phone number in E.164."""
    pattern = schema.get("pattern")
    return schema.get("format") in _FORMATS or (isinstance(pattern, str) and _PATTERNS.fullmatch(pattern) is not None)


def is_e164(text: str) -> bool:
    """Tell whether a text is written as E.164 has it."""
    return _E164.fullmatch(text) is not None


def e164(text: str, region: str | None) -> str | None:
    """Write a phone number as E.164; None where it is none, or does not say its country and no region is given.

    `region` is the country of numbers that name none, by its two letters (`DE`).
    """
    written = text.strip().removeprefix("tel:")
    if is_e164(written) or _WRITTEN.fullmatch(written) is None:
        return written if is_e164(written) else None
    if written.startswith("+"):
        return _parsed(written, None)
    found = _parsed(written, region) if region is not None else None
    return found or _international(re.sub(r"[^0-9]", "", written))


def _international(digits: str) -> str | None:
    """Read digits that begin with a country code, which nothing says: only what is surely one is taken for it."""
    digits = digits.removeprefix("00")
    if len(digits) < _LEAST_DIGITS:
        return None
    return _parsed(f"+{digits}", None, sure=_NORTH_AMERICA.fullmatch(digits) is None)


def _parsed(written: str, region: str | None, *, sure: bool = False) -> str | None:
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return None
    if not (phonenumbers.is_valid_number(number) if sure else phonenumbers.is_possible_number(number)):
        return None
    formatted = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # Its tables hold some numbers for possible that are longer than E.164 lets one be.
    return formatted if is_e164(formatted) else None
