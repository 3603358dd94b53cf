"""itellicoAI, "Custom API actions", sentence by sentence.

Held elsewhere: the three real-world examples byte for byte as imports (`tests/integration/api/test_vendor_imports.py`),
here through our own API; masks in the browser's forms (`tests/browser/test_function_editor.py`).

No counterpart here: the modal's pictures, its tabs and its fonts; its pages **Abilities → Actions** and **web call**;
what it asks of the reader's own API and instructions (Postman, JSON validators, caches, parameterised queries, least
privilege, monitoring for unusual activity).
"""

import base64
import json
import threading
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.documents.document_user import DocumentUser
from tests.support.patience import CLIENT_S
from tests.support.target import Received, Reply, replying

from midcall.domain.parameters import MASK
from midcall.storage.schema import metadata

Json = dict[str, Any]

ORDER_NUMBER = {
    "name": "order_number",
    "type": "string",
    "description": "Customer's order number",
    "example": "ORD-12345",
    "required": True,
}
SECRET = "s3cr3t-of-the-shop"  # noqa: S105 (made up)


def action(user: DocumentUser, **changes: Any) -> Json:
    """Write a custom action as its dialog has it."""
    return {
        "name": "Lookup Order Status",
        "description": "Use this when a customer asks for the status of an order.",
        "method": "GET",
        "url": f"{user.there.url}/orders/{{{{order_number}}}}",
        "variables": [ORDER_NUMBER],
        **changes,
    }


def variable(name: str, kind: str = "string", **more: Any) -> Json:
    """Write one variable."""
    return {"name": name, "type": kind, "description": "What it is for", **more}


CUSTOMER_ID = variable("customer_id", required=True)


# Overview -------------------------------------------------------------------------------------------------------------


def test_agent_collects_the_variables_and_calls_the_api(user: DocumentUser) -> None:
    """'How it works', and the example flow: GET /orders/12345 answers status and tracking, which the agent uses."""
    shipped = {"status": "shipped", "tracking": "1Z999AA10123456789"}
    user.there.answer = lambda _: replying(shipped)
    user.bring("itellico", action(user))
    user.talk("lookup_order_status")
    outcome = user.done("lookup_order_status", {"order_number": "12345"})
    assert (user.there.last.method, user.there.last.path) == ("GET", "/orders/12345")
    assert outcome["content"] == shipped


def test_actions_are_synchronous_and_slow_work_is_not(user: DocumentUser) -> None:
    """'Custom actions execute synchronously during conversations. For operations that don't need immediate responses
    (logging, analytics, post-call processing), use Webhooks instead': in the background, or after the session.
    """
    answered = threading.Event()

    def answer(got: Received) -> Reply:
        if got.path == "/logs":
            assert answered.wait(CLIENT_S)
        return replying({"saved": got.path})

    user.there.answer = answer
    user.webhook("look_up", "/orders")
    user.webhook("log_call", "/logs", background=True, messages={"returned": "I have noted that."})
    user.webhook("write_up", "/summary")
    user.agent(look_up="during_session", log_call="during_session", write_up="post_session")
    user.start()
    assert user.done("look_up")["result"] == {"saved": "/orders"}
    logged = user.call("log_call")
    assert (logged["status"], logged["message"]) == ("accepted", "I have noted that.")
    answered.set()
    user.end(analysis={"sentiment": "content"})
    done = user.settled()
    assert [run["status"] for run in done["invocations"]] == ["succeeded"] * 3


# Secure example with verification -------------------------------------------------------------------------------------


@pytest.fixture
def verified(user: DocumentUser) -> DocumentUser:
    """Set up the two-action pattern: 'Verify Customer', then 'Lookup Order'."""

    def answer(got: Received) -> Reply:
        if got.path == "/auth/verify":
            known = got.json == {"customer_id": "12345", "phone_pin": "5678"}
            return replying({"verified": True, "customer_name": "John Smith"} if known else {"verified": False})
        return replying({"orders": [{"id": "ORD-789", "status": "shipped"}]})

    user.there.answer = answer
    user.webhook(
        "verify_customer",
        "/auth/verify",
        parameters=[CUSTOMER_ID, variable("phone_pin", required=True)],
        webhook={"body": {"customer_id": "{{customer_id}}", "phone_pin": "{{phone_pin}}"}},
        response_variables={"verified": "verified"},
    )
    user.webhook(
        "lookup_order",
        "/customers/{{customer_id}}/orders",
        parameters=[CUSTOMER_ID],
        webhook={"method": "GET"},
        requires=[{"function": "verify_customer", "variable": "verified", "same_params": ["customer_id"]}],
    )
    user.talk("verify_customer", "lookup_order")
    return user


def test_the_first_action_authenticates_and_the_second_is_then_executed(verified: DocumentUser) -> None:
    """'→ POST /auth/verify Body: {"customer_id": "12345", "phone_pin": "5678"} ← {"verified": true, …}
    [Only if verified, then call order lookup] → GET /customers/12345/orders'.
    """
    first = verified.done("verify_customer", {"customer_id": "12345", "phone_pin": "5678"})
    assert first["content"] == {"verified": True, "customer_name": "John Smith"}
    assert verified.there.last.body == b'{"customer_id":"12345","phone_pin":"5678"}'
    second = verified.done("lookup_order", {"customer_id": "12345"})
    assert second["content"] == {"orders": [{"id": "ORD-789", "status": "shipped"}]}
    assert (verified.there.last.method, verified.there.last.path) == ("GET", "/customers/12345/orders")


@pytest.mark.parametrize("pin", [None, "0000"])
def test_the_second_action_is_executed_only_if_verification_succeeds(verified: DocumentUser, pin: str | None) -> None:
    """'Second action: "Lookup Order" - only executed if verification succeeds': without one, or after one that failed,
    the target is not touched, and the agent is told what to do first.
    """
    if pin is not None:
        verified.done("verify_customer", {"customer_id": "12345", "phone_pin": pin})
    before = len(verified.there.received)
    outcome = verified.call("lookup_order", {"customer_id": "12345"})
    assert (outcome["status"], outcome["error"]["type"], outcome["retry"]) == ("refused", "gate_closed", "ask_caller")
    assert "verify_customer" in outcome["content"]
    assert len(verified.there.received) == before


def test_the_identity_of_one_customer_opens_no_others(verified: DocumentUser) -> None:
    """'Verify customer identity before exposing sensitive data': of the customer whose data it is."""
    verified.done("verify_customer", {"customer_id": "12345", "phone_pin": "5678"})
    assert verified.call("lookup_order", {"customer_id": "67890"})["status"] == "refused"


# Basic info and endpoint ----------------------------------------------------------------------------------------------


def test_a_descriptive_name_and_when_to_use_it(user: DocumentUser) -> None:
    """'Name: Descriptive name (e.g., "Lookup Order Status"). Description: When to use it (10-200 characters)'."""
    brought = user.bring("itellico", action(user))["function"]
    assert (brought["name"], brought["display_name"]) == ("lookup_order_status", "Lookup Order Status")
    user.talk("lookup_order_status")
    assert user.tool("lookup_order_status")["description"] == action(user)["description"]


@pytest.mark.parametrize(("length", "warned"), [(9, True), (10, False), (200, False), (201, True)])
def test_a_description_of_10_to_200_characters(user: DocumentUser, length: int, warned: bool) -> None:  # noqa: FBT001
    """'Description: When to use it (10-200 characters)'; others are taken with a word of advice."""
    document = {"kind": "webhook", "description": "d" * length, "webhook": {"url": "https://api.company.com/orders"}}
    review = user.admin.ok("POST", "/v1/review", document)
    told = [comment for comment in review["comments"] if "escription" in comment["message"]]
    assert (review["status"], bool(told)) == ("approved", warned)


@pytest.mark.parametrize(
    ("method", "carries"), [("GET", False), ("POST", True), ("PUT", True), ("PATCH", True), ("DELETE", False)]
)
def test_methods(user: DocumentUser, method: str, carries: bool) -> None:  # noqa: FBT001
    """'GET - Retrieve data, POST - Create records, PUT - Replace entire records, PATCH - Update specific fields,
    DELETE - Remove records'.
    """
    user.bring("itellico", action(user, method=method))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "ORD-1"})
    got = user.there.last
    assert (got.method, got.path, got.body) == (
        method,
        "/orders/ORD-1",
        b'{"order_number":"ORD-1"}' if carries else b"",
    )


def test_a_full_url(user: DocumentUser) -> None:
    """'Full API URL: https://api.company.com/customers' stays as it is written."""
    url = "https://api.company.com/customers"
    answer = user.admin.ok("POST", "/v1/import", {"vendor": "itellico", "config": action(user, url=url)})
    assert answer["function"]["webhook"]["url"] == url
    assert answer["review"]["status"] == "approved"


@pytest.mark.parametrize(("order", "path"), [("12345", "/orders/12345"), ("A/1 ü", "/orders/A%2F1%20%C3%BC")])
def test_template_variables_in_the_url(user: DocumentUser, order: str, path: str) -> None:
    """'Supports template variables: https://api.company.com/orders/{{order_id}}'."""
    url = f"{user.there.url}/orders/{{{{order_id}}}}"
    user.bring("itellico", action(user, url=url, variables=[variable("order_id", required=True)]))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_id": order})
    assert user.there.last.path == path


def test_https_is_put_in_front(user: DocumentUser) -> None:
    """'Auto-prepends https:// if no protocol specified'."""
    config = action(user, url="api.company.com/orders/{{order_number}}")
    answer = user.admin.ok("POST", "/v1/import", {"vendor": "itellico", "config": config, "save": True})
    assert answer["function"]["webhook"]["url"] == "https://api.company.com/orders/{{order_number}}"


