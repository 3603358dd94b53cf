"""Keys and workspaces make so many requests a second; others are served meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.databases import Sqlite
from tests.support.serving import Client, Served, serving

#: Ten times as many may come at once.
KEY_RATE, WORKSPACE_RATE = 1, 2


@pytest.fixture(scope="module")
def slow(sqlite: Sqlite, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an app whose rates are low."""
    folder: Path = tmp_path_factory.mktemp("served")
    with (
        sqlite.migrated() as url,
        serving(
            folder, database_url=url, redis_url=redis_url, key_rate=KEY_RATE, workspace_rate=WORKSPACE_RATE
        ) as served,
    ):
        yield served


def flood(client: Client, most: int = 100) -> int:
    """Send requests until one is refused for their rate; returns how many were answered."""
    for count in range(most):
        answer = client.send("GET", "/v1/functions")
        if answer.status_code == 429:
            assert answer.json()["code"] == "rate_exceeded"
            assert int(answer.headers["retry-after"]) >= 1
            return count
        assert answer.status_code == 200
    return most


def test_a_key_and_a_workspace_are_slowed_down_and_no_other(slow: Served) -> None:
    """One key has its own rate, all keys of a workspace have one together, another workspace another."""
    admin = slow.tenant()
    colleague = slow.colleague(admin, "colleague", "read")
    assert 9 <= flood(admin) < 50
    assert 1 <= flood(colleague) < 50
    third = slow.colleague(slow.tenant(), "third", "read")
    assert third.ok("GET", "/v1/functions")["items"] == []
    assert slow.client("mc_nobody").send("GET", "/v1/functions").status_code == 401
