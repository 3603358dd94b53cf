"""`GET /v1/actions` over HTTP."""

from tests.support.serving import Client

from midcall.connectors import operations
from midcall.connectors.completion import completion


def test_every_operation_is_listed(admin: Client) -> None:
    """With its signature and the schema of its options."""
    found = admin.ok("GET", "/v1/actions")
    assert found == {"items": completion()}
    assert [each["name"] for each in found["items"]] == list(operations())
    get = next(each for each in found["items"] if each["name"] == "http.get")
    assert get["options"]["required"] == ["url"]
    assert "bearer" in get["credentials"]
