"""`midcall up`: all of midcall on one machine."""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Annotated, Any

import typer

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.pool import DEFAULT_DOCKER_URL
from midcall.bootstrap.settings import BadSetting, Settings, approval_key, kept_secret, private_directory, secret_keys
from midcall.bootstrap.store import migrate_storage, operators_workspaces
from midcall.cli.children import ALLOCATOR, ChildProcess, ProcessSpec
from midcall.cli.redis_server import find_redis_server, redis_argv
from midcall.cli.say import say
from midcall.domain.workspace import Scope
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing
from midcall.sandbox.image import ensure_image
from midcall.service.access.workspaces import DEFAULT_WORKSPACE

#: Seconds for everything to be ready: a cold pool on a busy machine takes about five.
READY_S = 90
_LOOK_EVERY_S = 0.1
_BUILD_TIMEOUT_S = 900.0


class _Stop(Exception):
    """SIGINT or SIGTERM came."""


def run(
    port: Annotated[int | None, typer.Option(help="where the api listens; default 8787")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="database and keys; default .midcall")] = None,
) -> None:
    """Run all of midcall on this machine until Ctrl-C."""
    given = {"port": port, "data_dir": data_dir}
    up(Settings(**{name: value for name, value in given.items() if value is not None}))  # type: ignore[arg-type]


def up(settings: Settings) -> None:
    """Run Redis, pool, workers and api until SIGINT or SIGTERM, then end them in order."""
    set_up_logs(settings, "up")
    private_directory(settings.data_dir)
    with _only_one(settings), _stoppable():
        for socket_path in (settings.pool_socket, settings.private_redis_socket):
            private_directory(socket_path.parent)
        settings = settings.model_copy(update={"port": _free_port(settings)})
        allow_list(settings)
        migrate_storage(settings)
        approval_key(settings)
        secret_keys(settings)
        new_key = _admin_key(settings)
        settings = settings.model_copy(update={"sandbox_image": _image(settings)})
        children = [ChildProcess(part) for part in _parts(settings)]
        try:
            for child in children:
                child.start()
            _await_ready(settings, children)
            _say_hello(settings, new_key=new_key)
            while True:
                time.sleep(_LOOK_EVERY_S)
                for child in children:
                    child.watch()
        except _Stop:
            say("\nStopping: api, workers, pool, Redis …", err=True)
        finally:
            # Started as Redis, pool, workers, api; ended the other way round, so that calls under way can finish.
            for child in reversed(children):
                child.stop()


def _free_port(settings: Settings) -> int:
    """Return the port to listen on, any free one for 0; one that is taken is refused: its `/readyz` passes for ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            port: int = probe.getsockname()[1]
        except OSError as error:
            raise BadSetting(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); use another --port"
            ) from error
    return port


def _parts(settings: Settings) -> Iterator[ProcessSpec]:
    env = {**ALLOCATOR, **os.environ} | {
        "MIDCALL_DATA_DIR": str(settings.data_dir),
        "MIDCALL_RUNTIME_DIR": str(settings.runtime),
        "MIDCALL_HOST": settings.host,
        "MIDCALL_PORT": str(settings.port),
        "MIDCALL_ALLOWED_MODULES": str(settings.allowed_modules or ""),
        "MIDCALL_SANDBOX_IMAGE": settings.sandbox_image or "",
    }
    midcall = [sys.executable, "-m", "midcall"]
    if settings.redis_url is None:
        yield ProcessSpec("redis", redis_argv(find_redis_server(), settings.private_redis_socket), env, stop_s=5)
    yield ProcessSpec("pool", [*midcall, "pool"], _without_secrets(env), stop_s=20)
    yield ProcessSpec("live workers", [*midcall, "worker", "--live"], env, stop_s=20)
    if settings.workers:
        yield ProcessSpec("workers", [*midcall, "worker"], env, stop_s=20)
    yield ProcessSpec("api", [*midcall, "api"], env, stop_s=25)


def _without_secrets(env: dict[str, str]) -> dict[str, str]:
    """Return the environment for the pool, which speaks to containers and needs no secret."""
    secret = {"MIDCALL_APPROVAL_KEY", "MIDCALL_SECRET_KEYS", "MIDCALL_DATABASE_URL", "MIDCALL_REDIS_URL"}
    return {name: value for name, value in env.items() if name not in secret}


def _image(settings: Settings) -> str:
    if settings.sandbox_image:
        return settings.sandbox_image
    try:
        with Engine(url=settings.docker_url or DEFAULT_DOCKER_URL, timeout_s=_BUILD_TIMEOUT_S) as engine:
            return ensure_image(
                engine,
                requirements=settings.sandbox_requirements,
                say=lambda step: say(step, err=True),
            )
    except (EngineFailed, ImageMissing) as error:
        raise BadSetting(f"{error}") from error


def _admin_key(settings: Settings) -> bool:
    """Make sure that there is a first workspace and a file with an admin key; True if the key is new."""
    with operators_workspaces(settings) as workspaces:
        if not workspaces.exists(DEFAULT_WORKSPACE):
            # A key that is there all the same belongs to another database, and opens nothing here.
            settings.admin_key_file.unlink(missing_ok=True)
            token = workspaces.create(DEFAULT_WORKSPACE, principal="admin").token
        elif settings.admin_key_file.exists():
            return False
        else:
            # Killed between the two steps, or the file was removed: another key does no harm.
            admin = frozenset({Scope.ADMIN})
            token = workspaces.create_key(DEFAULT_WORKSPACE, principal="admin", scopes=admin).token
    kept_secret(settings.admin_key_file, token)
    return True


def _await_ready(settings: Settings, children: list[ChildProcess]) -> None:
    give_up_at = time.monotonic() + READY_S
    answer: dict[str, Any] = {}
    while time.monotonic() < give_up_at:
        for child in children:
            child.watch()
        answer = _readiness(settings)
        if answer.get("status") == "ready":
            return
        time.sleep(_LOOK_EVERY_S)
    missing = [name for name, check in answer.get("checks", {}).items() if not check["ok"]] or ["api"]
    raise BadSetting(f"not ready after {READY_S} s: {', '.join(missing)}; its log lines above say why")


def _readiness(settings: Settings) -> dict[str, Any]:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    else:
        return found
    finally:
        connection.close()


def _say_hello(settings: Settings, *, new_key: bool) -> None:
    say(f"midcall is ready at http://{settings.host}:{settings.port} (API reference at /docs)")
    if new_key:
        say(f"Admin key: {settings.admin_key_file.read_text().strip()}")
    say(f"The admin key is kept in {settings.admin_key_file}; Ctrl-C stops everything.")
    sys.stdout.flush()


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[IO[str]]:
    """Hold the data directory's lock: two of us on one directory would take each other's sockets."""
    with (settings.data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadSetting(
                f"midcall runs on {settings.data_dir} already; stop it or use another --data-dir"
            ) from error
        yield lock


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # A second signal while things are being stopped must not leave half of them behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise _Stop

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        yield
    except _Stop:
        return
