"""Real servers of one test run: PostgreSQL and Redis, each in a directory of its own, on a unix socket alone."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis
from redis.exceptions import RedisError
from tests.support.patience import PATIENCE_S, wait_for


@contextmanager
def stopped_at_the_end(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Stop a server process when the block ends, patiently first."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis; gives its URL."""
    with TemporaryDirectory(prefix="mcr-") as folder:
        socket = Path(folder) / "redis.sock"
        argv = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        with stopped_at_the_end(subprocess.Popen(argv, stdout=subprocess.DEVNULL)):
            with Redis.from_url(f"unix://{socket}") as client:
                assert wait_for(lambda: _answers(client)), "redis-server did not start"
            yield f"unix://{socket}"


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@contextmanager
def postgres_server() -> Iterator[Path]:
    """Run a PostgreSQL that keeps nothing safe; gives the directory of its socket (user and database `postgres`)."""
    # Its data directory must be its user's, and that user must not be root.
    with TemporaryDirectory(prefix="mcp-") as folder:
        root = Path(folder)
        data = root / "data"
        _hand_over(root)
        initdb = [_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
        _run_as_postgres([*initdb, "--locale", "C.UTF-8"], root)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            # Neither is worth its time for tables that live for seconds.
            "jit": "off",
            "autovacuum": "off",
            "max_connections": "100",
        }
        argv = [_program("postgres"), "-D", str(data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        process = subprocess.Popen(argv, user=_user(), cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with stopped_at_the_end(process):
            ready = [_program("pg_isready"), "-q", "-h", folder, "-U", "postgres"]
            started = wait_for(lambda: subprocess.run(ready, check=False).returncode == 0)
            assert started, "postgres did not start"
            yield root


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        assert newest, f"PostgreSQL's {name} is missing; `make setup` installs it"
        found = str(newest[-1])
    return found


def _user() -> str | None:
    """Name the user to run as, where this process is root."""
    return "postgres" if os.geteuid() == 0 else None


def _hand_over(folder: Path) -> None:
    if _user():
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)


def _run_as_postgres(argv: list[str], folder: Path) -> None:
    done = subprocess.run(argv, user=_user(), cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
