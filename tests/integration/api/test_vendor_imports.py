"""Functions of other vendors, imported over HTTP and called: what reaches the target, byte for byte."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import vendor_configs as configs
from tests.support.serving import Client
from tests.support.target import Received, Target, replying, target
from typer.testing import CliRunner, Result

from midcall.cli.main import app
from midcall.domain.parameters import MASK

BASE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """Serve one target for all tests of this file."""
    with target() as it:
        yield it


@pytest.fixture
def there(server: Target) -> Target:
    """Give a target that has received nothing yet."""
    server.received.clear()
    server.answer = lambda _: replying({"ok": True})
    return server


def bring(admin: Client, vendor: str, config: Any) -> Any:
    """Import a function, have it reviewed and publish it; returns the import's answer."""
    answer = admin.ok("POST", "/v1/import", {"vendor": vendor, "config": config, "save": True})
    assert (answer["created"], answer["review"]) == (True, None)
    assert configs.TOKEN not in json.dumps(answer)
    name = answer["function"]["name"]
    review = admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")
    assert review["status"] == "approved", review
    admin.ok("POST", f"/v1/functions/{name}/publish", {"version": 1})
    return answer


def invoke(admin: Client, name: str, session: Any = None, **params: Any) -> Any:
    """Invoke a function that succeeds."""
    body = {"params": params, **({} if session is None else {"session": session})}
    outcome = admin.ok("POST", f"/v1/functions/{name}/invoke", body)
    assert outcome["status"] == "succeeded", outcome
    return outcome


def sent(got: Received) -> tuple[str, str, bytes]:
    """Return what was asked for, and the exact body."""
    return got.method, got.path, got.body


def test_itellico_salesforce_lookup(admin: Client, there: Target) -> None:
    """GET with the ID in the path and a bearer token; nothing in the query, no body."""
    answer = bring(admin, "itellico", configs.itellico_salesforce(there.url))
    assert (answer["function"]["name"], answer["function"]["display_name"]) == ("lookup_customer", "Lookup Customer")
    invoke(admin, "lookup_customer", customer_id="003 A/1")
    assert sent(there.last) == ("GET", "/customers/003%20A%2F1", b"")
    assert there.last.headers["authorization"] == f"Bearer {configs.TOKEN}"


def test_itellico_zendesk_ticket(admin: Client, there: Target) -> None:
    """Basic auth, and the body template with the contact's name, an argument and a default."""
    answer = bring(admin, "itellico", configs.itellico_zendesk(there.url))
    assert answer["function"]["webhook"]["auth"]["password"] == MASK
    invoke(admin, "create_ticket", {"contact": {"first_name": "Zoë"}}, issue_description='It says "no"\n{{sku}}')
    body = '{"ticket":{"subject":"Call with Zoë","description":"It says \\"no\\"\\n{{sku}}","priority":"normal"}}'
    assert sent(there.last) == ("POST", "/api/v2/tickets", body.encode())
    pair = base64.b64encode(f"agent@company.com/token:{configs.TOKEN}".encode()).decode()
    assert there.last.headers["authorization"] == f"Basic {pair}"
    assert there.last.headers["content-type"] == "application/json"


def test_itellico_inventory_with_x_api_key(admin: Client, there: Target) -> None:
    """GET with the SKU in the path and the key in a header of its own."""
    bring(admin, "itellico", configs.itellico_inventory(there.url))
    invoke(admin, "check_inventory", sku="PROD-12345")
    assert sent(there.last) == ("GET", "/products/PROD-12345/availability", b"")
    assert there.last.headers["x-api-key"] == configs.TOKEN


def test_itellico_body_with_types_and_a_credential(admin: Client, there: Target) -> None:
    """An integer stays one without quotes; the credential joins the body; the direction is the session's."""
    bring(admin, "itellico", configs.itellico_update_customer(there.url))
    invoke(admin, "update_customer", {"direction": "outbound"}, customer_id="12345", calls="3")
    body = f'{{"customer_id":"12345","status":"contacted","calls":3,"by":"outbound","api_key":"{configs.TOKEN}"}}'
    assert sent(there.last) == ("PUT", "/customers", body.encode())


