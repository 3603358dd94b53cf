"""Vocobase's own API: its document's curl with another host and key, and what becomes of the function."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served
from tests.support.target import Target, replying, target

from midcall.storage.schema import metadata

#: As it stands in the document.
CURL = """
curl -X POST https://api.vocobase.com/api/v2/functions \\
  -H "Authorization: Bearer rg_live_abc123def456ghi789jkl012" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "get_weather",
    "description": "Retrieve current weather for a city. Call this when the user asks about weather conditions.",
    "url": "https://api.weather.com/v1/current",
    "headers": [ { "key": "Authorization", "value": "Bearer weather_api_key_here" } ],
    "input_schema": [ { "name": "city", "type": "string", "description": "City name", "required": true } ],
    "output_schema": [
      { "name": "temperature", "type": "number", "description": "Temperature in Celsius", "required": true },
      { "name": "condition", "type": "string",
        "description": "Weather condition (e.g., Sunny, Rainy)", "required": true }
    ],
    "timeout": 10,
    "started_messages": ["Checking the weather...", "Let me look that up..."],
    "error_message": "Sorry, I could not get the weather right now."
  }'
"""
BODY = json.loads(CURL[CURL.index("'{") + 1 : CURL.rindex("}'") + 1])


@pytest.fixture(scope="module")
def there() -> Iterator[Target]:
    """Serve a weather service."""
    with target() as it:
        it.answer = lambda _: replying({"temperature": 21, "condition": "Sunny"})
        yield it


def run_curl(served: Served, admin: Client, url: str = BODY["url"]) -> Any:
    """Run the document's curl against midcall; returns the JSON of the answer."""
    assert admin.token
    command = CURL.replace("https://api.vocobase.com", served.url).replace(
        "rg_live_abc123def456ghi789jkl012", admin.token
    )
    command = command.replace(BODY["url"], url).replace("curl ", "curl --silent --noproxy '*' ", 1)
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return json.loads(ran.stdout)


def failed(client: Client, status: int, method: str, path: str, body: Any = None) -> Any:
    """Send JSON and expect an error; returns what is said of it."""
    response = client.send(method, path, **({} if body is None else {"json": body}))
    assert response.status_code == status, response.text
    return response.json()["error"]


def test_the_seeds_curl_makes_a_published_function(served: Served, admin: Client) -> None:
    """With only the host and the key changed; the answer has the document's fields."""
    made = run_curl(served, admin)
    assert made["success"] is True
    data = made["data"]
    assert {name: data[name] for name in BODY if name != "headers"} == {
        name: value for name, value in BODY.items() if name != "headers"
    }
    assert (data["method"], data["header_keys"], data["status"]) == ("POST", ["Authorization"], "approved")
    ours = admin.ok("GET", "/v1/functions/get_weather")
    assert (ours["id"], ours["published"]) == (data["id"], {"production": 1})
    assert (ours["kind"], ours["webhook"]["payload"]) == ("webhook", "args")
    assert admin.ok("GET", f"/api/v2/functions/{data['id']}") == made
    assert admin.ok("GET", "/api/v2/functions")["data"] == [data]


def test_a_call_reaches_the_target_with_flat_arguments_and_the_headers_value(
    served: Served, admin: Client, there: Target
) -> None:
    """The exact bytes; the value stands in no answer and in no row."""
    data = run_curl(served, admin, f"{there.url}/v1/current")["data"]
    outcome = admin.ok("POST", "/v1/functions/get_weather/invoke", {"params": {"city": "São Paulo"}})
    assert outcome["result"] == {"temperature": 21, "condition": "Sunny"}
    got = there.last
    assert (got.method, got.path, got.body) == ("POST", "/v1/current", '{"city":"São Paulo"}'.encode())
    assert got.headers["authorization"] == "Bearer weather_api_key_here"
    answers = [admin.send("GET", path).text for path in ("/api/v2/functions", f"/api/v2/functions/{data['id']}")]
    with served.engine.connect() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [text for text in (*answers, *rows) if "weather_api_key_here" in text]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_is_published_and_keeps_what_is_not_named(
    served: Served, admin: Client, there: Target, method: str
) -> None:
    """A header without a value keeps it; one that is not in the list is gone."""
    data = run_curl(served, admin, f"{there.url}/v1/current")["data"]
    path = f"/api/v2/functions/{data['id']}"
    headers = [{"key": "Authorization"}, {"key": "X-Unit", "value": "C"}]
    changed = admin.ok(method, path, {"timeout": 5, "headers": headers, "error_message": None})["data"]
    assert (changed["timeout"], changed["header_keys"]) == (5, ["Authorization", "X-Unit"])
    assert (changed["error_message"], changed["url"]) == (None, data["url"])
    admin.ok("POST", "/v1/functions/get_weather/invoke", {"params": {"city": "Rome"}})
    got = there.last.headers
    assert (got["authorization"], got["x-unit"]) == ("Bearer weather_api_key_here", "C")
    assert admin.ok(method, path, {"headers": [{"key": "X-Unit"}]})["data"]["header_keys"] == ["X-Unit"]
    admin.ok("POST", "/v1/functions/get_weather/invoke", {"params": {"city": "Rome"}})
    assert "authorization" not in there.last.headers


