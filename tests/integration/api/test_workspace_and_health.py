"""Workspace settings, health, readiness, and the OpenAPI document."""

from pathlib import Path

import pytest
from tests.support.databases import Sqlite
from tests.support.serving import Client, Served, serving

from midcall import __version__


def test_a_fresh_workspace_has_the_documented_settings(admin: Client) -> None:
    """Approval is automatic, any policy runs, a hundred calls of code may be in flight."""
    found = admin.ok("GET", "/v1/workspace")
    assert (found["approval"], found["enforce_current_policy"]) == ("auto", False)
    assert found["limits"] == {"max_in_flight": 100, "max_webhooks_in_flight": 320}


def test_settings_that_are_left_out_stay(admin: Client) -> None:
    """Each change is of what it names."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    admin.ok("PATCH", "/v1/workspace", {"enforce_current_policy": True})
    found = admin.ok("PATCH", "/v1/workspace", {"limits": {"max_in_flight": 7}})
    assert (found["approval"], found["enforce_current_policy"]) == ("human", True)
    assert found["limits"] == {"max_in_flight": 7, "max_webhooks_in_flight": 320}
    assert admin.ok("PATCH", "/v1/workspace", {}) == found
    assert admin.ok("GET", "/v1/workspace") == found


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"approval": "maybe"}, "approval"),
        ({"approval": None}, "approval"),
        ({"enforce_current_policy": "perhaps"}, "enforce_current_policy"),
        ({"limits": {"max_in_flight": 0}}, "limits.max_in_flight"),
        ({"limits": {"max_in_flight": 10_001}}, "limits.max_in_flight"),
        ({"limits": {"surprise": 1}}, "limits.surprise"),
        ({"limits": None}, "limits"),
        ({"name": "other"}, "name"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(admin: Client, body: object, loc: str) -> None:
    """The field is named, and nothing changes."""
    before = admin.ok("GET", "/v1/workspace")
    found = admin.problem(422, "PATCH", "/v1/workspace", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    assert admin.ok("GET", "/v1/workspace") == before


def test_healthz_needs_no_key(served: Served) -> None:
    """It says which release serves."""
    assert served.client(None).ok("GET", "/healthz") == {"status": "ok", "version": __version__}


def test_readyz_names_the_part_that_is_down(served: Served) -> None:
    """Database and Redis answer here; there is no pool, so the whole is not ready."""
    response = served.client(None).send("GET", "/readyz")
    found = response.json()
    assert (response.status_code, found["status"]) == (503, "not_ready")
    assert {name: check["ok"] for name, check in found["checks"].items()} == {
        "database": True,
        "redis": True,
        "pool": False,
        "loops": True,
    }
    assert found["checks"]["loops"]["gone"] == []
    assert all(check["ms"] >= 0 for check in found["checks"].values())
    assert found["checks"]["pool"]["error"] == "SandboxUnavailable"


def test_readyz_notices_a_redis_that_is_not_there(sqlite: Sqlite, tmp_path: Path) -> None:
    """The api starts and lives without it; it is not ready, and says which part is down."""
    with sqlite.migrated() as url, serving(tmp_path, database_url=url, redis_url=f"unix://{tmp_path}/none") as served:
        checks = served.client(None).send("GET", "/readyz").json()["checks"]
        assert (checks["database"]["ok"], checks["redis"]["ok"]) == (True, False)
        assert checks["redis"]["error"] == "QueueUnavailable"
        served.client(None).ok("GET", "/healthz")


def test_every_route_is_in_the_openapi_document_with_its_problems(served: Served) -> None:
    """Whoever generates a client from it learns of every answer there is."""
    document = served.http.get("/openapi.json").json()
    for route in served.contract.routes:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        assert operation["description"]
        if route.path.startswith("/v1"):
            assert operation["security"], f"{route} says nothing of keys"
            for status in ("401", "403", "404", "422", "429", "503"):
                content = operation["responses"][status]["content"]
                schema = content["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{route} {status}"
                assert set(content) == {"application/problem+json"}, f"{route} {status}"


def test_no_operation_id_is_given_twice(served: Served) -> None:
    """Generated clients name their methods by it."""
    paths = served.contract.document["paths"].values()
    ids = [operation["operationId"] for path in paths for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_every_answer_has_a_request_id_of_its_own(admin: Client) -> None:
    """It finds a call in the log."""
    ids = {admin.send("GET", "/v1/workspace").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