def test_retell_user_details_set_user_name_for_the_weather(admin: Client, there: Target) -> None:
    """The first function's answer sets `user_name`, which header and query of the second hold."""
    for config in (configs.retell_user_details(there.url), configs.retell_weather(there.url)):
        bring(admin, "retell", config)
    attached = [{"function": name, "phase": "during_session"} for name in ("get_user_details", "get_weather")]
    admin.ok("PUT", "/v1/agents/desk", {"functions": attached})
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "s1"}, status=201)
    there.answer = lambda _: replying({"properties": {"users": [{"name": "Ada Lovelace"}]}})
    path = "/v1/sessions/s1/functions"
    admin.ok("POST", f"{path}/get_user_details", {"params": {"age": "36", "name": "Ada"}})
    assert sent(there.last) == ("POST", "/users", b'{"age":36,"name":"Ada"}')
    assert there.last.headers["x-source"] == "retell"
    assert "x-retell-signature" in there.last.headers
    outcome = admin.ok("POST", f"{path}/get_weather", {"params": {}})
    assert outcome["status"] == "succeeded", outcome
    assert sent(there.last) == ("GET", "/weather?user=Ada%20Lovelace&units=metric", b"")
    assert there.last.headers["x-user"] == "Ada Lovelace"


def test_uponai_check_order_status(admin: Client, there: Target) -> None:
    """Without "args only" the arguments come in `{name, call, args}`, the call as the runtime passed it."""
    bring(admin, "retell", configs.uponai_check_order_status(there.url))
    attached = [{"function": "check_order_status", "phase": "during_session"}]
    admin.ok("PUT", "/v1/agents/desk", {"functions": attached})
    admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": "s1"}, status=201)
    call = {"params": {"order_number": "A-1"}, "call": {"call_id": "call_1"}}
    admin.ok("POST", "/v1/sessions/s1/functions/check_order_status", call)
    body = b'{"name":"check_order_status","call":{"call_id":"call_1"},"args":{"order_number":"A-1"}}'
    assert sent(there.last) == ("POST", "/orders/status", body)


def test_vocobase_get_weather(admin: Client, there: Target) -> None:
    """Flat arguments and the header; what is said stands in the document; the result fits the output schema."""
    there.answer = lambda _: replying({"temperature": 21, "condition": "Sunny"})
    answer = bring(admin, "vocobase", configs.vocobase_get_weather(there.url))
    assert answer["notes"] == []
    assert answer["function"]["webhook"]["headers"] == {"Authorization": MASK}
    outcome = invoke(admin, "get_weather", city="São Paulo")
    assert outcome["result"] == {"temperature": 21, "condition": "Sunny"}
    assert sent(there.last) == ("POST", "/v1/current", '{"city":"São Paulo"}'.encode())
    assert there.last.headers["authorization"] == f"Bearer {configs.TOKEN}"


def test_subverse_webhook_gets_the_session_body(admin: Client, there: Target) -> None:
    """The session body with its params, as SubVerse posts it; dynamic variables of the answer are set."""
    there.answer = lambda _: replying({"dynamicVariables": {"order_status": "shipped"}})
    bring(admin, "subverse", configs.subverse_webhook(there.url))
    outcome = invoke(admin, "fetch_order_status", {"sessionId": "x1"}, customer_email="jane@example.com")
    assert outcome["dynamicVariables"]["order_status"] == "shipped"
    got = there.last
    assert (got.method, got.path, got.json["params"]) == ("POST", "/subverse", {"customer_email": "jane@example.com"})
    assert {"sessionId", "direction", "agentDetails", "userDetails", "createdAt", "analysis"} <= set(got.json)
    assert got.body == json.dumps(got.json, separators=(",", ":"), ensure_ascii=False).encode()


