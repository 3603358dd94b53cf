"""Every connector from a real sandbox to a server that speaks its API: code, approval, credential, token, record."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.apis import agent, shopify, slack, whatsapp
from tests.support.apis.airtable import Airtable, airtable, throttled
from tests.support.apis.google import Google, Sheet, Spreadsheet, google
from tests.support.databases import Sqlite
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving


@dataclass
class Apis:
    """The services of the world, on loopback."""

    agent: agent.AgentApi
    airtable: Airtable
    google: Google
    shopify: shopify.ShopifyApi
    slack: slack.SlackApi
    whatsapp: whatsapp.WhatsappApi

    @property
    def urls(self) -> str:
        """What MIDCALL_CONNECTOR_URLS says."""
        named = {
            "agent": self.agent.url,
            "airtable": self.airtable.url,
            "google_sheets": self.google.url,
            "shopify": self.shopify.url,
            "slack": self.slack.url,
            "whatsapp": self.whatsapp.url,
        }
        return ",".join(f"{name}={url}" for name, url in named.items())


@pytest.fixture(scope="module")
def apis() -> Iterator[Apis]:
    """Serve all of them."""
    with ExitStack() as kept:
        enter = kept.enter_context
        sheets = enter(google())
        orders = Sheet("Orders")
        orders.write([["Name", "Amount"], ["Ann", 3]])
        sheets.spreadsheets["1AbC"] = Spreadsheet([orders], editors={sheets.key_file()["client_email"]})
        yield Apis(
            agent=enter(agent.agent_api()),
            airtable=enter(airtable()),
            google=sheets,
            shopify=enter(shopify.shopify_api()),
            slack=enter(slack.slack_api()),
            whatsapp=enter(whatsapp.whatsapp_api()),
        )


@pytest.fixture(scope="module")
def served(apis: Apis, sqlite: Sqlite, pool: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the app with the connectors' addresses set."""
    folder = tmp_path_factory.mktemp("served")
    with (
        sqlite.migrated() as database_url,
        redis_server() as redis_url,
        serving(
            folder, database_url=database_url, redis_url=redis_url, sandbox=pool.client, connector_urls=apis.urls
        ) as served,
    ):
        yield served


@pytest.fixture
def admin(served: Served, apis: Apis) -> Client:
    """Make an admin of a workspace that has a credential for each service."""
    admin = served.tenant()
    credentials: dict[str, tuple[str, dict[str, Any]]] = {
        "agents": ("header", {"name": "x-api-key", "value": agent.KEY}),
        "base": ("airtable", {"token": apis.airtable.token}),
        "sheets": ("google_service_account", {"key_file": apis.google.key_file()}),
        "shop": ("shopify", {"shop_domain": "my-shop.myshopify.com", "access_token": shopify.TOKEN}),
        "chat": ("slack", {"bot_token": slack.TOKEN}),
        "phone": ("whatsapp", {"access_token": whatsapp.TOKEN, "phone_number_id": whatsapp.NUMBER_ID}),
    }
    for name, (kind, values) in credentials.items():
        admin.ok("PUT", f"/v1/credentials/{name}", {"type": kind, "values": values})
    return admin


def tried(admin: Client, group: str, credential: str, body: str) -> Any:
    """Publish a function that has one group, and try it out; returns the report."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"def handler(session, actions):\n{lines}"
    actions = [{"name": group, "credentials": [credential]}]
    admin.published("acts", code={"source": source, "actions": actions, "egress": []})
    report = admin.ok("POST", "/v1/functions/acts/test", {})
    assert report["status"] == "ok", report["error"]
    return report


def test_airtable_pages_batches_and_waits(admin: Client, apis: Apis) -> None:
    """Twenty-five records in three batches, read again in pages; a 429 is waited for as long as it says."""
    apis.airtable.planned.append(throttled(1))
    base = apis.airtable.base
    report = tried(
        admin,
        "airtable",
        "base",
        f"made = actions.airtable.createRecord({{'credentialId': 'base', 'options': {{'baseId': '{base}',\n"
        "    'tableIdOrName': 'Orders', 'records': [{'fields': {'Name': f'n{i}', 'Amount': i}} for i in range(25)]}})\n"
        f"read = actions.airtable.get_record_list('{base}', 'Orders', page_size=10, sort=[{{'Amount': 'desc'}}])\n"
        f"gone = actions.airtable.delete_record('{base}', 'Orders', record_id=made['records'][0]['id'])\n"
        "return [len(made['records']), len(read['records']), read['records'][0]['fields']['Amount'], gone['deleted']]",
    )
    assert report["result"] == [25, 25, 24, True]
    assert [(each["action"], each["outcome"], each["requests"]) for each in report["actions"]] == [
        ("airtable.create_record", "ok", 4),
        ("airtable.get_record_list", "ok", 3),
        ("airtable.delete_record", "ok", 1),
    ]


def test_google_sheets_by_a_signed_assertion(admin: Client, apis: Apis) -> None:
    """The token is fetched once, with a JWT that the service account's key signed, and used for all calls."""
    report = tried(
        admin,
        "google_sheets",
        "sheets",
        "before = actions.googleSheets.readRows({'spreadsheetId': '1AbC', 'range': 'Orders!A2:B'})\n"
        "actions.google_sheets.append_rows('1AbC', 'Orders!A:B', [['Bob', 4]])\n"
        "after = actions.google_sheets.read_rows('1AbC', 'Orders!A2:B')\n"
        "return [before['values'], after['values']]",
    )
    assert report["result"] == [[["Ann", "3"]], [["Ann", "3"], ["Bob", "4"]]]
    assert apis.google.asked.count("POST /token") == 1


