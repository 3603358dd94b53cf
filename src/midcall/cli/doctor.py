"""`midcall doctor`: what is missing on this machine, and the cure."""

import platform
from collections.abc import Callable

import typer

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.pool import DEFAULT_DOCKER_URL
from midcall.bootstrap.settings import BadSetting, Settings, approval_key, private_directory, secret_keys
from midcall.bootstrap.store import open_queue, open_storage
from midcall.cli.redis_server import find_redis_server
from midcall.domain.errors import MidcallError
from midcall.review import policy_version
from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed

_ENGINE_TIMEOUT_S = 10.0


def doctor() -> None:
    """Check what midcall stands on; exits with 1 if something is missing."""
    settings = Settings()
    private_directory(settings.data_dir)
    needed: dict[str, Callable[[], str]] = {
        "Python": platform.python_version,
        "Docker Engine": lambda: _engine(settings),
        "Redis server": lambda: settings.redis_url or find_redis_server(),
        "allow-list": lambda: _allowed(settings),
        "approval key": lambda: f"{len(approval_key(settings))} bytes",
        "secret keys": lambda: f"{len(secret_keys(settings))}, the first encrypts",
    }
    running: dict[str, Callable[[], str]] = {
        "database": lambda: _database(settings),
        "Redis": lambda: _redis(settings),
        "sandbox pool": lambda: _pool(settings),
    }
    found = [_tell(name, look) for name, look in needed.items()]
    typer.echo("What runs now (all of it once `midcall up` is ready):")
    for name, look in running.items():
        _tell(name, look)
    raise typer.Exit(0 if all(found) else 1)


def _tell(name: str, look: Callable[[], str]) -> bool:
    try:
        found = look()
    except (BadSetting, MidcallError, EngineFailed) as error:
        typer.echo(f"  missing  {name}: {error}")
        return False
    typer.echo(f"  ok       {name}: {found}")
    return True


def _engine(settings: Settings) -> str:
    with Engine(url=settings.docker_url or DEFAULT_DOCKER_URL, timeout_s=_ENGINE_TIMEOUT_S):
        return settings.docker_url or DEFAULT_DOCKER_URL


def _allowed(settings: Settings) -> str:
    found = allow_list(settings)
    own = f"{settings.allowed_modules} on top of midcall's own" if settings.allowed_modules else "midcall's own"
    return f"{own}, {len(found.modules)} modules, policy {policy_version(found)}"


def _database(settings: Settings) -> str:
    open_storage(settings).close()
    return settings.database.split(":", 1)[0]


def _redis(settings: Settings) -> str:
    return f"{open_queue(settings).waiting()} jobs waiting"


def _pool(settings: Settings) -> str:
    status = PoolClient(settings.pool_socket).status()
    return ", ".join(f"{name} {value}" for name, value in status.items())
