"""The pool's daemon: serves a pool on a unix socket to callers of known user ids.

A caller may name source, session, deadline and lower limits; never an image, a flag or a mount.
"""

import fcntl
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from midcall.domain.errors import MidcallError, SandboxBusy
from midcall.domain.isolation import Isolation
from midcall.sandbox import wire
from midcall.sandbox.conversation import CallerGone, SandboxJob
from midcall.sandbox.errors import PoolClosed, PoolUnfit
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.pool import Pool

log = structlog.get_logger(__name__)

#: Seconds for a caller to send its request, and for a small answer to be taken.
REQUEST_S = 10.0
#: Connections open at one time beyond the calls that may wait or run: health checks.
SPARE_CONNECTIONS = 32
#: Seconds for a caller to take a progress message: the run's deadline does not wait for a reader that has stopped.
PROGRESS_S = 0.2
BACKLOG = 128
#: Seconds before another caller is taken in after one could not be.
ACCEPT_AGAIN_S = 0.2


class UnknownPoolRequest(MidcallError):
    """The pool was asked for something that it does not do."""

    code = "bad_request"


class Daemon:
    """Serves `pool` on `config.socket`, one thread per connection."""

    def __init__(self, pool: Pool, config: PoolConfig) -> None:
        self._pool = pool
        self._config = config
        self._allowed = {os.getuid()} | ({config.peer_uid} if config.peer_uid is not None else set())
        self._idle = threading.Condition()
        self._attending = 0
        waiting, running = 2 * config.max_waiting, config.max_concurrent + config.jail_containers * config.jails_each
        self._connections = threading.BoundedSemaphore(waiting + running + SPARE_CONNECTIONS)

    def serve(self, stop: threading.Event) -> None:
        """Accept callers until `stop` is set, then let those inside finish for `drain_s`; the socket is gone then."""
        with listening(self._config.socket, self._config.peer_uid) as listener:
            listener.settimeout(0.2)
            log.info("pool_serving", socket=str(self._config.socket), pool_id=self._config.pool_id)
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                    self._take_in(connection)
                except TimeoutError:
                    continue
                except (OSError, RuntimeError) as error:
                    # The system has no descriptor or no thread to give: those who run must not end with who comes.
                    log.warning("caller_not_taken_in", reason=str(error))
                    stop.wait(ACCEPT_AGAIN_S)
        with self._idle:
            self._idle.wait_for(lambda: self._attending == 0, self._config.drain_s)

    def _take_in(self, connection: socket.socket) -> None:
        """Attend to a connection in a thread, or close it; raises RuntimeError where the system has none to give."""
        if not self._connections.acquire(blocking=False):
            connection.close()
            return
        with self._idle:
            self._attending += 1
        try:
            threading.Thread(target=self._attend, args=(connection,), name="caller", daemon=True).start()
        except RuntimeError:
            connection.close()
            self._let_go()
            raise

    def _let_go(self) -> None:
        self._connections.release()
        with self._idle:
            self._attending -= 1
            self._idle.notify_all()

    def _attend(self, connection: socket.socket) -> None:
        """Serve one connection; whatever it does, the daemon goes on."""
        try:
            with connection:
                if peer_uid(connection) not in self._allowed:
                    log.warning("caller_refused", uid=peer_uid(connection))
                    return
                message = wire.receive(connection, wire.MAX_REQUEST_BYTES, time.monotonic() + REQUEST_S)
                if message is not None:
                    self._answer(connection, message)
        except CallerGone:
            log.info("caller_gone")
        except PoolClosed:
            log.info("run_cut_off")  # the caller sees the connection end: its run is lost
        except (OSError, wire.WireError) as error:
            log.info("caller_dropped", reason=str(error))
        except Exception:  # the edge of a thread: one bad call must not end in silence
            log.exception("call_failed")
        finally:
            self._let_go()

    def _answer(self, connection: socket.socket, message: dict[str, Any]) -> None:
        connection.settimeout(REQUEST_S)
        try:
            if message["kind"] == "status":
                wire.send(connection, {"kind": "status", **asdict(self._pool.status())})
            elif message["kind"] == "run":
                self._run(connection, message)
            else:
                wire.send(
                    connection,
                    {"kind": "refused", "code": UnknownPoolRequest.code, "message": UnknownPoolRequest().message},
                )
        except (SandboxBusy, UnknownPoolRequest) as refusal:
            wire.send(connection, {"kind": "refused", "code": refusal.code, "message": refusal.message})

    def _run(self, connection: socket.socket, message: dict[str, Any]) -> None:
        def on_start(sandbox_id: str) -> None:
            wire.send(connection, {"kind": "started", "sandbox_id": sandbox_id})

        def on_progress(text: str) -> None:
            connection.settimeout(PROGRESS_S)
            try:
                wire.send(connection, {"kind": "progress", "message": text})
            except OSError:
                raise CallerGone from None

        def on_action(call: Mapping[str, Any]) -> None:
            connection.settimeout(REQUEST_S)
            try:
                wire.send(connection, {"kind": "action", **call})
            except OSError:
                raise CallerGone from None

        job = replace(
            read_job(message, self._config),
            caller=connection,
            on_start=on_start,
            on_progress=on_progress,
            on_action=on_action,
        )
        report = self._pool.run(job)
        connection.settimeout(REQUEST_S)
        wire.send(connection, wire.pack_report(report))
        log.info(
            "run_ended",
            run_id=str(message.get("run_id"))[:64],
            status=report.status.value,
            sandbox=report.sandbox_id[:12],
            isolation=report.isolation,
            waited_ms=report.waited_ms,
            sandbox_ms=report.sandbox_ms,
        )