def test_shopify_slack_and_whatsapp(admin: Client, apis: Apis) -> None:
    """One read, one message, one text; each with its own credential."""
    report = tried(admin, "shopify", "shop", "return actions.shopify.get_order(name='#1001')['name']")
    assert report["result"] == "#1001"
    admin.ok("DELETE", "/v1/functions/acts", status=204)
    report = tried(
        admin,
        "slack",
        "chat",
        "return actions.slack.postMessage({'channel': 'C0000000001', 'text': 'Hello'})['channel']",
    )
    assert report["result"] == "C0000000001"
    assert len(apis.slack.posted) == 1
    admin.ok("DELETE", "/v1/functions/acts", status=204)
    report = tried(admin, "whatsapp", "phone", "return actions.whatsapp.send_text('+16505551234', 'Hello')")
    assert report["actions"][0]["outcome"] == "ok"


def test_a_call_is_triggered(admin: Client, apis: Apis) -> None:
    """With SubVerse's options, to the address that the operator set."""
    report = tried(
        admin,
        "agent",
        "agents",
        "return actions.agent.callOutboundTrigger({'credentialId': 'agents', 'options': {\n"
        "    'phoneNumber': '+16505551234', 'agentName': 'collections', 'options': {'initialMessage': 'Hello'}}})",
    )
    assert report["result"]["responseCode"] == 200
    assert report["result"]["data"]["jobId"].startswith("jobId-")
    path, body = apis.agent.triggered[-1]
    assert (path, body["noOfRetries"], body["callPriority"]) == ("/call/trigger", 0, 10)
    assert report["actions"][0]["host"] == urlsplit(apis.agent.url).netloc


@pytest.mark.parametrize("name", ["base", "sheets", "shop", "chat", "phone"])
def test_credentials_can_be_tried_out(admin: Client, name: str) -> None:
    """Each with its own service, which lets it in."""
    tested = admin.ok("POST", f"/v1/credentials/{name}/test", {})
    assert (tested["ok"], tested["message"]) == (True, "The credential was let in."), tested


def test_a_wrong_credential_is_told_so(admin: Client, apis: Apis) -> None:
    """In the service's own words, as far as it has any, and never with the secret."""
    admin.ok("PUT", "/v1/credentials/chat", {"type": "slack", "values": {"bot_token": "xoxb-wrong-token-123456"}})
    tested = admin.ok("POST", "/v1/credentials/chat/test")
    assert (tested["ok"], tested["asked"]) == (False, "Slack")
    assert "invalid_auth" in tested["message"]
    assert "wrong-token" not in str(tested)


def test_a_credential_of_no_service_takes_a_url_and_an_admin(admin: Client, served: Served, apis: Apis) -> None:
    """Who may only write cannot have a secret sent to an address of their own."""
    refused = admin.problem(422, "POST", "/v1/credentials/agents/test", {})
    assert refused["errors"][0]["loc"] == "url"
    url = apis.agent.url + "/call/trigger"
    tested = admin.ok("POST", "/v1/credentials/agents/test", {"url": url})
    assert (tested["ok"], tested["status"], tested["asked"]) == (False, 404, urlsplit(url).netloc)
    assert apis.agent.http.last.headers["x-api-key"] == agent.KEY
    writer = served.colleague(admin, "writer", "write")
    writer.problem(403, "POST", "/v1/credentials/agents/test", {"url": url})
    writer.problem(404, "POST", "/v1/credentials/no_such/test", {})
