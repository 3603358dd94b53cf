"""JSON text as JavaScript writes it: `JSON.stringify(JSON.parse(text))` of whatever is written here is itself.

Receivers check signatures over a body that they have parsed and written again, most of them with JSON.stringify; so
what is signed has to be that text. Sources: ECMA-262, Number::toString, OrdinaryOwnPropertyKeys, JSON.stringify.

But for whole numbers that no double holds: they keep their digits, as they may name an order (decision 0052).
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

#: Above what a run may return (100) and what a payload wraps around it. JSON.parse itself has no limit but its stack.
MAX_DEPTH = 128

#: Between these, Python's shortest form is positional, as ECMAScript's is.
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e16
#: ECMAScript writes up to 21 digits before the point, and up to 6 zeros after it, before it uses an exponent.
_LONGEST_WHOLE, _MOST_ZEROS = 21, 6

#: Keys that are array indices, 0 to 2**32 - 2, come first, in their numbers' order.
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_LAST_INDEX = 2**32 - 2
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotSerializable(ValueError):
    """The value has no JSON text, or one beyond the bounds; the message says why and quotes nothing of it."""


def stringify(value: Any, *, max_chars: int | None = None, max_depth: int = MAX_DEPTH) -> str:
    r"""Write a JSON value: compact, non-ASCII as it is, lone surrogates as `\udXXX`, so that the text is always UTF-8.

    Whole numbers keep all of their digits, those that JavaScript's would lose as well.
    Mappings and tuples are taken as objects and arrays. Raises Unwritable for what JSON has no text for (NaN, infinite,
    bytes, keys that are no text), over `max_depth` levels, or over `max_chars` characters.
    """
    writer = _Writer(max_depth, max_chars)
    writer.write(value, 0)
    return "".join(writer.parts)


def number_text(number: float) -> str:
    """Write a number as ECMAScript does: 1.0 is `1`, 1e21 is `1e+21`; but whole ones with all of their digits.

    Raises Unwritable for NaN and infinite ones, and for whole ones of more digits than are read anywhere.
    """
    if isinstance(number, int):
        try:
            return str(int(number))
        except ValueError:
            raise NotSerializable("a number has more digits than can be written") from None
    if not isfinite(number):
        raise NotSerializable("a number is NaN or infinite, which JSON has no text for")
    if number == 0 or _PLAIN_FROM <= abs(number) < _PLAIN_BELOW:
        return str(int(number)) if number.is_integer() else repr(number)
    return _from_digits(number)


def _from_digits(number: float) -> str:
    # Python's repr has the digits that ECMAScript asks for: the fewest that read back as the number, and the closest.
    parts = Decimal(repr(number)).as_tuple()
    digits = "".join(map(str, parts.digits)).rstrip("0")
    # The value is 0.digits times 10 to this power.
    power = len(parts.digits) + int(parts.exponent)
    sign = "-" if parts.sign else ""
    if len(digits) <= power <= _LONGEST_WHOLE:
        return sign + digits.ljust(power, "0")
    if 0 < power <= _LONGEST_WHOLE:
        return f"{sign}{digits[:power]}.{digits[power:]}"
    if -_MOST_ZEROS < power <= 0:
        return f"{sign}0.{'0' * -power}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{power - 1:+d}"


class _Writer:
    """Collects the pieces of one text, within its bounds."""

    def __init__(self, max_depth: int, max_chars: int | None) -> None:
        self.parts: list[str] = []
        self._max_depth = max_depth
        self._max_chars = max_chars
        self._length = 0

    def write(self, value: Any, depth: int) -> None:
        if isinstance(value, str):
            self._add(_quoted(value))
        elif value is None:
            self._add("null")
        elif isinstance(value, bool):
            self._add("true" if value else "false")
        elif isinstance(value, int | float):
            self._add(number_text(value))
        elif isinstance(value, Mapping):
            self._write_object(value, depth + 1)
        elif isinstance(value, list | tuple):
            self._write_array(value, depth + 1)
        else:
            raise NotSerializable(f"a value is of type {type(value).__name__}, which JSON has not")

    def _write_object(self, value: Mapping[Any, Any], depth: int) -> None:
        self._check_depth(depth)
        before = "{"
        for key, item in _in_order(value):
            self._add(f"{before}{_quoted(key)}:")
            self.write(item, depth)
            before = ","
        self._add("}" if value else "{}")

    def _write_array(self, value: Iterable[Any], depth: int) -> None:
        self._check_depth(depth)
        before = "["
        for item in value:
            self._add(before)
            self.write(item, depth)
            before = ","
        self._add("]" if before == "," else "[]")

    def _check_depth(self, depth: int) -> None:
        if depth > self._max_depth:
            raise NotSerializable(f"nested more than {self._max_depth} levels deep")

    def _add(self, text: str) -> None:
        self._length += len(text)
        if self._max_chars is not None and self._length > self._max_chars:
            raise NotSerializable(f"longer than {self._max_chars:,} characters as JSON")
        self.parts.append(text)


def _quoted(text: str) -> str:
    if text.isascii() or not _SURROGATE.search(text):
        return encode_basestring(text)
    return _SURROGATE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", encode_basestring(_paired(text)))


def _paired(text: str) -> str:
    """Join surrogates that stand side by side: to JavaScript they are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _in_order(value: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    """Return the items as JavaScript keeps them: array indices first, then the others as they came."""
    plain = True
    for key in value:
        if not isinstance(key, str):
            raise NotSerializable(f"a key is of type {type(key).__name__}, and JSON has text alone")
        if "0" <= key[:1] <= "9" or not key.isascii():
            plain = False
    if plain:
        return value.items()
    # Two keys may become one, as two of the same name would: at the first one's place, with the last one's value.
    named = {_paired(key): item for key, item in value.items()}
    indices = sorted((key for key in named if _is_index(key)), key=int)
    return [(key, named[key]) for key in (*indices, *(key for key in named if not _is_index(key)))]


def _is_index(key: str) -> bool:
    return _INDEX.fullmatch(key) is not None and int(key) <= _LAST_INDEX
