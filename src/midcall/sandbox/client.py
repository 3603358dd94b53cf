"""The caller's side of the pool's socket: what a worker uses to run code."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from midcall.domain.errors import MidcallError, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox import wire

#: Seconds that the pool may take beyond a deadline to report; past it, it counts as lost.
GRACE_S = 1.0
STATUS_S = 5.0


class PoolClient:
    """Runs code in the pool that serves at `socket_path`. Safe to use from many threads; holds no connection open.

    `on_progress(run_id, message)` is called, in the calling thread, with what running code reports of itself.
    """

    def __init__(self, socket_path: Path, *, on_progress: Callable[[str, str], None] | None = None) -> None:
        self._path = str(socket_path)
        self._on_progress = on_progress

    def run(self, request: RunRequest) -> RunReport:
        """Run once; returns within `deadline_ms` and GRACE_S.

        Raises SandboxUnavailable and SandboxBusy where nothing was run, SandboxLost where that is unknown.
        """
        deadline = time.monotonic() + request.deadline_ms / 1000 + GRACE_S
        body = {
            "kind": "run",
            "run_id": request.run_id,
            "source": request.source,
            "session": dict(request.session),
            "deadline_ms": request.deadline_ms,
            "actions": list(request.actions),
        }
        with self._connect() as connection:
            try:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                wire.send(connection, body)
            except OSError as error:
                # The pool reads a request before it acts on it: half of one was never run.
                raise SandboxUnavailable from error
            return self._await_report(connection, deadline, request.run_id)

    def status(self) -> dict[str, Any]:
        """Return the pool's own account: `ready`, `pool_id`, `image`, and counts. Raises SandboxUnavailable."""
        with self._connect() as connection:
            try:
                connection.settimeout(STATUS_S)
                wire.send(connection, {"kind": "status"})
                answer = wire.receive(connection, wire.MAX_REPLY_BYTES, time.monotonic() + STATUS_S)
            except (OSError, wire.WireError) as error:
                raise SandboxUnavailable from error
        if answer is None:
            raise SandboxUnavailable
        del answer["kind"]
        return answer

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(STATUS_S)
        try:
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            raise SandboxUnavailable from error
        return connection

    def _await_report(self, connection: socket.socket, deadline: float, run_id: str) -> RunReport:
        started = False
        while True:
            try:
                message = wire.receive(connection, wire.MAX_REPLY_BYTES, deadline)
            except ConnectionError as error:
                # So ends the connection of a pool that dies with the request still unread.
                raise _gone(started=started) from error
            except (OSError, wire.WireError) as error:
                raise SandboxLost from error
            if message is None:
                raise _gone(started=started)
            kind = message["kind"]
            if kind == "started":
                started = True
            elif kind == "progress" and self._on_progress is not None:
                self._on_progress(run_id, message["message"])
            elif kind == "refused":
                raise _refusal(message)
            elif kind == "report":
                try:
                    return wire.unpack_report(message)
                except wire.WireError as error:
                    raise SandboxLost from error


def _gone(*, started: bool) -> MidcallError:
    """Tell what the end of the pool means: it sends `started` before a sandbox is told anything."""
    return SandboxLost() if started else SandboxUnavailable()


def _refusal(message: dict[str, Any]) -> MidcallError:
    text = str(message.get("message", "")) or None
    return SandboxBusy(text) if message.get("code") == SandboxBusy.code else SandboxUnavailable(text)
