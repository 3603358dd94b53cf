"""Take known secrets out of what is kept to be read: logs, error texts, results on record, events.

It works against accidents: a value that is printed, quoted in an exception or encoded on its way. Code that wants to
get a value past it can (reversed, or letter by letter); what such code may be told at all is for approval.
"""

import base64
import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any
from urllib.parse import quote, quote_plus

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.parameters import MASK

#: Shorter values stand in ordinary text by chance; masking them would make it unreadable and hide nothing.
SHORTEST = 3
#: Shorter values (a PIN) are masked where they stand alone: 1234 in "pin 1234.", not in "order 51234".
LONG = 8
#: A piece of a long value this long, where a text was cut off, is masked too.
PIECE = 6
#: What a text that was cut ends with, here and in the sandbox.
CUT = " ... (cut)"

#: Bounds on the work: values to look for (in all their forms), and places found in one text. Beyond them all is masked.
MAX_FORMS = 1_000
MAX_PLACES = 20_000
#: Searches of one form in one text that all texts of one call may take, 50 ns each; a text is one
#: more with each so many characters, and each end of one that is compared with what a form begins with is four.
MAX_SEARCHES = 10_000_000
_CHARS_OF_A_SEARCH, _SEARCHES_OF_AN_END = 256, 4
#: Values longer than this are looked for as they are, and line by line, but not encoded.
MAX_ENCODED = 4_096

_SEPARATORS = re.compile(r"[ \t-]+")
_BASE64 = "A-Za-z0-9+/_-"


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which a value may be written. `alone` is the class of characters that may not stand beside it."""

    text: str
    alone: str = ""

    def places(self, text: str, budget: Budget) -> Iterator[tuple[int, int]]:
        """Yield where it stands in a text; raises BudgetSpent."""
        size = len(self.text)
        at = text.find(self.text)
        while at >= 0:
            if not (self.alone and self._is_part(text, at, at + size)):
                yield at, at + size
            at = text.find(self.text, at + 1)
        if self.alone:
            return
        yield from self._cut_off(text, len(text), budget)
        if (marked := text.rfind(CUT)) >= 0:
            yield from self._cut_off(text, marked, budget)

    def _is_part(self, text: str, start: int, end: int) -> bool:
        """Tell whether a character that may not stand beside it does."""
        beside = text[start - 1 : start] + text[end : end + 1]
        return re.search(f"[{self.alone}]", beside) is not None

    def _cut_off(self, text: str, end: int, budget: Budget) -> Iterator[tuple[int, int]]:
        """Yield the beginning of the form that a text ends with, if it is more than a few characters."""
        beginning = self.text[:PIECE]
        start = text.find(beginning, max(0, end - min(len(self.text), MAX_ENCODED) + 1), end)
        while start >= 0:
            budget.spend(_SEARCHES_OF_AN_END)
            if self.text.startswith(text[start:end]):
                yield start, end
                return
            start = text.find(beginning, start + 1, end)


class Redaction:
    """Masks known values: JSON values, of whose lists and objects each part is one. Booleans and null are none."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        forms: dict[str, _Form] = {}
        texts: set[str] = set()
        for secret in (text for value in secrets for text in _texts(value)):
            new = {text for text in islice(_variants(secret), MAX_FORMS + 1) if len(text) >= SHORTEST} - texts
            texts |= new
            for form in chain((form for text in sorted(new) for form in _forms(text)), _carried(secret)):
                if not form.alone or form.text not in forms:
                    forms[form.text] = form
                if len(forms) > MAX_FORMS:
                    break
            if len(forms) > MAX_FORMS:
                break
        #: There are more values than can be looked for: everything is masked.
        self._all = len(forms) > MAX_FORMS
        self._forms = tuple(forms.values())
        #: One of these stands wherever a form does, whole or cut off. Most texts hold none of them, and who waits on
        #: the line waits for each search: these few come before all others.
        self._beginnings = tuple({form.text[:PIECE] for form in self._forms})
        self._numbers = frozenset(texts)
        #: Shared by all that one call masks.
        self._budget = Budget(MAX_SEARCHES, seconds=math.inf)

    def __bool__(self) -> bool:
        return self._all or bool(self._forms)

    def text(self, text: str) -> str:
        """Return a text with each place where a value stands masked."""
        if self._all:
            return MASK if text else text
        try:
            places = self._places(text) if self._may_be_in(text) else []
        except BudgetSpent:
            self._all = True
            return MASK
        if len(places) > MAX_PLACES:
            return MASK
        return _masked(text, sorted(places)) if places else text

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Return where values stand in a text; of more than MAX_PLACES, one more."""
        self._spend(len(self._forms), text)
        places = (place for form in self._forms for place in form.places(text, self._budget))
        return list(islice(places, MAX_PLACES + 1))

    def value(self, value: Any) -> Any:
        """Return a JSON value with its texts, its keys and the numbers that are a value themselves masked."""
        try:
            untouched = not self or not (self._all or self._may_be_in("\0".join(_words(value))))
        except BudgetSpent:
            self._all, untouched = True, False
        return value if untouched else self._value(value)

    def _may_be_in(self, text: str) -> bool:
        self._spend(len(self._beginnings), text)
        return any(beginning in text for beginning in self._beginnings)

    def _spend(self, forms: int, text: str) -> None:
        """Take what it costs to look for so many forms in a text; raises BudgetSpent."""
        self._budget.spend(forms * (1 + len(text) // _CHARS_OF_A_SEARCH))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self._value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if self._all or str(value) in self._numbers else value
        return value

    def texts(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document of midcall's own with its texts masked, at any depth; keys and numbers stay as they are."""
        return {name: self._texts(item) for name, item in document.items()}

    def _texts(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.texts(value)
        return [self._texts(item) for item in value] if isinstance(value, list | tuple) else value


#: Changes nothing.
NOTHING = Redaction(())


def _masked(text: str, places: list[tuple[int, int]]) -> str:
    """Mask places that may overlap: of two values that run into each other nothing is left."""
    parts, done = [], 0
    for index, (start, end) in enumerate(places):
        if index == 0 or start >= done:
            parts += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _texts(item))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _words(value: Any) -> Iterator[str]:
    """Yield all texts of a JSON value, its keys among them, and its numbers as they are written."""
    if isinstance(value, Mapping):
        yield from value
        for item in value.values():
            yield from _words(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _words(item)
    else:
        yield from _texts(value)


def _variants(text: str) -> Iterator[str]:
    """Yield what code makes of a value before it uses it: trimmed, without separators, line by line."""
    trimmed = text.strip()
    yield text
    yield trimmed
    compact = _SEPARATORS.sub("", trimmed)
    if compact.isdigit():  # a card's or a customer's number
        yield compact
    lines = trimmed.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= LONG)