def test_vapi_tool_answers_at_once_and_is_called_with_its_secret(admin: Client, there: Target) -> None:
    """An async tool is a background function; secret and headers of the server are sent."""
    config = configs.vapi_tool(there.url) | {"async": False}
    bring(admin, "vapi", config)
    invoke(admin, "get_weather", city="Rome")
    assert (there.last.method, there.last.path) == ("POST", "/vapi")
    assert (there.last.json["name"], there.last.json["args"]) == ("get_weather", {"city": "Rome"})
    assert (there.last.headers["x-vapi-secret"], there.last.headers["x-team"]) == (configs.TOKEN, "one")


def test_a_preview_saves_nothing_and_shows_no_secret(admin: Client, there: Target) -> None:
    """Without `save` the answer has the document, the notes and a review; nothing is called, nothing is there."""
    config = {**configs.itellico_salesforce(there.url), "folder": "crm"}
    answer = admin.ok("POST", "/v1/import", {"vendor": "itellico", "config": config, "name": "find_customer"})
    assert (answer["created"], answer["function"]["name"]) == (False, "find_customer")
    assert answer["function"]["webhook"]["auth"] == {"type": "bearer", "token": MASK}
    assert {note["loc"] for note in answer["notes"]} == {"name", "folder"}
    assert answer["review"]["status"] == "approved"
    assert configs.TOKEN not in json.dumps(answer)
    assert admin.ok("GET", "/v1/functions")["items"] == []
    assert there.received == []


def test_a_bad_config_is_a_422_whose_paths_lead_into_it(admin: Client) -> None:
    """Faults that the reader finds and those that our own rules find alike; a name that is taken is a 409."""
    config = configs.itellico_salesforce(BASE)
    body = {"vendor": "itellico", "config": {**config, "url": "ftp://x", "auth": {"type": "basic"}}}
    found = admin.problem(422, "POST", "/v1/import", body)
    assert [fault["loc"] for fault in found["errors"]] == ["config.auth.username", "config.auth.password"]
    for changes, loc in (
        ({"url": "https://{{host}}/x"}, "config.url"),
        ({"headers": {"X Y": "1"}}, "config.headers.X Y"),
        ({"auth": {"type": "bearer", "token": ""}}, "config.auth.token"),
        ({"auth": {"type": "bearer", "token": MASK}}, "config.auth.token"),
        ({"variables": [{"name": "a b"}]}, "config.variables.0.name"),
    ):
        body = {"vendor": "itellico", "config": {**config, **changes}}
        for save in (False, True):
            found = admin.problem(422, "POST", "/v1/import", {**body, "save": save})
            assert [fault["loc"] for fault in found["errors"]] == [loc]
    found = admin.problem(422, "POST", "/v1/import", {"vendor": "other", "config": []})
    assert [fault["loc"] for fault in found["errors"]] == ["vendor", "config"]
    saved = {"vendor": "itellico", "config": config, "save": True}
    admin.ok("POST", "/v1/import", saved)
    assert admin.problem(409, "POST", "/v1/import", saved)["code"] == "name_taken"


@pytest.mark.parametrize("half", [r"\ud800", r"\u0000"])
def test_text_that_no_database_keeps_is_an_answer_too(admin: Client, half: str) -> None:
    """Half a surrogate pair or a NUL, in an unknown field's name or in a field that is kept."""
    config = json.dumps(configs.itellico_salesforce("https://api.example.com"))
    unknown = f'{{"vendor": "itellico", "save": true, "config": {config.replace("description", f"x{half}", 1)}}}'
    answer = admin.send("POST", "/v1/import", content=unknown).json()
    assert {note["loc"] for note in answer["notes"]} == {"name", "description", json.loads(f'"x{half}"')}
    named = f'{{"vendor": "itellico", "save": true, "config": {config.replace("Lookup", half, 1)}}}'
    found = admin.send("POST", "/v1/import", content=named)
    assert (found.status_code, found.json()["errors"][0]["loc"]) == (422, "config.name")