# Authentication -------------------------------------------------------------------------------------------------------


def test_no_authentication(user: DocumentUser) -> None:
    """'No authentication required. Use for: Public APIs, Internal endpoints on private network'."""
    user.bring("itellico", action(user, auth={"type": "none"}))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "1"})
    assert not {"authorization", "x-api-key", "cookie"} & set(user.there.last.headers)


def test_a_private_network_needs_the_operators_word(user: DocumentUser) -> None:
    """The same sentence: here nobody reaches a private network unless the operator has opened it."""
    assert '"loc": "config.url"' in user.refused(
        {"vendor": "itellico", "config": action(user, url="https://10.0.0.7/orders/{{order_number}}")}, "/v1/import"
    )


PAIR = base64.b64encode(f"shop:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": SECRET}, "authorization", f"Bearer {SECRET}"),
        ({"type": "basic", "username": "shop", "password": SECRET}, "authorization", f"Basic {PAIR}"),
        ({"type": "header", "header_name": "X-API-Key", "header_value": SECRET}, "x-api-key", SECRET),
    ],
    ids=["bearer", "basic", "header"],
)
def test_authentication_in_a_header(user: DocumentUser, auth: Json, header: str, value: str) -> None:
    """'Sends: Authorization: Bearer {your_token}', 'Authorization: Basic {base64(username:password)}',
    'X-API-Key: {your_api_key}'.
    """
    user.bring("itellico", action(user, auth=auth))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "1"})
    assert user.there.last.headers[header] == value


BODY_AUTH = {"type": "body", "parameter_name": "api_key", "parameter_value": SECRET}


@pytest.mark.parametrize("body", [None, '{"order": "{{order_number}}"}'])
def test_authentication_in_the_body(user: DocumentUser, body: str | None) -> None:
    """'Sends in body: {"api_key": "{your_key}", ...other params}'."""
    user.bring("itellico", action(user, method="POST", auth=BODY_AUTH, body=body))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "1"})
    assert user.there.last.json == {"api_key": SECRET, "order" if body else "order_number": "1"}


AUTHS = [
    {"type": "bearer", "token": SECRET},
    {"type": "basic", "username": "shop", "password": SECRET},
    {"type": "header", "header_name": "X-API-Key", "header_value": SECRET},
    BODY_AUTH,
]


@pytest.mark.parametrize("auth", AUTHS, ids=lambda auth: auth["type"])
def test_credentials_are_encrypted_masked_and_kept(user: DocumentUser, auth: Json) -> None:
    """'Credentials are encrypted in the database and masked in the UI. When editing existing actions, unchanged
    credentials are preserved - you only need to re-enter them if changing.'
    """
    user.bring("itellico", action(user, method="POST", auth=auth, body='{"order": "{{order_number}}"}'))
    shown = user.admin.ok("GET", "/v1/functions/lookup_order_status")["webhook"]["auth"]
    assert MASK in shown.values()
    assert SECRET not in json.dumps(shown)
    with user.served.engine.connect() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [row for row in rows if SECRET in row]
    for change in ({"description": "Use this when an order's status is asked for."}, {"webhook": {"auth": shown}}):
        path = "/v1/functions/lookup_order_status"
        changed = user.admin.ok("POST", f"{path}/versions", change, status=201)
        number = changed["versions"][0]["number"]
        assert user.admin.ok("POST", f"{path}/versions/{number}/submit")["status"] == "approved"
        user.admin.ok("POST", f"{path}/publish", {"version": number})
        user.invoke("lookup_order_status", {"order_number": "1"})
        got = user.there.last
        sent = f"{got.headers} {got.body.decode()}"
        assert SECRET in sent or PAIR in sent


# Parameters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["object", "pairs"])
def test_custom_headers(user: DocumentUser, form: str) -> None:
    """'Add custom HTTP headers (key-value pairs). Example: Content-Type: application/json'."""
    headers = {"Content-Type": "application/json", "X-Shop": "north", "Accept-Language": "de"}
    given = headers if form == "object" else [{"name": name, "value": value} for name, value in headers.items()]
    user.bring("itellico", action(user, method="POST", headers=given))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "1"})
    assert user.there.last.headers.items() >= {name.lower(): value for name, value in headers.items()}.items()


def test_query_parameters(user: DocumentUser) -> None:
    """'Add URL query parameters (key-value pairs). Example: include=orders&limit=100'. The answer's own words of the
    same spelling come through as they are, and the values can be read and changed.
    """
    answer = {"orders": [{"id": 1, "note": "costs 100 EUR"}], "limit": 100}
    user.there.answer = lambda _: replying(answer)
    user.bring("itellico", action(user, query={"include": "orders", "limit": "100"}))
    user.talk("lookup_order_status")
    assert user.done("lookup_order_status", {"order_number": "1"})["content"] == answer
    assert user.there.last.path == "/orders/1?include=orders&limit=100"
    shown = user.admin.ok("GET", "/v1/functions/lookup_order_status")["webhook"]["query"]
    assert shown == {"include": "orders", "limit": "100"}