def read_job(message: Mapping[str, Any], config: PoolConfig) -> SandboxJob:
    """Return the job that a `run` message asks for; raises BadRequest. Its limits are never above the pool's."""
    source, session, actions = message.get("source"), message.get("session"), message.get("actions", [])
    wishes = message.get("limits", {})
    if not isinstance(source, str) or not isinstance(session, dict) or not isinstance(wishes, dict):
        raise UnknownPoolRequest("a run needs `source` (text), `session` (object) and, if any, `limits` (object)")
    if not isinstance(actions, list) or not all(isinstance(name, str) for name in actions):
        raise UnknownPoolRequest("`actions` is a list of names")
    wait_ms = message.get("wait_ms", 0)
    if type(wait_ms) is not int or not 0 <= wait_ms <= config.limits.deadline_ms:
        raise UnknownPoolRequest(f"wait_ms is a number of milliseconds, {config.limits.deadline_ms} at most")
    if unknown := set(message) - _RUN_FIELDS:
        raise UnknownPoolRequest(f"a run takes no {sorted(unknown)}")
    try:
        limits = config.limits.lowered({**wishes, "deadline_ms": message.get("deadline_ms")})
    except ValueError as error:
        raise UnknownPoolRequest(str(error)) from error
    owner = message.get("owner", "")
    if not isinstance(owner, str) or len(owner) > MAX_OWNER_CHARS:
        raise UnknownPoolRequest(f"`owner` is a text of {MAX_OWNER_CHARS} characters at most")
    try:
        isolation = Isolation(message.get("isolation", Isolation.CONTAINER))
    except ValueError:
        raise UnknownPoolRequest(f"`isolation` is one of {', '.join(Isolation)}") from None
    now = time.monotonic()
    return SandboxJob(
        source=source,
        session=session,
        actions=tuple(actions),
        limits=limits,
        owner=owner,
        isolation=isolation,
        deadline=now + limits.deadline_ms / 1000,
        wait_until=now + wait_ms / 1000 if wait_ms else None,
    )


#: An owner is a workspace's id.
MAX_OWNER_CHARS = 64
_RUN_FIELDS = {
    *("kind", "run_id", "owner", "source", "session", "deadline_ms", "wait_ms", "actions", "isolation", "limits"),
}


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end, as the kernel knows it."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(data)[1])


_CREDENTIALS = struct.Struct("3i")


@contextmanager
def listening(path: Path, owner: int | None) -> Iterator[socket.socket]:
    """Yield a listening socket at `path` in a directory of mode 0700; both belong to `owner` where one is named.

    A lock beside the socket keeps a second daemon away; raises PoolUnfit where one serves there already. A socket that
    a killed daemon left is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PoolUnfit(f"another pool serves at {path} already") from None
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            path.chmod(0o600)
            if owner is not None:
                os.chown(path, owner, -1)
                os.chown(path.parent, owner, -1)
            listener.listen(BACKLOG)
            try:
                yield listener
            finally:
                path.unlink(missing_ok=True)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; call it in the main thread."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop
