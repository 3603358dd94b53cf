"""The main job on real parts: api, commit, RQ, worker process, pool process, container, and all the way back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.support.databases import Databases
from tests.support.patience import wait_for
from tests.support.servers import redis_server, stopped_at_the_end
from tests.support.serving import Client, Served, serving

from midcall.domain.errors import SandboxUnavailable
from midcall.sandbox.client import PoolClient

POOL_START_S = 60.0

SOURCE = """\
def handler(session):
    print("looking up", session["params"]["order"])
    return {"result": f"Order {session['params']['order']} is on its way.", "dynamicVariables": {"found": True}}
"""

FAILING = """\
def handler(session):
    order = session["params"]
    return order["missing"]
"""

SLOW = """\
def handler(session):
    print("so far")
    while session["params"] is not None:
        pass
    return None
"""


@contextmanager
def process(command: list[str], **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of midcall's own processes with these settings."""
    ours = {f"MIDCALL_{name.upper()}": str(value) for name, value in settings.items()}
    argv = [sys.executable, "-m", "midcall", *command]
    with stopped_at_the_end(subprocess.Popen(argv, env={**os.environ, **ours}, start_new_session=True)) as running:
        yield running


def is_ready(pool: PoolClient) -> bool:
    """Tell whether a pool has a sandbox ready."""
    try:
        return bool(pool.status()["ready"])
    except SandboxUnavailable:
        return False


@pytest.fixture(scope="module")
def runtime_dir() -> Iterator[Path]:
    """Run a real pool with an id of its own; gives the directory of its socket."""
    with TemporaryDirectory(prefix="mcm-") as folder:
        more = {"data_dir": Path(folder) / "data", "pool_id": f"test-api-{os.getpid()}", "pool_size": 2}
        with process(["pool"], runtime_dir=folder, **more):
            assert wait_for(lambda: is_ready(PoolClient(Path(folder) / "pool.sock")), POOL_START_S)
            yield Path(folder)


@pytest.fixture(scope="module")
def real(databases: Databases, runtime_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the api over a real database, a real Redis, real workers and the real pool."""
    data_dir = tmp_path_factory.mktemp("real")
    with databases.migrated() as database_url, redis_server() as redis_url:
        urls: dict[str, Any] = {"database_url": database_url, "redis_url": redis_url}
        with (
            serving(data_dir, runtime_dir=runtime_dir, fake_workers=0, **urls) as served,
            process(["worker", "--count", "2"], data_dir=data_dir, runtime_dir=runtime_dir, **urls),
        ):
            yield served


@pytest.fixture(scope="module")
def author(real: Served) -> Client:
    """Make a workspace on real parts."""
    return real.tenant()


def test_everything_is_ready(real: Served) -> None:
    """Database, Redis, pool and the api's own loops answer, each within its milliseconds."""
    found = real.client(None).ok("GET", "/readyz")
    assert found["status"] == "ready"
    assert {name: check["ok"] for name, check in found["checks"].items()} == dict.fromkeys(
        ("database", "redis", "pool", "loops"), True
    )


def test_a_function_is_written_reviewed_tested_published_and_invoked(real: Served, author: Client) -> None:
    """Both ways to run it go through queue, worker, pool and container; each has a container of its own."""
    author.published("track_order", code={"source": SOURCE})
    report = author.ok("POST", "/v1/functions/track_order/test", {"params": {"order": 7}})
    assert (report["status"], report["logs"]) == ("ok", "looking up 7\n")
    assert report["result"] == {"result": "Order 7 is on its way.", "dynamicVariables": {"found": True}}
    outcome = author.ok("POST", "/v1/functions/track_order/invoke", {"params": {"order": "8"}})
    assert (outcome["status"], outcome["result"]) == ("succeeded", "Order 8 is on its way.")
    assert (outcome["dynamicVariables"], outcome["changed"]) == ({"found": True}, ["found"])
    assert outcome["timings"]["sandbox_ms"] > 0
    records = author.ok("GET", "/v1/invocations", params={"function": "track_order"})["items"]
    assert [record["purpose"] for record in records] == ["live", "test"]
    assert len({record["sandbox_id"] for record in records}) == 2
    assert real.sandbox.requests == []


def test_a_function_that_raises_fails_with_its_line(author: Client) -> None:
    """The author sees type, message and the line of their own source."""
    author.published("broken", code={"source": FAILING})
    report = author.ok("POST", "/v1/functions/broken/test", {})
    assert (report["status"], report["error"]["type"], report["error"]["line"]) == ("error", "KeyError", 3)
    outcome = author.ok("POST", "/v1/functions/broken/invoke", {})
    assert (outcome["status"], outcome["error"]["type"]) == ("failed", "KeyError")
    assert outcome["message"]


def test_a_function_that_never_returns_is_killed_at_its_deadline(author: Client, runtime_dir: Path) -> None:
    """One deadline for the whole call, which the code began well before."""
    assert wait_for(lambda: PoolClient(runtime_dir / "pool.sock").status()["idle"] > 0)
    author.approved("endless", code={"source": SLOW}, timeout=5)  # short: its deadline ends it
    report = author.ok("POST", "/v1/functions/endless/test", {})
    assert (report["status"], report["logs"]) == ("timeout", "so far\n")
    assert report["timings"]["sandbox_ms"] < 6_000


def test_a_function_that_asks_for_a_jail_runs_in_one(author: Client) -> None:
    """Its first call in a container, while the workspace's container of jails starts; the outcomes are alike."""
    author.ok("PATCH", "/v1/workspace", {"allow_jail": True})
    author.published("jailed", code={"source": SOURCE}, isolation="jail")

    def invoked() -> Any:
        outcome = author.ok("POST", "/v1/functions/jailed/invoke", {"params": {"order": 7}})
        assert outcome["result"] == "Order 7 is on its way."
        return author.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")

    first = invoked()
    assert (first["isolation"], first["isolation_note"]) == (
        "container",
        "the workspace's container of jails is starting",
    )
    assert wait_for(lambda: invoked()["isolation"] == "jail")
    jailed = invoked()
    assert (jailed["status"], jailed["logs"], jailed["isolation_note"]) == ("succeeded", "looking up 7\n", None)
