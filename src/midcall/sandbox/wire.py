"""The messages between a pool and its callers on the unix socket.

A message is `length (4 bytes, big-endian) | JSON object with a "kind"`. Both sides may send at any time, so that action
calls can travel one way and their answers the other while a run goes on. One connection carries one request.

    caller -> pool   run {run_id, owner, source, session, deadline_ms, wait_ms, actions, isolation, limits}
                     or status {}
    pool -> caller   started {sandbox_id}, progress {message}, action {id, action, args, kwargs}, then report {…}
                     or, before `started` and instead of it, refused {code, message}       |   status {…}
    caller -> pool   reply {id, value} or {id, error {message, code, status, body}}, one to each action
"""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from struct import Struct
from typing import Any

from midcall.domain.isolation import Isolation
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import RunStatus
from midcall.sandbox.frames import CAPS, MIB, FrameKind

_LENGTH = Struct(">I")
#: Never more than the INPUT frame holds, which is made of a part of the request.
MAX_REQUEST_BYTES = CAPS[FrameKind.INPUT]
#: A result, logs and an error, each escaped.
MAX_REPLY_BYTES = 4 * MIB
#: An answer to an action call: it must fit a REPLY frame.
MAX_ANSWER_BYTES = CAPS[FrameKind.REPLY]


class WireError(Exception):
    """The other side does not speak this protocol, or has gone in the middle of a message."""


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message; raises OSError where the other side has gone."""
    data = to_json(message)
    # At once: whoever reads would be woken for the length alone, and then wait again.
    connection.sendall(_LENGTH.pack(len(data)) + data)


def to_json(value: object) -> bytes:
    """Return compact JSON. Text stays text: escaped, a transcript in Thai would be six times as long."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def receive(connection: socket.socket, max_bytes: int, deadline: float) -> dict[str, Any] | None:
    """Return the next message, None at a clean end of the connection.

    `deadline` is monotonic; raises TimeoutError past it, WireError for anything but a message of `max_bytes` at most.
    """
    head = _receive_exactly(connection, _LENGTH.size, deadline)
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > max_bytes:
        raise WireError(f"a message of {length} bytes; the cap is {max_bytes}")
    return _message(_receive_exactly(connection, length, deadline))


def _message(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError("a message that is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise WireError("a message without a kind")
    return message


class MessageReader:
    """Cuts bytes into messages as they come, for who must not wait for the rest of one."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the messages that `data` completes; raises WireError at one that is none."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > self._max_bytes:
                raise WireError(f"a message of {length} bytes; the cap is {self._max_bytes}")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            message = _message(bytes(memoryview(self._buffer)[_LENGTH.size : end]))
            del self._buffer[:end]
            yield message


def _receive_exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    """Return `size` bytes, or none at all where the connection ends before the first."""
    data = bytearray()
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(min(size - len(data), MIB))
        if not part:
            if data:
                raise WireError("the connection ended in the middle of a message")
            return b""
        data += part
    return bytes(data)


def pack_report(report: RunReport) -> dict[str, Any]:
    """Return a report as the body of a message."""
    report_fields = asdict(report)
    return {"kind": "report", **{name: report_fields[name] for name in _REPORT_FIELDS}}


def unpack_report(message: Mapping[str, Any]) -> RunReport:
    """Return the report of a message; raises WireError where it is none."""
    try:
        fields = {name: message[name] for name in _REPORT_FIELDS if name in message or name not in _NEW}
        error = fields["error"]
        fields["error"] = None if error is None else RunError(**error)
        status = fields["status"] = RunStatus(fields["status"])
        if fields.get("isolation") is not None:
            fields["isolation"] = Isolation(fields["isolation"])
        report = RunReport(**fields)
    except (KeyError, TypeError, ValueError):
        raise WireError("a report that is none") from None
    if not status.reported:
        raise WireError("a report of a run that there was none of")
    return report


#: What the worker itself adds, and what is a webhook's alone, is not among them.
_NOT_SENT = frozenset({"actions", "warnings", "truncated"})
#: What a pool of an earlier release, started before its workers, does not say.
_NEW = frozenset({"isolation", "isolation_note"})
_REPORT_FIELDS = tuple(name for name in RunReport.__dataclass_fields__ if name not in _NOT_SENT)
