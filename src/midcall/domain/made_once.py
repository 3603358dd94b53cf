"""What is made of parts of a version's document, kept for the calls after the first: by what they say, and never more.

A document holds references in place of secrets, so nothing that is kept here knows one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Generic, TypeVar

#: Values that are kept of each kind, the latest used, and bytes of JSON of the largest that any is made of.
MOST_KEPT, MOST_BYTES = 256, 32 * 1024

_Made = TypeVar("_Made")
_Of = TypeVar("_Of")


@dataclass(frozen=True, slots=True)
class _Part(Generic[_Of]):
    """A part of a document, which its digest stands for."""

    digest: bytes
    of: _Of = field(compare=False, repr=False)


def made_once(make: Callable[[_Of], _Made], *, most: int = MOST_KEPT) -> Callable[[_Of], _Made]:
    """Return `make` for parts of documents, which calls it once for all that are the same; of larger ones each time."""

    @lru_cache(maxsize=most)
    def kept(part: _Part[_Of]) -> _Made:
        return make(part.of)

    def made(of: _Of) -> _Made:
        # In the order in which it is written, which decides how a body is sent.
        raw = json.dumps(of, separators=(",", ":")).encode()
        return make(of) if len(raw) > MOST_BYTES else kept(_Part(sha256(raw).digest(), of))

    return made