@pytest.mark.parametrize("secret", [False, True])
def test_a_number_in_a_query_is_the_text_that_it_is(user: DocumentUser, secret: bool) -> None:  # noqa: FBT001
    """The same example written as JSON, `{"include": "orders", "limit": 100}`: brought along, or saved as our own."""
    query: Json = {"include": "orders", "limit": 100, "all": True, "rate": 2.0}
    if secret:
        query["limit"] = {"value": 100, "secret": True}
        user.webhook("look_up", "/x", webhook={"method": "GET", "query": query})
    else:
        user.bring("itellico", action(user, name="look_up", url=f"{user.there.url}/x", query=query, variables=[]))
    user.invoke("look_up")
    assert user.there.last.path == "/x?include=orders&limit=100&all=true&rate=2"
    shown = user.admin.ok("GET", "/v1/functions/look_up")["webhook"]["query"]
    assert shown["limit"] == (MASK if secret else "100")


def test_a_request_body_with_variables_and_the_time(user: DocumentUser) -> None:
    """'{"customer_id": "{{customer_id}}", "status": "contacted", "timestamp": "{{current_datetime}}"}'."""
    body = '{\n  "customer_id": "{{customer_id}}",\n  "status": "contacted",\n  "timestamp": "{{current_datetime}}"\n}'
    user.bring("itellico", action(user, method="POST", url=user.there.url, body=body, variables=[CUSTOMER_ID]))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"customer_id": "12345"})
    sent = user.there.last.json
    timestamp = sent.pop("timestamp")
    assert sent == {"customer_id": "12345", "status": "contacted"}
    assert timestamp[4:5] + timestamp[10:11] + timestamp[-1:] == "-TZ"


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ('{"calls": {{calls}}, "ids": [{{calls}}, 2]}', True),
        ('{"calls": "{{calls}}"}', True),
        ('{"calls": {{calls}}', False),
        ('{"calls" {{calls}}}', False),
        ("calls={{calls}}", False),
    ],
)
def test_a_body_is_checked_as_json_and_may_hold_placeholders(user: DocumentUser, body: str, taken: bool) -> None:  # noqa: FBT001
    """'Validates JSON structure while allowing variable placeholders', without quotes, too."""
    config = action(user, method="PUT", url=user.there.url, body=body, variables=[variable("calls", "integer")])
    if taken:
        user.bring("itellico", config)
        user.invoke("lookup_order_status", {"calls": 3})
        assert user.there.last.json["calls"] == 3
    else:
        told = user.refused({"vendor": "itellico", "config": config}, "/v1/import")
        assert '"loc": "config.body"' in told


# Variables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "sent"),
    [
        ("string", "ORD-1", '"ORD-1"'),
        ("integer", "3", "3"),
        ("float", "2.5", "2.5"),
        ("boolean", "yes", "true"),
        ("date", "April 23, 1990", '"1990-04-23"'),
        ("email", "Jane@example.com", '"Jane@example.com"'),
        ("phone", "+49 30 123456", '"+4930123456"'),
    ],
)
def test_types_of_variables(user: DocumentUser, kind: str, said: str, sent: str) -> None:
    """'Type: string, integer, float, boolean, date, email, phone', and 'Variables are automatically converted to their
    defined types: integer → number in JSON, float → decimal, boolean → true/false, string → quoted string'.
    """
    variables = [variable("value", kind, required=True)]
    body = '{"value": "{{value}}"}'
    user.bring("itellico", action(user, method="POST", url=user.there.url, body=body, variables=variables))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"value": said})
    assert user.there.last.body.decode() == f'{{"value":{sent}}}'


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("integer", "some"),
        ("float", "a lot"),
        ("boolean", "maybe"),
        ("date", "soon"),
        ("email", "jane"),
        ("phone", "x"),
    ],
)
def test_what_is_of_no_such_type_is_asked_for_again(user: DocumentUser, kind: str, said: str) -> None:
    """The same sentence read the other way: the API is not called, and the agent told what to ask."""
    user.bring("itellico", action(user, url=user.there.url, variables=[variable("value", kind, required=True)]))
    user.talk("lookup_order_status")
    outcome = user.call("lookup_order_status", {"value": said})
    assert (outcome["status"], outcome["is_error"]) == ("refused", True)
    assert "value" in outcome["content"]
    assert user.there.received == []


