"""The frames that cross a sandbox's border, defined once for both ends.

The pool speaks them with PID 1 of the container, and PID 1 with the child that runs the code. The image build copies
this very file into the image, so it imports the standard library alone, and of that only what is cheap to load.

A frame is `nonce (16 bytes) | kind (1 byte) | length (4 bytes, big-endian) | payload`. The nonce names the hop: the
pool draws one per sandbox and only PID 1 ever holds it; PID 1 draws another for its child. Bytes that do not carry the
right nonce are not a frame but a violation, and nothing after them is read. A length is checked against the kind's
cap before a byte of the payload is kept, so a header alone can never make a reader allocate.
"""

from collections import namedtuple
from collections.abc import Iterator, Mapping
from enum import IntEnum
from struct import Struct
from types import MappingProxyType

KIB = 1024
MIB = 1024 * KIB

NONCE_BYTES = 16
#: The nonce of READY, which is sent before any run has drawn one.
NO_NONCE = bytes(NONCE_BYTES)

_HEADER = Struct(f">{NONCE_BYTES}sBI")
HEADER_BYTES = _HEADER.size


class FrameKind(IntEnum):
    """The kinds of frames, by the byte that names each."""

    #: PID 1 -> pool: booted, waiting for a run. JSON object.
    READY = 1
    #: pool -> PID 1: the run's terms. JSON object of `Terms`.
    OPEN = 2
    #: pool -> PID 1 -> child: `{"source", "session", "actions"}` as JSON; PID 1 passes it on unread.
    INPUT = 3
    #: PID 1 -> pool: bytes that the code wrote to its standard output and error.
    LOG = 4
    #: child -> PID 1 -> pool: a JSON string to show while the code still runs.
    PROGRESS = 5
    #: child -> PID 1 -> pool -> worker: one action call, JSON object with an `id`.
    ACTION = 6
    #: worker -> pool -> PID 1 -> child: the answer to the action call of that `id`.
    REPLY = 7
    #: child -> PID 1 -> pool: the handler's return value as JSON.
    RESULT = 8
    #: child -> PID 1 -> pool: why there is no result, JSON object of `type`, `message`, `line`, `traceback`, `kind`.
    FAULT = 9
    #: PID 1 -> pool: the last frame; what PID 1 itself saw. JSON object of `Outcome`.
    OUTCOME = 10
    #: pool -> PID 1 -> child, before OPEN: the machine is idle, so load what runs often need. JSON object, empty.
    PREPARE = 11


#: Bytes of payload at most, per kind, where the terms of the run say nothing lower.
CAPS: Mapping[FrameKind, int] = MappingProxyType(
    {
        FrameKind.READY: 4 * KIB,
        FrameKind.OPEN: 4 * KIB,
        FrameKind.INPUT: 24 * MIB,  # a session with its transcript (16 MB) and the source, JSON-escaped
        FrameKind.LOG: 64 * KIB,
        FrameKind.PROGRESS: 4 * KIB,
        FrameKind.ACTION: 1 * MIB,
        FrameKind.REPLY: 2 * MIB,
        FrameKind.RESULT: 256 * KIB,
        FrameKind.FAULT: 64 * KIB,
        FrameKind.OUTCOME: 4 * KIB,
        FrameKind.PREPARE: 4 * KIB,
    }
)

#: Action calls of one run, and bytes of all of them: the child refuses more with an error at its line. Twice as many
#: frames are let through before it counts as a violation, so that none of ours ever does; more bytes are one at once.
ACTION_CALLS = 100
ACTION_BYTES = 8 * MIB

#: Frames of a kind at most in one run; a kind not named here may come once.
COUNTS: Mapping[FrameKind, int] = MappingProxyType(
    {FrameKind.LOG: 64 * KIB, FrameKind.PROGRESS: 200, FrameKind.ACTION: 200, FrameKind.REPLY: 200}
)


class FrameError(Exception):
    """The bytes are not frames of this conversation."""


class Frame(namedtuple("Frame", ("kind", "payload"))):  # noqa: PYI024 - `typing` and `dataclasses` cost each boot
    """One whole frame: its kind and the bytes of its payload."""

    __slots__ = ()

    kind: FrameKind
    payload: bytes


def encode(kind: FrameKind, payload: bytes, nonce: bytes) -> bytes:
    """Return the frame's bytes; raises FrameError where the payload is over the kind's cap."""
    return header(kind, len(payload), nonce) + payload


def header(kind: FrameKind, length: int, nonce: bytes) -> bytes:
    """Return a frame's header alone, for payloads too large to copy once more; raises FrameError over the cap."""
    if length > CAPS[kind]:
        raise FrameError(f"a {kind.name} frame carries at most {CAPS[kind]} bytes, not {length}")
    return _HEADER.pack(nonce, kind, length)


class FrameReader:
    """Cuts one direction of a byte stream into frames.

    `accepts` names the kinds that may come and their caps in bytes. After the first FrameError the reader is broken
    for good: whatever follows cannot be told from a forgery.
    """

    def __init__(self, nonce: bytes, accepts: Mapping[FrameKind, int]) -> None:
        self._nonce = nonce
        self._accepts = accepts
        self._left = {kind: COUNTS.get(kind, 1) for kind in accepts}
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that `data` completes; raises FrameError at the first byte out of place."""
        if self._broken:
            raise FrameError("the stream is broken")
        self._buffer += data
        try:
            while (frame := self._take()) is not None:
                yield frame
        except FrameError:
            self._broken = True
            self._buffer.clear()
            raise

    def _take(self) -> Frame | None:
        """Cut the next frame off the buffer, or return None until more bytes are there."""
        # A wrong nonce shows in the first bytes: do not wait for a header that a forger never completes.
        if self._buffer[:NONCE_BYTES] != self._nonce[: len(self._buffer)]:
            raise FrameError("a frame without the nonce of this run")
        if len(self._buffer) < HEADER_BYTES:
            return None
        _, code, length = _HEADER.unpack_from(self._buffer)
        kind = self._admit(code, length)
        end = HEADER_BYTES + length
        if len(self._buffer) < end:
            return None
        payload = bytes(memoryview(self._buffer)[HEADER_BYTES:end])
        del self._buffer[:end]
        self._left[kind] -= 1
        return Frame(kind, payload)

    def _admit(self, code: int, length: int) -> FrameKind:
        """Return the kind of a header, or raise FrameError where it may not come here, now, or at this length."""
        try:
            kind = FrameKind(code)
        except ValueError:
            raise FrameError(f"a frame of unknown kind {code}") from None
        if kind not in self._accepts:
            raise FrameError(f"a {kind.name} frame may not come from this side")
        if length > self._accepts[kind]:
            raise FrameError(f"a {kind.name} frame of {length} bytes; the cap is {self._accepts[kind]}")
        if self._left[kind] <= 0:
            raise FrameError(f"one {kind.name} frame too many")
        return kind
