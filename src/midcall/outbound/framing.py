"""Where an answer ends, by its own word: what a host sends after that would be read as the answer to the next call."""

import re

from midcall.domain.http import Headers, first

_BODILESS = frozenset({204, 304})
_BLANK_LINE = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1[0-9]{2}")
_LINE_END = b"\r\n"


def ends_with(received: bytes, *, method: str, status: int, headers: Headers) -> bool:
    """Tell whether an answer that was read to its end is all that was received since its request was sent.

    False where that cannot be told: then the connection is not used again, which costs a new one.
    """
    begin = _body(received)
    if begin is None:
        return False
    if method == "HEAD" or status in _BODILESS:
        return begin == len(received)
    if first(headers, "transfer-encoding") is not None:
        return _end_of_chunks(received, begin) == len(received)
    length = first(headers, "content-length") or ""
    return length.isascii() and length.isdigit() and begin + int(length) == len(received)


def _body(received: bytes) -> int | None:
    """Find where the body begins: after the head, and after those of interim answers before it."""
    begin = 0
    while True:
        blank = _BLANK_LINE.search(received, begin)
        if blank is None:
            return None
        if not _INTERIM.match(received, begin):
            return blank.end()
        begin = blank.end()


def _end_of_chunks(received: bytes, begin: int) -> int | None:
    while True:
        line_end = received.find(_LINE_END, begin)
        size = received[begin:line_end].partition(b";")[0].strip()
        if line_end < 0 or not size.isalnum():
            return None
        try:
            chunk = int(size, 16)
        except ValueError:
            return None
        begin = line_end + len(_LINE_END)
        if chunk == 0:
            break
        begin += chunk + len(_LINE_END)
    if received.startswith(_LINE_END, begin):
        return begin + len(_LINE_END)
    trailers = _BLANK_LINE.search(received, begin)
    return None if trailers is None else trailers.end()
