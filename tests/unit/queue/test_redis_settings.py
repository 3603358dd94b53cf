"""Which Redis is taken: a private one without a port, or one with a password."""

from pathlib import Path

import pytest

from midcall.bootstrap.settings import BadSetting, Settings
from midcall.cli.redis_server import redis_argv
from midcall.queue.connection import BLOCK_MS, enqueueing, listening


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@redis.example:6379/0",
        "rediss://user:secret@redis.example/1",
        "redis://:secret@127.0.0.1/0",
        "unix:///run/redis/redis.sock?db=1",
    ],
)
def test_a_guarded_redis_is_taken(url: str) -> None:
    """By password, or by the mode of its socket's file."""
    assert Settings(redis_url=url).redis == url


@pytest.mark.parametrize(
    "url",
    ["redis://redis.example/0", "rediss://redis.example", "redis://user@host/0", "redis://:@host", "redis://[::1]/0"],
)
def test_a_redis_without_a_password_is_refused(url: str) -> None:
    """Whoever can write to Redis can wake workers and drop calls."""
    with pytest.raises(BadSetting, match="password"):
        Settings(redis_url=url)


@pytest.mark.parametrize("url", ["http://redis.example", "redis.example:6379", "redis://[::1", "//"])
def test_what_is_no_redis_url_is_refused(url: str) -> None:
    """The line says what it should be."""
    with pytest.raises(BadSetting, match="MIDCALL_REDIS_URL must be"):
        Settings(redis_url=url)


def test_loopback_may_do_without_a_password_only_where_that_is_said() -> None:
    """The exception is explicit, and holds for no other host."""
    assert Settings(redis_url="redis://localhost:6379", redis_unprotected=True).redis_url
    with pytest.raises(BadSetting, match="MIDCALL_REDIS_UNPROTECTED"):
        Settings(redis_url="redis://localhost:6379")
    with pytest.raises(BadSetting, match="password"):
        Settings(redis_url="redis://redis.example:6379", redis_unprotected=True)


def test_a_bad_setting_names_its_variable_and_not_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value may be a secret in the wrong place."""
    monkeypatch.setenv("MIDCALL_PORT", "hunter2")
    with pytest.raises(BadSetting, match="MIDCALL_PORT") as caught:
        Settings()
    assert "hunter2" not in str(caught.value)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files and shell scripts leave them behind."""
    monkeypatch.setenv("MIDCALL_REDIS_URL", "")
    assert Settings().redis.startswith("unix:///")


def test_the_private_redis_has_no_port_and_a_socket_for_its_owner(tmp_path: Path) -> None:
    """The command line that starts it says the same: no port, and a socket of its owner's alone."""
    argv = redis_argv("redis-server", tmp_path / "redis.sock")
    options = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--unixsocketperm"] == "600"


def test_an_odd_directory_name_does_not_break_the_private_redis_url(tmp_path: Path) -> None:
    """A `#` or a `%` in a directory's name is no part of a URL's grammar."""
    runtime = tmp_path.parent / "a#b%20c"
    settings = Settings(runtime_dir=runtime)
    client = enqueueing(settings.redis)
    assert client.connection_pool.connection_kwargs["path"] == str(settings.private_redis_socket)
    client.close()


def test_each_connection_has_the_timeout_of_its_purpose() -> None:
    """Whoever waits for an enqueue waits a second; a read that blocks is not cut off by the client."""
    short, long = enqueueing("unix:///nowhere"), listening("unix:///nowhere")
    assert short.connection_pool.connection_kwargs["socket_timeout"] == 1.0
    assert short.connection_pool.connection_kwargs["socket_connect_timeout"] == 1.0
    assert long.connection_pool.connection_kwargs["socket_timeout"] > BLOCK_MS / 1000
    short.close()