def test_no_value_of_a_header_is_shown_again_whatever_its_name(served: Served, admin: Client, there: Target) -> None:
    """As its document says, through our own API as well; a value that came through ours is kept by its name alone."""
    headers = [{"key": "X-Unit", "value": "of-the-house"}, {"key": "Accept", "value": "text/of-ours"}]
    body = {**BODY, "url": f"{there.url}/v1/current", "headers": headers}
    made = admin.ok("POST", "/api/v2/functions", body, status=201)["data"]
    ours = admin.ok("GET", "/v1/functions/get_weather")["webhook"]["headers"]
    assert ours == {"X-Unit": "********", "Accept": "********"}
    path = f"/api/v2/functions/{made['id']}"
    admin.ok("PATCH", path, {"headers": [{"key": "X-Unit", "value": "of-another-house"}]})
    assert admin.ok("GET", "/v1/functions/get_weather")["webhook"]["headers"] == {"X-Unit": "********"}
    with served.engine.connect() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [text for text in rows if "of-the-house" in text or "of-another-house" in text or "of-ours" in text]
    admin.ok("POST", "/v1/functions/get_weather/versions", {"webhook": {"headers": {"X-Mode": "fast"}}}, status=201)
    admin.ok("PATCH", path, {"headers": [{"key": "X-Mode"}, {"key": "X-Unit"}]})
    kept = admin.ok("GET", "/v1/functions/get_weather")["webhook"]["headers"]
    assert kept == {"X-Unit": "********", "X-Mode": "fast"}
    admin.ok("POST", "/v1/functions/get_weather/invoke", {"params": {"city": "Rome"}})
    assert (there.last.headers["x-unit"], there.last.headers["x-mode"]) == ("of-another-house", "fast")


def test_a_deleted_function_is_gone_and_its_name_free(served: Served, admin: Client) -> None:
    """As archiving one is."""
    data = run_curl(served, admin)["data"]
    path = f"/api/v2/functions/{data['id']}"
    assert admin.ok("DELETE", path) == {"success": True, "data": {"id": data["id"], "deleted": True}}
    assert failed(admin, 404, "GET", path)["code"] == "not_found"
    assert failed(admin, 404, "DELETE", path)["code"] == "not_found"
    assert admin.ok("GET", "/api/v2/functions")["data"] == []
    assert run_curl(served, admin)["success"] is True


def test_a_code_function_has_no_place_here(admin: Client) -> None:
    """It has no URL to show."""
    made = admin.published("lookup")
    assert admin.ok("GET", "/api/v2/functions") == {"success": True, "data": [], "next_cursor": None}
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        assert failed(admin, 404, method, f"/api/v2/functions/{made['id']}", body)["code"] == "not_found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "add_to_cart"}, "name"),
        ({"name": None}, "name"),
        ({"url": "https://10.0.0.1/x"}, "url"),
        ({"url": "ftp://x.example.com"}, "url"),
        ({"method": "TRACE"}, "method"),
        ({"headers": [{"key": "Host", "value": "x"}]}, "headers.Host"),
        ({"input_schema": [{"name": "a", "type": "text"}]}, "input_schema.0.type"),
        ({"timeout": "10"}, "timeout"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_told_by_its_own_fields_and_nothing_is_stored(admin: Client, change: Any, field: str) -> None:
    """In its own form."""
    error = failed(admin, 422, "POST", "/api/v2/functions", {**BODY, **change})
    assert [fault["field"] for fault in error["details"]] == [field]
    assert admin.ok("GET", "/v1/functions")["items"] == []


def test_every_refusal_has_its_form(served: Served, admin: Client) -> None:
    """No key, no scope, a taken name, no JSON, too much of it."""
    nobody, reader = served.client(None), served.colleague(admin, "reader", "read")
    assert failed(nobody, 401, "POST", "/api/v2/functions", BODY)["code"] == "unauthenticated"
    assert failed(reader, 403, "POST", "/api/v2/functions", BODY)["code"] == "forbidden"
    run_curl(served, admin)
    assert run_curl(served, admin)["error"]["code"] == "name_taken"
    for raw, status in ((b"{", 400), (b'{"a": 1, "a": 2}', 400), (b'"' + b"x" * 1024 * 1024 + b'"', 413), (b"[]", 422)):
        response = admin.send("POST", "/api/v2/functions", content=raw)
        assert (response.status_code, response.json()["success"]) == (status, False)


def test_where_a_person_approves_a_new_function_waits(served: Served, admin: Client) -> None:
    """It is not published, and says so."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    data = run_curl(served, admin)["data"]
    assert data["status"] == "pending_approval"
    assert admin.ok("GET", "/v1/functions/get_weather")["published"] == {}