def test_an_example_that_is_none_is_not_what_is_asked_for(user: DocumentUser) -> None:
    """'Example: Example value (guides the LLM)': where the author's has another form, a refusal has one that fits."""
    user.webhook("book", parameters=[variable("day", "date", required=True, example="tomorrow")])
    user.talk("book")
    asked = [user.call("book", params)["content"] for params in ({"day": "soon"}, {})]
    assert not [text for text in asked if "such as 1990-04-23" not in text or "such as tomorrow" in text]
    default = [variable("day", "date", default="tomorrow")]
    later = {"name": "later", "description": "Later.", "kind": "webhook", "webhook": {"url": user.there.url}}
    assert "such as 1990-04-23" in user.refused({**later, "parameters": default})


def test_each_variable_is_a_parameter_that_the_llm_sees(user: DocumentUser) -> None:
    """'Each variable creates a function parameter that the LLM sees and collects during conversation.' The example
    variable: order_number, string, described, ORD-12345, required.
    """
    user.bring("itellico", action(user))
    user.talk("lookup_order_status")
    shown = user.tool("lookup_order_status")["parameters"]
    wanted = {"type": "string", "description": "Customer's order number", "examples": ["ORD-12345"]}
    assert (shown["properties"], shown["required"]) == ({"order_number": wanted}, ["order_number"])


@pytest.mark.parametrize(
    "format", ["anthropic", "gemini", "openai", "openai_strict", "mcp", "retell", "vapi", "elevenlabs"]
)
def test_description_and_example_help_every_llm(user: DocumentUser, format: str) -> None:  # noqa: A002 (the query's word)
    """'Description: What this variable is for (helps the LLM understand). Example: Example value (guides the LLM)'."""
    user.bring("itellico", action(user))
    user.talk("lookup_order_status")
    tools = json.dumps(user.admin.ok("GET", f"/v1/agents/desk/tools?format={format}")["tools"])
    assert "Customer's order number" in tools
    assert "ORD-12345" in tools


@pytest.mark.parametrize("params", [{}, {"order_number": None}, {"order_number": ""}])
def test_required_variables_are_collected_before_the_call(user: DocumentUser, params: Json) -> None:
    """'Required: Toggle - if true, LLM must collect before calling API.' 'The LLM … knows to ask the customer for their
    order number before calling the API.'
    """
    user.bring("itellico", action(user))
    user.talk("lookup_order_status")
    outcome = user.call("lookup_order_status", params)
    assert (outcome["status"], "order_number" in outcome["content"]) == ("refused", True)
    assert user.there.received == []
    user.done("lookup_order_status", {"order_number": "ORD-12345"})
    assert user.there.last.path == "/orders/ORD-12345"


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"email": "a@b.example"}, "a@b.example"),
        ({}, "not-provided@example.com"),
        ({"email": None}, "not-provided@example.com"),
    ],
)
def test_a_default_is_used_where_a_variable_is_not_provided(user: DocumentUser, params: Json, sent: str) -> None:
    """'Variable: email (not required, default: "not-provided@example.com"): Agent collects email if customer provides
    it, otherwise uses default.' 'Default Value: Used if not required and not provided'.
    """
    email = variable("email", "email", required=False, default="not-provided@example.com")
    body = '{"email": "{{email}}"}'
    user.bring("itellico", action(user, method="POST", url=user.there.url, body=body, variables=[email]))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", params)
    assert user.there.last.json == {"email": sent}


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "I don't see an order with that number"), (500, "I'm having trouble accessing the system right now")],
)
def test_what_is_said_when_the_action_returns_an_error(user: DocumentUser, status: int, said: str) -> None:
    """'If the action returns an error: 404: …, 500: …': the agent gets the words for the status, and the status."""
    user.there.answer = lambda _: replying({"detail": "no"}, status)
    errors = {
        "404": "I don't see an order with that number",
        "500": "I'm having trouble accessing the system right now",
        "default": "Somebody will call you back.",
    }
    user.webhook("lookup", "/orders", messages={"error": errors}, retries=0)
    user.talk("lookup")
    outcome = user.call("lookup")
    assert (outcome["status"], outcome["message"]) == ("failed", said)
    assert (outcome["error"]["http_status"], outcome["is_error"]) == (status, True)


# Template variables ---------------------------------------------------------------------------------------------------


def test_templates_in_url_headers_query_and_body(user: DocumentUser) -> None:
    """'Use {{variable_name}} syntax in URLs, headers, query params, and request body.' 'URL: …/orders/{{order_number}}
    Body: {"email": "{{customer_email}}"}'.
    """
    more = {
        "method": "POST",
        "headers": {"X-Order": "{{order_number}}"},
        "query": {"order": "{{order_number}}"},
        "body": '{"email": "{{customer_email}}"}',
        "variables": [ORDER_NUMBER, variable("customer_email", "email", required=True)],
    }
    user.bring("itellico", action(user, **more))
    user.talk("lookup_order_status")
    user.done("lookup_order_status", {"order_number": "ORD-1", "customer_email": "jane@example.com"})
    got = user.there.last
    assert (got.path, got.headers["x-order"]) == ("/orders/ORD-1?order=ORD-1", "ORD-1")
    assert got.json == {"email": "jane@example.com"}


