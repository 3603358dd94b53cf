"""The worker's end of action calls: from a message of the pool to what carries the action out, and its answer back."""

import socket
import threading
from contextlib import suppress
from typing import Any

import structlog

from midcall.domain.action import ActionCall, ActionFailed, ActionReply
from midcall.sandbox import wire
from midcall.service.ports import ActionHandler

#: Seconds for the pool to take an answer.
SEND_S = 10.0

log = structlog.get_logger(__name__)


def no_actions(call: ActionCall) -> ActionReply:
    """Refuse every action: what runs code outside of a function has none."""
    return ActionReply(error=ActionFailed(f"{call.name} is not available here", code="not_enabled"))


class Answers:
    """Writes answers, from several threads, to the connection of one run."""

    def __init__(self, connection: socket.socket, act: ActionHandler) -> None:
        # A descriptor of its own: its timeout is not that of the one who reads.
        self._connection = connection.dup()
        self._connection.settimeout(SEND_S)
        self._act = act
        self._lock = threading.Lock()

    def refuse(self, message: dict[str, Any]) -> None:
        """Answer the call of one message that there is no thread for it."""
        failure = ActionFailed("too many actions of runs that are over are still under way; try later", code="busy")
        self._send(_document(message["id"], ActionReply(error=failure)))

    def answer(self, message: dict[str, Any]) -> None:
        """Carry out the call of one message and answer it."""
        try:
            call = ActionCall(message["id"], message["action"], tuple(message["args"]), message["kwargs"])
            reply = _document(call.id, self._act(call))
        except Exception:  # a thread's edge: without an answer the code would wait for its deadline
            log.exception("action_failed")
            failure = ActionFailed("midcall could not carry it out; see its log", code="internal_error")
            reply = _document(message["id"], ActionReply(error=failure))
        self._send(reply)

    def close(self) -> None:
        """Write nothing any more, and let nobody wait for a pool that does not read."""
        with suppress(OSError):  # the pool has gone
            self._connection.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._connection.close()

    def _send(self, reply: dict[str, Any]) -> None:
        with self._lock, suppress(OSError):  # the run is over
            wire.send(self._connection, reply)


def _document(number: int, reply: ActionReply) -> dict[str, Any]:
    if reply.error is None:
        return {"kind": "reply", "id": number, "value": reply.value}
    error = reply.error
    shown = {"message": error.message, "code": error.code, "status": error.status, "body": error.body}
    return {"kind": "reply", "id": number, "error": shown}