def test_subverse_code_becomes_a_draft_that_review_refuses(admin: Client) -> None:
    """The draft is kept with its JavaScript as a comment; review refuses it until it is rewritten."""
    body = {"vendor": "subverse", "config": configs.subverse_code()}
    preview = admin.ok("POST", "/v1/import", body)
    assert preview["review"]["status"] == "changes_requested"
    assert "rewrite_the_javascript_above_in_python" in preview["review"]["comments"][0]["message"]
    saved = admin.ok("POST", "/v1/import", {**body, "save": True})
    assert "# async function handler(body) {\n" in saved["function"]["code"]["source"]
    assert admin.ok("GET", "/v1/functions/fetch_order_status")["versions"][0]["status"] == "draft"


def test_a_tool_of_another_type_is_told_and_not_made(admin: Client) -> None:
    """No function, and a note that says why; also where saving was asked for."""
    body = {"vendor": "vapi", "config": {"type": "transferCall", "destinations": []}, "save": True}
    answer = admin.ok("POST", "/v1/import", body)
    assert (answer["function"], answer["created"]) == (None, False)
    assert [note["loc"] for note in answer["notes"]] == ["type"]


def run(admin: Client, tmp_path: Path, vendor: str, config: Any, *options: str) -> Result:
    """Run `midcall import` against the served app."""
    file, key = tmp_path / "function.json", tmp_path / "key"
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    key.write_text(f"{admin.token}\n")
    where = ["--url", admin.served.url, "--key-file", str(key)]
    return CliRunner().invoke(app, ["import", vendor, str(file), *where, *options])


def test_the_command_tells_what_became_of_it(admin: Client, tmp_path: Path) -> None:
    """Notes in lines a person can read, no secret; a list of functions is imported one by one."""
    config = configs.retell_user_details("https://api.example.com")
    told = run(admin, tmp_path, "retell", config)
    assert told.exit_code == 0, told.output
    assert "get_user_details: POST https://api.example.com/users; not saved (add --save)\n" in told.stdout
    assert "\n  enable_typing_sound: midcall plays no sounds" in told.stdout
    assert admin.ok("GET", "/v1/functions")["items"] == []
    both = [config, configs.retell_weather("https://api.example.com") | {"\x1b[2J\n  forged": 1}]
    saved = run(admin, tmp_path, "retell", both, "--save")
    assert (saved.exit_code, saved.stdout.count("saved as a draft")) == (0, 2)
    assert "\x1b" not in saved.stdout
    assert "\n  forged" not in saved.stdout
    assert [item["name"] for item in admin.ok("GET", "/v1/functions")["items"]] == ["get_user_details", "get_weather"]
    as_json = run(admin, tmp_path, "itellico", configs.itellico_salesforce("https://api.example.com"), "--json")
    # The app that serves here shares our output, and logs what it sweeps.
    printed = as_json.stdout[as_json.stdout.index("{") :]
    assert json.JSONDecoder().raw_decode(printed)[0]["function"]["webhook"]["auth"]["token"] == MASK


def test_the_command_exits_with_1_where_nothing_could_be_imported(admin: Client, tmp_path: Path) -> None:
    """Told on standard error where it is a fault; a file that is no JSON is a wrong argument."""
    wrong = run(admin, tmp_path, "retell", {"name": "x", "url": 5})
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "  config.url: must be a text\n" in wrong.stderr
    other = run(admin, tmp_path, "vapi", {"type": "transferCall"})
    assert other.exit_code == 1
    assert "Not imported:\n  type: not importable" in other.stdout
    assert run(admin, tmp_path, "retell", "{").exit_code == 2
    file = tmp_path / "function.json"
    file.write_text("{}")
    unkeyed = CliRunner(env={"MIDCALL_KEY": ""}).invoke(app, ["import", "retell", str(file), "--url", "http://x"])
    assert (unkeyed.exit_code, "--key-file" in unkeyed.stderr) == (2, True)
    nobody = CliRunner(env={"MIDCALL_KEY": "k"}).invoke(
        app, ["import", "retell", str(file), "--url", "http://127.0.0.1:1"]
    )
    assert (nobody.exit_code, "gave no answer" in nobody.stderr) == (1, True)