def _carried(text: str) -> Iterator[_Form]:
    """Yield the forms of a value inside of something that was encoded whole: JSON or a query, in base64."""
    if not LONG <= len(text) <= MAX_ENCODED:
        return
    written = {*_json_texts(text), quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")} - {text}
    for each in sorted(written):
        yield from _in_base64(each.encode("utf-8", "replace"))


def _json_texts(text: str) -> tuple[str, ...]:
    """Return a text as it stands in JSON: with letters beyond ASCII or without, with slashes as PHP writes them."""
    texts = [json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]
    return (*texts, *(each.replace("/", "\\/") for each in texts))


def _forms(text: str) -> Iterator[_Form]:
    """Yield every form of one value."""
    if len(text) < LONG:
        yield _Form(text, r"\d" if text.isdigit() else r"\w")
    else:
        yield _Form(text)
    for written in dict.fromkeys((repr(text)[1:-1], *_json_texts(text))):
        yield from _other(text, written)
    if len(text) > MAX_ENCODED:
        return
    yield from _other(text, html.escape(text))
    for coded in (
        quote(text, safe="", errors="replace"),
        quote(text, errors="replace"),
        quote_plus(text, errors="replace"),
    ):
        yield from _other(text, coded)
        yield from _other(text, re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), coded))
    yield from _in_base64(text.encode("utf-8", "replace"))


def _other(text: str, written: str) -> Iterator[_Form]:
    if written != text:
        yield _Form(written) if len(written) >= LONG else _Form(written, r"\w")


def _in_base64(raw: bytes) -> Iterator[_Form]:
    """Yield a value's base64 alone, and as a part of a longer text: three ways to fall among groups of three bytes."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(raw).decode().rstrip("=")
        yield _Form(alone, _BASE64)
        for before in range(3):
            coded = encode(bytes(before) + raw).decode().rstrip("=")
            # Without the characters that also hold bits of what stands before and after.
            core = coded[(0, 2, 3)[before] : len(coded) - ((before + len(raw)) % 3 > 0)]
            if len(core) >= LONG:
                yield _Form(core)