CONTACT = {"first_name": "Zoë", "last_name": "Smith", "email": "z@example.com", "phone_number": "+4930123", "id": 77}
CONTEXT = {
    "contact.first_name": "Zoë",
    "contact.last_name": "Smith",
    "contact.email": "z@example.com",
    "contact.phone_number": "+4930123",
    "contact.id": 77,
    "agent_number": "+4930555",
    "agent_name": "Order Desk",
    "agent_id": "ag-1",
    "direction": "outbound",
    "medium": "phone",
}


@pytest.mark.parametrize("name", CONTEXT)
def test_context_variables_come_from_contact_and_call(user: DocumentUser, name: str) -> None:
    """'Available automatically from contact record and call context': `contact.…`, `agent_number`, `agent_name`,
    `agent_id`, `direction # inbound/outbound`, `medium # phone/web`; nobody declares them.
    """
    body = f'{{"whole": "{{{{{name}}}}}", "within": "<{{{{{name}}}}}>"}}'
    brought = user.bring("itellico", action(user, method="POST", url=user.there.url, body=body, variables=[]))
    assert brought["function"]["parameters"]["properties"] == {}
    details = {"name": "Order Desk", "id": "ag-1", "number": "+4930555"}
    user.talk("lookup_order_status", contact=CONTACT, agentDetails=details, direction="outbound", medium="phone")
    user.done("lookup_order_status")
    assert user.there.last.json == {"whole": CONTEXT[name], "within": f"<{CONTEXT[name]}>"}


def test_current_datetime_is_iso_8601(user: DocumentUser) -> None:
    """'{{current_datetime}} # ISO 8601 timestamp', of the call."""
    query = {"at": "{{current_datetime}}"}
    user.bring("itellico", action(user, url=user.there.url, query=query, variables=[]))
    user.talk("lookup_order_status")
    user.done("lookup_order_status")
    created = user.session()["createdAt"]
    at = user.there.last.path.partition("at=")[2].replace("%3A", ":")
    assert len(at) == len(created)
    assert created <= at


# Testing --------------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_tested_on_its_own(user: DocumentUser) -> None:
    """'Test Endpoint Independently': reachable, authentication works, request format and response are as expected; the
    Test of a version shows request and response, without the credential.
    """
    user.there.answer = lambda _: replying({"status": "shipped"})
    auth = {"type": "bearer", "token": SECRET}
    user.bring("itellico", action(user, auth=auth))
    report = user.admin.ok("POST", "/v1/functions/lookup_order_status/test", {"params": {"order_number": "1"}})
    assert (report["status"], report["result"]) == ("ok", {"status": "shipped"})
    assert (report["request"]["method"], report["response"]["status"]) == ("GET", 200)
    assert report["request"]["url"].endswith("/orders/1")
    assert SECRET not in json.dumps(report)


def test_static_values_first_then_variables(user: DocumentUser) -> None:
    """'Configure action with hardcoded values first (no variables)'; 'Replace hardcoded values with variables'."""
    user.webhook("lookup", "/orders/1", webhook={"method": "GET"})
    user.invoke("lookup")
    assert user.there.last.path == "/orders/1"
    change = {"parameters": [ORDER_NUMBER], "webhook": {"url": f"{user.there.url}/orders/{{{{order_number}}}}"}}
    user.admin.ok("POST", "/v1/functions/lookup/versions", change, status=201)
    user.admin.ok("POST", "/v1/functions/lookup/versions/2/submit")
    user.admin.ok("POST", "/v1/functions/lookup/publish", {"version": 2})
    user.invoke("lookup", {"order_number": "ORD-2"})
    assert user.there.last.path == "/orders/ORD-2"


@pytest.mark.parametrize("status", [404, 500, 401])
def test_error_scenarios(user: DocumentUser, status: int) -> None:
    """'Test Error Scenarios: API returns 404 (not found), API returns 500 (server error), Authentication fails (401)';
    'Troubleshooting' says of each that its cause should be found: the report shows status and answer.
    """
    user.there.answer = lambda _: replying({"why": "told"}, status)
    user.bring("itellico", action(user))
    report = user.admin.ok("POST", "/v1/functions/lookup_order_status/test", {"params": {"order_number": "1"}})
    assert (report["status"], report["error"]["http_status"]) == ("http_error", status)
    assert "told" in json.dumps(report["response"])


def test_missing_required_variables_are_an_error_scenario(user: DocumentUser) -> None:
    """'Missing required variables': nothing is sent."""
    user.bring("itellico", action(user))
    report = user.admin.ok("POST", "/v1/functions/lookup_order_status/test", {})
    assert report["status"] == "refused"
    assert user.there.received == []


# Troubleshooting ------------------------------------------------------------------------------------------------------


