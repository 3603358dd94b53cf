"""The caller's side of the pool's socket: what a worker uses to run code."""

import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from midcall.domain.action import MAX_PARALLEL
from midcall.domain.errors import MidcallError, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox import wire
from midcall.sandbox.answers import Answers, no_actions
from midcall.sandbox.bounded_threads import BoundedThreads
from midcall.service.ports import ActionHandler

#: Seconds that the pool may take beyond a deadline to report; past it, it counts as lost. A pool that is gone is known
#: by the end of its connection: this is for one that stands still, and on a starved host a report may take seconds.
GRACE_S = 5.0
STATUS_S = 5.0

#: What to do with a message of the pool.
Hear = Callable[[dict[str, Any]], None]


class PoolClient:
    """Runs code in the pool that serves at `socket_path`. Safe to use from many threads; holds no connection open.

    `on_progress(run_id, message)` is called, in the calling thread, with what running code reports of itself.
    """

    def __init__(self, socket_path: Path, *, on_progress: Callable[[str, str], None] | None = None) -> None:
        self._path = str(socket_path)
        self._on_progress = on_progress

    def run(self, request: RunRequest, act: ActionHandler = no_actions) -> RunReport:
        """Run once; returns within `deadline_ms`, `wait_ms` and GRACE_S.

        `act` carries out the actions that the code calls, in threads, MAX_PARALLEL of them at a time; one that is not
        done when the run is over is left to end by itself, and its answer goes nowhere. Raises SandboxUnavailable and
        SandboxBusy where nothing was run, SandboxLost where that is unknown.
        """
        deadline = time.monotonic() + (request.deadline_ms + request.wait_ms) / 1000 + GRACE_S
        body: dict[str, Any] = {
            "kind": "run",
            "run_id": request.run_id,
            "owner": request.owner,
            "source": request.source,
            "session": dict(request.session),
            "deadline_ms": request.deadline_ms,
            "actions": list(request.actions),
        }
        if request.wait_ms:  # a pool of an earlier release, started before its workers, knows nothing of it
            body["wait_ms"] = request.wait_ms
        if request.isolation is not Isolation.CONTAINER:
            body["isolation"] = request.isolation.value
        with self._connect() as connection, BoundedThreads(MAX_PARALLEL) as threads:
            try:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                wire.send(connection, body)
            except OSError as error:
                # The pool reads a request before it acts on it: half of one was never run.
                raise SandboxUnavailable from error
            answers = Answers(connection, act)

            def act_on(message: dict[str, Any]) -> None:
                if not threads.submit(lambda: answers.answer(message)):
                    answers.refuse(message)

            heard: dict[str, Hear] = {"action": act_on}
            if (told := self._on_progress) is not None:
                heard["progress"] = lambda message: told(request.run_id, message["message"])
            try:
                return _await_report(connection, deadline, heard)
            finally:
                answers.close()

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


def _await_report(connection: socket.socket, deadline: float, heard: Mapping[str, Hear]) -> RunReport:
    """Hear what comes before the report, and return that."""
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
        started |= kind == "started"
        if kind in heard:
            heard[kind](message)
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
