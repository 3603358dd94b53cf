"""A pool for one command: the one that runs on this host, or one of its own."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from midcall.bootstrap.pool import pool_config
from midcall.bootstrap.settings import Settings, private_directory
from midcall.cli.say import say
from midcall.domain.errors import SandboxUnavailable
from midcall.domain.times import now_ms
from midcall.sandbox.client import PoolClient
from midcall.sandbox.serving import serve

#: Seconds for a pool of one's own to start, an image build included.
START_S = 900


@contextlib.contextmanager
def any_pool(settings: Settings) -> Iterator[PoolClient]:
    """Use the pool that runs on this host, or one of one's own for as long as this command runs."""
    client = PoolClient(settings.pool_socket)
    try:
        client.status()
    except SandboxUnavailable:
        with _own_pool(settings) as own:
            yield own
    else:
        yield client


@contextlib.contextmanager
def _own_pool(settings: Settings) -> Iterator[PoolClient]:
    with tempfile.TemporaryDirectory(prefix="midcall-run-") as directory:
        socket = private_directory(Path(directory)) / "pool.sock"
        config = replace(pool_config(settings), socket=socket, pool_id=f"run-{os.getpid()}", size=1, max_concurrent=1)
        stop = threading.Event()
        failure: list[Exception] = []

        def serving() -> None:
            try:
                serve(config, stop=stop, say=lambda step: say(step, err=True))
            except Exception as error:  # a thread's edge: told by the command below
                failure.append(error)

        thread = threading.Thread(target=serving, name="pool")
        thread.start()
        try:
            yield _ready(PoolClient(socket), thread, failure)
        finally:
            stop.set()
            thread.join()


def _ready(client: PoolClient, thread: threading.Thread, failure: list[Exception]) -> PoolClient:
    give_up_at = now_ms() + START_S * 1000
    while now_ms() < give_up_at:
        try:
            if client.status().get("ready", True):
                return client
        except SandboxUnavailable:
            thread.join(0.05)
        if not thread.is_alive():
            break
    raise SandboxUnavailable(f"the sandbox pool did not start: {failure[0] if failure else 'no reason given'}")