def test_a_template_variable_that_does_not_exist(user: DocumentUser) -> None:
    """'Incorrect syntax or variable doesn't exist: Verify variable is defined': told before anybody calls."""
    config = action(user, url=f"{user.there.url}/orders/{{{{oder_number}}}}")
    review = user.admin.ok("POST", "/v1/import", {"vendor": "itellico", "config": config})["review"]
    assert [one for one in review["comments"] if "{{oder_number}}" in one["message"]]


@pytest.mark.parametrize("url", ["/orders/{{order_number", "/orders/{{order number}}", "/orders/{{}}"])
def test_incorrect_syntax_of_a_template(user: DocumentUser, url: str) -> None:
    """'Use exact syntax: {{variable_name}}': another one is refused with its place."""
    config = action(user, url=user.there.url + url)
    assert '"loc": "config.url"' in user.refused({"vendor": "itellico", "config": config}, "/v1/import")


def test_a_contact_without_the_field_leaves_it_empty(user: DocumentUser) -> None:
    """'Check contact record has field populated': an empty one does not fail the call."""
    body = '{"subject": "Call with {{contact.first_name}}"}'
    user.bring("itellico", action(user, method="POST", url=user.there.url, body=body, variables=[]))
    user.talk("lookup_order_status")
    user.done("lookup_order_status")
    assert user.there.last.json == {"subject": "Call with "}


def test_an_api_that_is_too_slow(user: DocumentUser) -> None:
    """'API responding slowly (>2 minutes)': two minutes is the default; a shorter time ends in words for the caller."""
    over = threading.Event()

    def answer(_: Received) -> Reply:
        over.wait(CLIENT_S)
        return replying({})

    user.there.answer = answer
    said = {"error": "That takes too long."}
    created = user.webhook("slow", timeout=1, retries=0, messages=said)  # short: its running out is the claim
    assert user.bring("itellico", action(user))["function"]["timeout"] == 120
    try:
        outcome = user.invoke("slow")
    finally:
        over.set()
    assert created["timeout"] == 1
    assert (outcome["status"], outcome["message"], outcome["is_error"]) == ("timed_out", "That takes too long.", True)


@pytest.mark.parametrize(
    ("body", "kind", "result", "warned"),
    [
        ("Shipped on Friday.", "text/plain", "Shipped on Friday.", False),
        ('{"status": "shipped"', "application/json", '{"status": "shipped"', True),
        ('{"status": "shipped"}', "text/html", {"status": "shipped"}, False),
    ],
)
def test_an_api_that_returns_no_json(user: DocumentUser, body: str, kind: str, result: Any, warned: bool) -> None:  # noqa: FBT001
    """'API returning non-JSON or malformed JSON: Check Content-Type header in response. Test response with JSON
    validator': text is a result too, and where JSON is malformed the warning says where.
    """
    user.there.answer = lambda _: Reply(200, body.encode(), {"content-type": kind})
    user.bring("itellico", action(user))
    user.talk("lookup_order_status")
    outcome = user.done("lookup_order_status", {"order_number": "1"})
    assert (outcome["result"], any("column" in one for one in outcome["warnings"])) == (result, warned)


# Security best practices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "warned"), [("https", False), ("http", True)])
def test_https_encrypts_data_in_transit(user: DocumentUser, scheme: str, warned: bool) -> None:  # noqa: FBT001
    """'Always use HTTPS endpoints to encrypt data in transit ✓ https://… ✗ http://…'."""
    config = action(user, url=f"{scheme}://api.company.com/endpoint/{{{{order_number}}}}")
    review = user.admin.ok("POST", "/v1/import", {"vendor": "itellico", "config": config})["review"]
    assert ("webhook.http" in {one["rule"] for one in review["comments"]}) is warned


@pytest.mark.parametrize(
    "url",
    [
        "https://api.company.com/orders?api_key=Zm9vYmFyYmF6cXV4",
        "https://api.company.com/orders?access_token=abc123",
        "https://user:pass@api.company.com/orders",
    ],
)
def test_no_credentials_in_urls(user: DocumentUser, url: str) -> None:
    """'Never hardcode credentials in URLs. Use authentication configuration': the review says so, or it is refused."""
    body = {"vendor": "itellico", "config": action(user, url=url, variables=[])}
    answer = user.admin.send("POST", "/v1/import", json=body)
    told = answer.json()
    found = told["errors"] if answer.status_code == 422 else told["review"]["comments"]
    assert [one for one in found if "auth" in json.dumps(one)], found


def test_api_keys_are_rotated_and_revoked(user: DocumentUser) -> None:
    """'Rotate API keys regularly', 'Revoke compromised credentials immediately': a named credential, without touching
    the functions that use it.
    """
    path = "/v1/credentials/shop"
    values = {"type": "bearer", "hosts": [user.there.url]}
    user.admin.ok("PUT", path, {**values, "values": {"token": "first-key-1"}})
    user.webhook("lookup", webhook={"auth": {"type": "bearer", "credential": "shop"}})
    user.invoke("lookup")
    assert user.there.last.headers["authorization"] == "Bearer first-key-1"
    user.admin.ok("PUT", path, {**values, "values": {"token": "second-key-2"}})
    user.invoke("lookup")
    assert user.there.last.headers["authorization"] == "Bearer second-key-2"
    user.there.received.clear()
    user.admin.ok("DELETE", f"{path}?force=true", status=204)
    outcome = user.invoke("lookup")
    assert (outcome["status"], outcome["error"]["type"]) == ("failed", "credential_missing")
    assert user.there.received == []


