"""A private Redis and a database for each test; both are cheap."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.integration.queue.parts import House, PrivateRedis, SilentQueue, rq_queue

from midcall.queue.rq_queue import RqQueue


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    """Start a Redis of one's own, started as `midcall up` starts it."""
    with TemporaryDirectory(prefix="mc-q-") as directory:
        server = PrivateRedis(Path(directory))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def queue(private_redis: PrivateRedis) -> Iterator[RqQueue]:
    """Open the real queue over it."""
    queue = rq_queue(private_redis.url)
    yield queue
    queue.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Make a database with the use cases over it, and a queue that wakes nobody."""
    house = House.build(tmp_path / "midcall.db", SilentQueue())
    house.function("plain")
    house.function("again", retries=1)
    yield house
    house.storage.close()
