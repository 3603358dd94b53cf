"""`midcall doctor`: what is missing on this machine, and the cure."""

import platform
from collections.abc import Callable

import typer

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.pool import DEFAULT_DOCKER_URL
from midcall.bootstrap.settings import BadSetting, Settings, approval_key, private_directory, secret_keys
from midcall.bootstrap.store import open_queue, open_storage
from midcall.cli.redis_server import find_redis_server
from midcall.cli.say import say
from midcall.domain.errors import MidcallError, SandboxUnavailable
from midcall.review import policy_version
from midcall.review.allowlist import packaged
from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed
from midcall.sandbox.escapes import known_escapes
from midcall.sandbox.image import wanted_packages
from midcall.sandbox.listed import listed_faults
from midcall.sandbox.serving import check_runtime

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
        "sandbox packages": lambda: _packages(settings),
        "approval key": lambda: f"{len(approval_key(settings))} bytes",
        "secret keys": lambda: f"{len(secret_keys(settings))}, the first encrypts",
    }
    running: dict[str, Callable[[], str]] = {
        "database": lambda: _database(settings),
        "Redis": lambda: _redis(settings),
        "sandbox pool": lambda: _pool(settings),
    }
    found = [_tell(name, look) for name, look in needed.items()]
    say("What runs now (all of it once `midcall up` is ready):")
    for name, look in running.items():
        _tell(name, look)
    if settings.allowed_modules is not None:
        found.append(_tell("names of the allow-list", lambda: _names(settings)))
    raise typer.Exit(0 if all(found) else 1)


def _tell(name: str, look: Callable[[], str]) -> bool:
    try:
        found = look()
    except (BadSetting, MidcallError, EngineFailed) as error:
        say(f"  missing  {name}: {error}")
        return False
    say(f"  ok       {name}: {found}")
    return True


def _engine(settings: Settings) -> str:
    url = settings.docker_url or DEFAULT_DOCKER_URL
    with Engine(url=url, timeout_s=_ENGINE_TIMEOUT_S) as engine:
        versions = engine.versions()
        check_runtime(engine, settings.sandbox_runtime)
    for line in known_escapes(versions):
        say(f"  old      {line}")
    runtime = f", sandboxes by {settings.sandbox_runtime}" if settings.sandbox_runtime else ""
    return f"{versions.get('Engine', 'of unknown version')} at {url}{runtime}"


def _allowed(settings: Settings) -> str:
    found = allow_list(settings)
    own = f"{settings.allowed_modules} on top of midcall's own" if settings.allowed_modules else "midcall's own"
    return f"{own}, {len(found.modules)} modules, policy {policy_version(found)}"


def _packages(settings: Settings) -> str:
    wanted = wanted_packages(settings.sandbox_requirements).wanted
    return ", ".join(f"{one.name} {one.version}" for one in wanted)


def _database(settings: Settings) -> str:
    open_storage(settings).close()
    return settings.database.split(":", 1)[0]


def _redis(settings: Settings) -> str:
    return f"{open_queue(settings).waiting()} calls waiting"


def _names(settings: Settings) -> str:
    allowed = allow_list(settings)
    added = allowed.beyond(packaged())
    try:
        faults = listed_faults(PoolClient(settings.pool_socket), allowed.modules, allowed.modules)
    except SandboxUnavailable:
        return "not looked at: no sandbox pool runs here"
    if faults:
        raise BadSetting(f"MIDCALL_ALLOWED_MODULES, the sandbox image: {'; '.join(faults)}")
    count, more = (sum(map(len, names.values())) for names in (allowed.modules, added))
    return f"{count} names, {more} added, all of them in the sandbox image, and none shows a module"


def _pool(settings: Settings) -> str:
    status = PoolClient(settings.pool_socket).status()
    return ", ".join(f"{name} {value}" for name, value in status.items())
