"""UponAI, "Integrate Any System with Custom Functions" (documentation.uponai.com), sentence by sentence.

No counterpart here: the index of its documentation (llms.txt), clicking **Add Function** and the pictures of its forms
(its own pages; ours have tests in `tests/browser`).
"""

from typing import Any

import pytest
from tests.integration.api.sessions import stream
from tests.integration.documents.document_user import DocumentUser
from tests.integration.documents.receivers import receiver
from tests.support.target import Reply, replying

Json = dict[str, Any]

ORDER = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "description": "The order's number"}},
    "required": ["order_number"],
}


def check_order_status(user: DocumentUser, **changes: Any) -> Json:
    """Write the document's function in the words of UponAI's config, which are Retell's."""
    return {
        "type": "custom",
        "name": "check_order_status",
        "description": "Check the status of an order by its number",
        "method": "POST",
        "url": f"{user.there.url}/orders/status",
        "parameters": ORDER,
        **changes,
    }


def test_an_agent_calls_any_external_api(user: DocumentUser) -> None:
    """'Custom functions let your agent call any external API via HTTP request'; the answer is what the agent gets."""
    user.there.answer = lambda _: replying({"status": "shipped"})
    user.bring("retell", check_order_status(user))
    user.talk("check_order_status")
    assert user.done("check_order_status", {"order_number": "A-1"})["content"] == {"status": "shipped"}
    assert (user.there.last.method, user.there.last.path) == ("POST", "/orders/status")


@pytest.mark.parametrize("name", ["check_order_status", "create_lead"])
def test_a_name_in_words_and_underscores(user: DocumentUser, name: str) -> None:
    """'Use underscores to separate words. Example: `check_order_status`, `create_lead`.' The name is kept as it is."""
    user.webhook(name)
    user.talk(name)
    assert user.tool(name)["name"] == name


@pytest.mark.parametrize("name", ["check order status", "check-order-status"])
def test_a_name_that_is_not_underscore_separated(user: DocumentUser, name: str) -> None:
    """'Function name format: Underscore-separated'. Others are refused with what to write; brought along, they fit."""
    document = {"name": name, "description": "Checks.", "kind": "webhook", "webhook": {"url": user.there.url}}
    assert "underscores" in user.refused(document)
    brought = user.bring("retell", check_order_status(user, name=name))["function"]
    assert (brought["name"], brought["display_name"]) == ("check_order_status", name)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
def test_each_method_reaches_the_full_url(user: DocumentUser, method: str) -> None:
    """'Choose from: GET, POST, PATCH, PUT, or DELETE. Enter the full URL of your API endpoint.'"""
    user.bring("retell", check_order_status(user, method=method, url=f"{user.there.url}/v2/orders?region=eu"))
    user.talk("check_order_status")
    user.done("check_order_status", {"order_number": "A-1"})
    assert user.there.last.method == method
    assert user.there.last.path.startswith("/v2/orders?region=eu")


def test_authentication_headers_api_keys_and_query_parameters(user: DocumentUser) -> None:
    """'Add any required authentication headers, API keys, or query params.' Secrets of them are not shown again."""
    headers = {"Authorization": "Bearer tok-17", "X-API-Key": "key-17", "X-Tenant": "acme"}
    brought = user.bring("retell", check_order_status(user, headers=headers, query_params={"include": "items"}))
    user.talk("check_order_status")
    user.done("check_order_status", {"order_number": "A-1"})
    got = user.there.last
    assert {name: got.headers[name.lower()] for name in headers} == headers
    assert got.path == "/orders/status?include=items"
    assert brought["function"]["webhook"]["headers"]["X-Tenant"] == "acme"
    assert brought["function"]["webhook"]["query"] == {"include": "items"}
    assert not [secret for secret in ("tok-17", "key-17") if secret in str(brought)]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_the_request_body_follows_the_json_schema(user: DocumentUser, method: str) -> None:
    """'For POST, PATCH, and PUT requests, define your request body using JSON schema format.'"""
    schema = {"type": "object", "properties": {"total": {"type": "number"}, "tags": {"type": "array"}}}
    user.bring("retell", check_order_status(user, method=method, parameters=schema, args_at_root=True))
    user.talk("check_order_status")
    user.done("check_order_status", {"total": "12.5", "tags": ["a"]})
    assert user.there.last.json == {"total": 12.5, "tags": ["a"]}
    assert user.call("check_order_status", {"total": "a lot"})["status"] == "refused"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_methods_carry_no_body(user: DocumentUser, method: str) -> None:
    """The same sentence read the other way: arguments of a GET or DELETE go to the query."""
    user.bring("retell", check_order_status(user, method=method))
    user.talk("check_order_status")
    user.done("check_order_status", {"order_number": "A 1"})
    assert (user.there.last.path, user.there.last.body) == ("/orders/status?order_number=A%201", b"")


def test_payload_args_only_sends_the_arguments_as_the_body(user: DocumentUser) -> None:
    """'Enable Payload: args only to send only the function arguments as the JSON body, without an outer wrapper.'"""
    user.bring("retell", check_order_status(user, args_at_root=True))
    user.talk("check_order_status")
    user.done("check_order_status", {"order_number": "A-1"})
    assert user.there.last.body == b'{"order_number":"A-1"}'


def test_without_it_the_arguments_have_an_outer_wrapper(user: DocumentUser) -> None:
    """The same sentence read the other way: name, call and args."""
    user.bring("retell", check_order_status(user))
    user.talk("check_order_status")
    user.done("check_order_status", {"order_number": "A-1"})
    body = user.there.last.json
    assert list(body) == ["name", "call", "args"]
    assert (body["name"], body["args"]) == ("check_order_status", {"order_number": "A-1"})