def test_separate_keys_for_testing_and_production(user: DocumentUser) -> None:
    """'Use separate keys for testing vs production': one credential with a value for each environment."""
    for environment in ("production", "staging"):
        values = {"type": "bearer", "hosts": [user.there.url], "values": {"token": f"key-of-{environment}"}}
        user.admin.ok("PUT", "/v1/credentials/shop", {**values, "environment": environment})
    user.webhook("lookup", webhook={"auth": {"type": "bearer", "credential": "shop"}})
    user.admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1, "environment": "staging"})
    user.agent(lookup="during_session")
    for environment in ("production", "staging"):
        user.start(environment, environment=environment)
        user.done("lookup", session=environment)
        assert user.there.last.headers["authorization"] == f"Bearer key-of-{environment}"


@pytest.mark.parametrize("said", ['"}, "admin": true, {"x": "', "{{agent_id}}", "a\r\nX-Admin: 1", "../../admin?x=1#"])
def test_what_a_caller_says_stays_a_value(user: DocumentUser, said: str) -> None:
    """'Your API should validate all inputs: Check for injection attempts': what midcall sends is one value, whatever
    was said; where it could not be, nothing is sent.
    """
    body = '{"email": "{{text}}"}'
    more = {"method": "POST", "url": f"{user.there.url}/orders/{{{{text}}}}", "body": body}
    user.bring("itellico", action(user, **more, variables=[variable("text", required=True)]))
    user.talk("lookup_order_status")
    user.call("lookup_order_status", {"text": said})
    for got in user.there.received:
        assert got.json == {"email": said}
        assert got.path.count("/") == 2
        assert "?" not in got.path
        assert "x-admin" not in got.headers


# Real-world examples --------------------------------------------------------------------------------------------------


def test_look_up_customer_in_salesforce(user: DocumentUser) -> None:
    """'Method: GET, URL: …/customers/{{customer_id}}, Auth: Bearer token, Variable: customer_id (string, required)'."""
    user.webhook(
        "lookup_customer",
        "/customers/{{customer_id}}",
        parameters=[CUSTOMER_ID],
        webhook={"method": "GET", "auth": {"type": "bearer", "token": SECRET}},
    )
    user.talk("lookup_customer")
    user.done("lookup_customer", {"customer_id": "003"})
    got = user.there.last
    assert (got.method, got.path, got.headers["authorization"]) == ("GET", "/customers/003", f"Bearer {SECRET}")


def test_create_ticket_in_zendesk(user: DocumentUser) -> None:
    """'Method: POST, URL: …/api/v2/tickets, Auth: Basic (email/token), Variables: issue_description, priority_level,
    Body: {"ticket": {…}}'.
    """
    ticket = {
        "subject": "Call with {{contact.first_name}}",
        "description": "{{issue_description}}",
        "priority": "{{priority_level}}",
    }
    user.webhook(
        "create_ticket",
        "/api/v2/tickets",
        parameters=[variable("issue_description"), variable("priority_level")],
        webhook={"body": {"ticket": ticket}, "auth": {"type": "basic", "username": "a@b.c/token", "password": SECRET}},
    )
    user.talk("create_ticket", contact={"first_name": "Zoë"})
    user.done("create_ticket", {"issue_description": "It leaks", "priority_level": "urgent"})
    got = user.there.last
    wanted = {"subject": "Call with Zoë", "description": "It leaks", "priority": "urgent"}
    assert (got.method, got.path, got.json) == ("POST", "/api/v2/tickets", {"ticket": wanted})
    pair = base64.b64encode(f"a@b.c/token:{SECRET}".encode()).decode()
    assert got.headers["authorization"] == f"Basic {pair}"


def test_check_product_availability(user: DocumentUser) -> None:
    """'Method: GET, URL: …/products/{{sku}}/availability, Auth: Header (X-API-Key), Variable: sku (string, required,
    example: "PROD-12345")'.
    """
    user.webhook(
        "check_inventory",
        "/products/{{sku}}/availability",
        parameters=[variable("sku", required=True, example="PROD-12345")],
        webhook={"method": "GET", "auth": {"type": "header", "name": "X-API-Key", "value": SECRET}},
    )
    user.talk("check_inventory")
    user.done("check_inventory", {"sku": "PROD-12345"})
    got = user.there.last
    assert (got.method, got.path, got.headers["x-api-key"]) == ("GET", "/products/PROD-12345/availability", SECRET)
