"""Several workspaces on one installation: what one holds for long, others do not wait for."""

from collections.abc import Iterator

import httpx
import pytest
from tests.e2e.stack import QUICK, TIMEOUT_S, Stack, midcall, stack
from tests.support.patience import CLIENT_S, wait_for
from tests.support.plain_http import plain_client

GREEDY = 8
LATER = {"background": True}


@pytest.fixture(scope="module")
def shared() -> Iterator[Stack]:
    """Run a stack with two workers of each group."""
    with stack("tenants", MIDCALL_LIVE_WORKERS="2", MIDCALL_WORKERS="2") as it:
        yield it


@pytest.fixture(scope="module")
def modest(shared: Stack) -> Iterator[httpx.Client]:
    """Make another workspace, with a function that is quick, and an agent that calls one in the background."""
    made = midcall("workspace", "create", "modest", env={**shared.env, "MIDCALL_DATA_DIR": str(shared.data)})
    assert made.code == 0, made
    headers = {"Authorization": f"Bearer {made.out.strip()}"}
    with plain_client(base_url=shared.url, headers=headers) as client:
        for name, fields in (("quick", {}), ("later", LATER)):
            body = {"name": name, "description": "Quick.", "kind": "code", "code": {"source": QUICK}, **fields}
            assert client.post("/v1/functions", json={**body, "timeout": TIMEOUT_S}).is_success
            assert client.post(f"/v1/functions/{name}/versions/1/submit").json()["status"] == "approved"
            assert client.post(f"/v1/functions/{name}/publish", json={"version": 1}).is_success
        attached = [{"function": "later", "phase": "during_session"}]
        assert client.put("/v1/agents/desk", json={"functions": attached}).is_success
        yield client


def test_long_calls_of_one_workspace_make_no_other_wait(shared: Stack, modest: httpx.Client) -> None:
    """Eight hold on, live and as tests; calls, tests and background runs of another come to their end meanwhile."""
    shared.held("holds")
    shared.opened.clear()
    calls = [shared.in_background("holds") for _ in range(GREEDY)]
    calls += [shared.test_in_background("holds") for _ in range(GREEDY)]
    try:
        shared.await_running("holds", count=2)
        for _ in range(3):
            assert modest.post("/v1/functions/quick/invoke", json={"params": {}}).json()["status"] == "succeeded"
            assert modest.post("/v1/functions/quick/test", json={}).json()["status"] == "ok"
        session = modest.post("/v1/sessions", json={"agent": "desk"}).json()["sessionId"]
        called = modest.post(f"/v1/sessions/{session}/functions/later", json={"params": {}}).json()
        path = f"/v1/invocations/{called['invocation_id']}"
        assert wait_for(lambda: modest.get(path).json()["status"] == "succeeded"), shared.said
        running = [row for row in shared.rows("holds") if row["status"] == "running"]
        assert len(running) == 2, "one of each group: as many are left free"
    finally:
        shared.opened.set()
    # The greedy one gets all that it asked for, once its share is free again.
    assert [call.result(CLIENT_S)["status"] for call in calls] == ["succeeded"] * GREEDY + ["ok"] * GREEDY
