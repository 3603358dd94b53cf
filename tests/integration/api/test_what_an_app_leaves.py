"""A served app sets what holds for its whole process, which in these tests goes on without it."""

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.databases import Sqlite
from tests.support.garbage_collector import unfreeze
from tests.support.patience import PATIENCE_S
from tests.support.serving import serving

from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.outbound.client import GuardedClient
from midcall.service.runs.sweep import Sweep
from midcall.storage.database import Storage


def test_a_served_app_leaves_the_process_as_it_was(sqlite: Sqlite, tmp_path: Path, redis_url: str) -> None:
    """How long a thread computes in turn, and what the collector looks at: tests that follow are not measured by it."""
    turn_s = sys.getswitchinterval()
    with sqlite.migrated() as url, serving(tmp_path, database_url=url, redis_url=redis_url):
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() < 0.005
    assert sys.getswitchinterval() == turn_s
    assert gc.get_freeze_count() == 0


def test_the_collector_keeps_away_again_once_such_a_test_is_over() -> None:
    """Each look at all that a process of tests holds takes half a second, and some tests ask for hundreds."""
    assert gc.get_freeze_count() > 0


@pytest.fixture
def url(sqlite: Sqlite) -> Iterator[str]:
    """Have a database."""
    with sqlite.migrated() as fresh:
        yield fresh


def test_what_is_being_swept_at_the_end_comes_to_its_end_before_the_storage_is_closed(
    url: str, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds a connection of the storage, which nobody would close afterwards."""
    begun, ending = threading.Event(), threading.Event()
    order: list[str] = []
    let_go, close, sweep_once = GuardedClient.close, Storage.close, Sweep.sweep

    def sweep(of: Sweep) -> Any:
        if str(vars(of.storage)["_writing"].url) != url:  # the process may serve another app, for other tests
            return sweep_once(of)
        begun.set()
        assert ending.wait(PATIENCE_S)
        time.sleep(0.2)  # as long as a slow query takes
        order.append("swept")
        return False

    def end(client: GuardedClient) -> None:
        let_go(client)
        ending.set()

    def closed(storage: Storage) -> None:
        order.append("closed")
        close(storage)

    monkeypatch.setattr(Sweep, "sweep", sweep)
    monkeypatch.setattr(GuardedClient, "close", end)
    monkeypatch.setattr(Storage, "close", closed)

    async def live() -> None:
        app = create_app(Settings(data_dir=tmp_path, database_url=url, redis_url=redis_url))
        async with app.router.lifespan_context(app):
            assert await asyncio.to_thread(begun.wait, PATIENCE_S)

    turn_s = sys.getswitchinterval()
    try:
        asyncio.run(live())
    finally:
        sys.setswitchinterval(turn_s)
        unfreeze()
    assert order == ["swept", "closed"]
