"""Rules on the source as text, before anything parses it."""

import re
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.advice import named
from midcall.review.rule import Hit, Rule, example
from midcall.review.text import MAX_BYTES, SourceText

_FINE = example("def handler(session):\n    return 1\n")
#: PEP 263, on the first two lines only.
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = {"utf-8", "utf8", "utf_8", "u8"}
#: Overrides, embeddings and isolates: they make code read in another order than it runs (CVE-2021-42574).
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\ufeff\u00ad\u180e\u061c\u200e\u200f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f\u2028\u2029]|\r(?!\n)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _size(text: SourceText) -> Iterator[Hit]:
    # Four bytes per character at most, so a long text need not be encoded to know that it is too large.
    size = len(text.source)
    if size <= MAX_BYTES:
        size = len(text.source.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        yield Hit(
            text.span_at(0),
            f"The source is too large: at most {MAX_BYTES // 1024} KiB of UTF-8 are reviewed.",
            "Move data out of the code (into parameters, variables or an action's answer), or split the function.",
        )


def _encoding(text: SourceText) -> Iterator[Hit]:
    found = _SURROGATE.search(text.source)
    if found:
        yield Hit(
            text.span_at(found.start()),
            "This character is half of a pair (a lone surrogate); it cannot be stored as UTF-8.",
            "Delete the character and type it again.",
        )
    offset = 0
    for line in text.lines[:2]:
        cookie = _COOKIE.match(line)
        if cookie and cookie.group(1).lower() not in _UTF8:
            yield Hit(
                text.span_at(offset + cookie.start(1), offset + cookie.end(1)),
                f"The source is UTF-8, but this line declares `{cookie.group(1)[:40]}`, so it would run as other code.",
                "Delete the `coding` line; UTF-8 is always used.",
            )
        offset += len(line) + 1


def _control(text: SourceText) -> Iterator[Hit]:
    found = _CONTROL.search(text.source)
    if found:
        yield Hit(
            text.span_at(found.start()),
            f"Control character {named(found.group()[0])}: editors hide it, and Python may read the "
            "lines in another way than you see them.",
            "Delete the character and use ordinary line ends; inside text write an escape such as "
            f"`\\u{ord(found.group()[0]):04x}`.",
        )
    found = re.search("\f", text.source)
    if found:
        yield Hit(
            text.span_at(found.start()),
            "A form feed is invisible in most editors.",
            "Delete the character; an empty line separates just as well.",
            Severity.WARNING,
        )


def _bidi(text: SourceText) -> Iterator[Hit]:
    found = _BIDI.search(text.source)
    if found:
        yield Hit(
            text.span_at(found.start()),
            f"Direction control U+{ord(found.group()):04X}: the code is shown in another order than it runs.",
            "Delete the character; inside text write an escape such as `\\u202e`.",
        )


def _invisible(text: SourceText) -> Iterator[Hit]:
    found = _INVISIBLE.search(text.source)
    if found:
        yield Hit(
            text.span_at(found.start()),
            f"Invisible character {named(found.group())}: two texts that look alike would differ.",
            f"Delete the character; inside text write an escape such as `\\u{ord(found.group()):04x}`.",
            Severity.ERROR if found.start() == 0 else None,
        )


RULES: tuple[Rule[SourceText], ...] = (
    Rule(
        id="source.size",
        summary=f"A source has at most {MAX_BYTES // 1024} KiB, so that a review takes a bounded time.",
        severity=Severity.ERROR,
        check=_size,
        good=_FINE,
        bad=example("def handler(session):\n    return 1\n" + "# " + "x" * MAX_BYTES),
    ),
    Rule(
        id="source.encoding",
        summary="A source is UTF-8 and does not declare anything else.",
        severity=Severity.ERROR,
        check=_encoding,
        good=example("# -*- coding: utf-8 -*-\ndef handler(session):\n    return 'ü'\n"),
        bad=example("# -*- coding: rot13 -*-\ndef handler(session):\n    return 1\n"),
    ),
    Rule(
        id="source.control",
        summary="No control characters: what you see is what runs.",
        severity=Severity.ERROR,
        check=_control,
        good=_FINE,
        bad=example("# a comment\rimport json\ndef handler(session):\n    return 1\n"),
    ),
    Rule(
        id="source.direction",
        summary="No characters that change the direction of the text around them (Trojan Source).",
        severity=Severity.ERROR,
        check=_bidi,
        good=_FINE,
        bad=example("def handler(session):\n    # note \u2067 hidden\n    return 1\n"),
    ),
    Rule(
        id="source.invisible",
        summary="No invisible characters.",
        severity=Severity.WARNING,
        check=_invisible,
        good=_FINE,
        bad=example("def handler(session):\n    return 'a\u200bb'\n"),
    ),
)
