"""Requests and replies as values: what may be sent, and what of an answer is kept."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from midcall.domain.http import Headers, first
from midcall.domain.http_headers import OWN_NAMES, is_name, is_value
from midcall.outbound.budget import CallBudget
from midcall.outbound.errors import BadReply, MalformedRequest, ReplyTooLarge
from midcall.outbound.url import CheckedUrl

#: Pieces that a body may come in. Parsing one costs some 7 µs of processor time whatever its size, so that bytes
#: alone do not bound what an answer costs.
MAX_PIECES = 20_000

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One request, checked: `headers` hold nothing that midcall sets itself."""

    method: str
    target: CheckedUrl
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise MalformedRequest(f"the method is none of {', '.join(sorted(_METHODS))}")
        for name, value in self.headers:
            if not is_name(name):
                raise MalformedRequest("a header's name is empty or holds other than token characters")
            if name.lower() in OWN_NAMES:
                raise MalformedRequest(f"midcall sets the header {name} itself")
            if not is_value(value):
                raise MalformedRequest(
                    f"the value of the header {name} holds a control character or blanks at its ends"
                )

    def wire_headers(self) -> list[tuple[bytes, bytes]]:
        """Return all headers as they go out, values in UTF-8; raises BadRequest for what that cannot write."""
        lowered = tuple((name.lower(), value) for name, value in self.headers)
        own = [("Host", self.target.authority), ("Accept-Encoding", "identity")]
        if first(lowered, "user-agent") is None:
            own.append(("User-Agent", "midcall"))
        if self.body or self.method in _WITH_BODY:
            own.append(("Content-Length", str(len(self.body))))
        try:
            return [(name.encode("ascii"), value.encode()) for name, value in (*own, *self.headers)]
        except UnicodeEncodeError:
            raise MalformedRequest("a header's value is no valid Unicode text") from None


def read_headers(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Write raw headers as text: names lower-case, values as Latin-1, which any bytes are."""
    return tuple((name.decode("ascii").lower(), value.decode("latin-1")) for name, value in raw)


def read_body(pieces: Iterable[bytes], headers: Headers, *, max_bytes: int, budget: CallBudget) -> tuple[bytes, bool]:
    """Read a body up to `max_bytes` after decoding, and no further; returns it and whether there was more.

    Raises BadReply for an encoding that was not asked for, ReplyTooLarge for too many pieces, TimedOut.
    """
    decoder = _decoder(headers)
    body = bytearray()
    for count, piece in enumerate(pieces):
        if count >= MAX_PIECES:
            raise ReplyTooLarge(f"the answer's body comes in more than {MAX_PIECES:,} pieces")
        budget.left("reading the answer")
        body += piece if decoder is None else _inflate(decoder, piece, max_bytes - len(body) + 1)
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    if decoder is not None and body and not decoder.eof:
        raise BadReply("the answer's compressed body is cut short")
    return bytes(body), False


def _decoder(headers: Headers) -> "zlib._Decompress | None":
    # midcall asks for none of these, but some servers compress regardless.
    encoding = ", ".join(value for name, value in headers if name == "content-encoding").strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # reads a gzip or a zlib head, whichever comes
    raise BadReply("the answer's body has a content encoding that was not asked for")


def _inflate(decoder: "zlib._Decompress", piece: bytes, max_bytes: int) -> bytes:
    # What does not fit stays undecoded in the decoder: a bomb costs its compressed size.
    try:
        return decoder.decompress(piece, max_bytes)
    except zlib.error:
        raise BadReply("the answer's compressed body cannot be decoded") from None