def test_response_values_become_variables_for_later(user: DocumentUser) -> None:
    """'Map API response values to dynamic variables for use later in the conversation.'"""
    user.there.answer = lambda _: replying({"order": {"id": 4711, "items": [{"sku": "P-1"}]}})
    paths = {"order_id": "order.id", "first_sku": "order.items[0].sku"}
    user.bring("retell", check_order_status(user, response_variables=paths))
    later = {"name": "create_lead", "url": f"{user.there.url}/leads/{{{{order_id}}}}", "method": "PUT"}
    user.bring("retell", check_order_status(user, **later, query_params={"sku": "{{first_sku}}"}, parameters=None))
    user.talk("check_order_status", "create_lead")
    outcome = user.done("check_order_status", {"order_number": "A-1"})
    assert sorted(outcome["changed"]) == ["first_sku", "order_id"]
    assert user.session()["dynamicVariables"].items() >= {"order_id": 4711, "first_sku": "P-1"}.items()
    user.done("create_lead")
    assert user.there.last.path == "/leads/4711?sku=P-1"


@pytest.mark.parametrize(("sent", "cut"), [(15_000, False), (15_001, True)])
def test_response_data_is_capped_at_15000_characters(user: DocumentUser, sent: int, cut: bool) -> None:  # noqa: FBT001
    """'Response data is capped at 15,000 characters'; 'Response cap: 15,000 characters'. What is cut says so."""
    text = "ä" * sent
    user.there.answer = lambda _: Reply(200, text.encode(), {"content-type": "text/plain; charset=utf-8"})
    user.bring("retell", check_order_status(user))
    user.talk("check_order_status")
    outcome = user.done("check_order_status", {"order_number": "A-1"})
    assert (outcome["truncated"], outcome["result"]) == (cut, text[:15_000])
    assert len(outcome["content"]) <= 15_000
    assert (outcome["content"] == text) is not cut


def test_speak_during_execution_says_something_while_waiting(user: DocumentUser) -> None:
    """'Agent says something while waiting (e.g. "Let me check that for you.")': it comes before the answer is there."""
    said = {"execution_message_type": "static_text", "execution_message_description": "Let me check that for you."}
    user.bring("retell", check_order_status(user, speak_during_execution=True, **said))
    user.talk("check_order_status")
    body = {"params": {"order_number": "A-1"}}
    with stream(user.admin, "/v1/sessions/s1/functions/check_order_status", method="POST", body=body) as events:
        heard = [(event.name, event.data.get("message")) for event in events]
    assert heard == [("started", "Let me check that for you."), ("completed", None)]


@pytest.mark.parametrize("after", [True, False])
def test_speak_after_execution_is_kept(user: DocumentUser, after: bool) -> None:  # noqa: FBT001
    """'Speak After Execution: Agent discusses the result with the caller': the runtime is told whether it should."""
    brought = user.bring("retell", check_order_status(user, speak_after_execution=after))
    assert brought["function"]["speak_after_execution"] is after
    user.talk("check_order_status")
    (tool,) = user.admin.ok("GET", "/v1/agents/desk/tools?format=retell")["tools"]
    assert tool["speak_after_execution"] is after


@pytest.mark.parametrize("language", ["javascript", "python"])
def test_the_documents_endpoint_takes_genuine_requests_alone(user: DocumentUser, language: str) -> None:
    """Both samples under 'Security': what midcall signs is valid, also without a body; another key's is a 401.

    'Every request includes an `X-Retell-Signature` header signed with your secret key.' The receiver in JavaScript
    verifies `JSON.stringify(req.body)`, so the body has letters, floats and keys that others write in other ways.
    """
    key = user.admin.ok("POST", "/v1/workspace/signing-secret", {})["current"]
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "2": {"type": "number"}}}
    with receiver(language, key) as url:
        for name, method in (("posted", "POST"), ("put", "PUT"), ("asked", "GET"), ("removed", "DELETE")):
            webhook = {"url": f"{url}/your-endpoint", "method": method, "payload": "call"}
            user.webhook(name, webhook=webhook, parameters=schema, retries=0)
            outcome = user.invoke(name, {"city": "São Paulo 東京 \u2028", "2": 1.0})
            assert outcome["result"] == {"handled": True}, outcome
        user.admin.ok("POST", "/v1/workspace/signing-secret", {"overlap_s": 0})
        outcome = user.invoke("posted", {"city": "Rome"})
        assert (outcome["status"], outcome["error"]["http_status"]) == ("failed", 401)
        assert outcome["error"]["body"] == "Unauthorized"


@pytest.mark.parametrize("given", [{}, {"timeout_ms": 120_000}])
def test_the_timeout_is_two_minutes_by_default(user: DocumentUser, given: Json) -> None:
    """'Timeout: 2 minutes (default)', of an attempt; a function of our own has two minutes for the whole call."""
    brought = user.bring("retell", check_order_status(user, **given))
    assert brought["function"]["attempt_timeout"] == 120
    created = user.webhook("create_lead")
    assert created["timeout"] == 120


def test_a_request_is_tried_again_up_to_two_times(user: DocumentUser) -> None:
    """'Retries: Up to 2 attempts', after the first one; the same idempotency key each time."""
    user.there.answer = lambda _: replying({"error": "down"}, 503)
    user.bring("retell", check_order_status(user))
    user.talk("check_order_status")
    assert user.call("check_order_status", {"order_number": "A-1"})["status"] == "failed"
    assert len(user.there.received) == 3
    assert len({got.headers["idempotency-key"] for got in user.there.received}) == 1
