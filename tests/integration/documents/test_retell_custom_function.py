"""Retell, "Custom Function", sentence by sentence.

Held elsewhere: Retell's own calls, midcall being the endpoint (`tests/integration/api/test_vendor_calls.py`); its SDK's
verdict on our signatures (`tests/integration/vendors/test_signatures_by_vendors.py`); the sample endpoints, which are
UponAI's too (`test_uponai_custom_functions.py` beside this file).

No counterpart here: Retell's address 100.20.5.228, from which its requests come (an operator gives midcall a fixed one:
`MIDCALL_OUTBOUND_SOURCE`, `tests/integration/outbound/test_outbound_ways.py`); the examples to click in its form.
"""

import base64
import hashlib
import hmac
import re
import threading
from typing import Any

import pytest
from tests.integration.documents.document_user import DocumentUser
from tests.support.patience import CLIENT_S
from tests.support.target import Received, Reply, replying

Json = dict[str, Any]

DESCRIPTION = "Get user details based on name and age"
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "The user's name"},
        "age": {"type": "integer", "description": "The user's age"},
    },
    "required": ["name", "age"],
}
ANN = {"name": "Ann", "age": 30}


def get_user_details(user: DocumentUser, **changes: Any) -> Json:
    """Write the document's function as Retell's API has it."""
    function = {"type": "custom", "name": "get_user_details", "description": DESCRIPTION, "parameters": SCHEMA}
    return {**function, "url": f"{user.there.url}/users", "method": "POST", **changes}


def saved(user: DocumentUser, **changes: Any) -> Json:
    """Write the same function as our own API has it."""
    webhook = {"url": f"{user.there.url}/users", "payload": "call", **changes.pop("webhook", {})}
    function = {"name": "get_user_details", "description": DESCRIPTION, "kind": "webhook", "parameters": SCHEMA}
    return {**function, "webhook": webhook, **changes}


def test_a_request_with_name_and_parameters_and_data_out_of_the_response(user: DocumentUser) -> None:
    """'Retell sends a request to your specified URL with the function name and parameters … headers and query
    parameters in the request, and extract data from the response.'
    """
    user.there.answer = lambda _: replying({"city": "Oslo"})
    more = {"headers": {"X-Source": "desk"}, "query_params": {"v": "2"}, "response_variables": {"home": "city"}}
    user.bring("retell", get_user_details(user, **more))
    user.talk("get_user_details")
    outcome = user.done("get_user_details", ANN)
    got = user.there.last
    assert (got.json["name"], got.json["args"]) == ("get_user_details", ANN)
    assert (got.path, got.headers["x-source"]) == ("/users?v=2", "desk")
    assert outcome["dynamicVariables"]["home"] == "Oslo"


def test_a_name_and_a_description(user: DocumentUser) -> None:
    """'Name: get_user_details. Description: Get user details based on name and age': both are what the LLM sees."""
    user.publish(saved(user))
    user.talk("get_user_details")
    tool = user.tool("get_user_details")
    assert (tool["name"], tool["description"]) == ("get_user_details", DESCRIPTION)


def test_a_name_is_unique(user: DocumentUser) -> None:
    """'The name should be unique and separated with underscore.'"""
    user.publish(saved(user))
    assert user.admin.problem(409, "POST", "/v1/functions", saved(user))["code"] == "name_taken"
    again = {"vendor": "retell", "config": get_user_details(user), "save": True}
    assert user.admin.problem(409, "POST", "/v1/import", again)["code"] == "name_taken"
    assert "underscores" in user.refused(saved(user, name="get user details"))


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
def test_each_method_is_used(user: DocumentUser, method: str) -> None:
    """'Choose the HTTP method that Retell will use to send the request to your endpoint.' Each of its list."""
    user.bring("retell", get_user_details(user, method=method))
    user.talk("get_user_details")
    user.done("get_user_details", ANN)
    assert user.there.last.method == method


@pytest.mark.parametrize("url", ["", "users", "ftp://api.example.com/users", "https://", "https://exa mple.com/users"])
def test_the_url_has_to_be_valid(user: DocumentUser, url: str) -> None:
    """'Add the URL … This has to be a valid URL.' Another one is refused when it is saved."""
    assert '"loc": "webhook.url"' in user.refused(saved(user, webhook={"url": url}))
    imported = {"vendor": "retell", "config": get_user_details(user, url=url)}
    assert '"loc": "config.url"' in user.refused(imported, "/v1/import")


@pytest.mark.parametrize("where", ["headers", "query"])
def test_headers_and_query_take_static_values_and_variables(user: DocumentUser, where: str) -> None:
    """'Header values can be static or include dynamic variables.' 'Query parameter values can be static or include
    dynamic variables.' Also within a text.
    """
    values = {"X-Static": "plain", "X-User": "{{user_name}}", "X-Mixed": "by {{user_name}} at {{plan}}"}
    user.bring("retell", get_user_details(user, **{"headers" if where == "headers" else "query_params": values}))
    user.talk("get_user_details", dynamicVariables={"user_name": "Ann", "plan": "gold"})
    user.done("get_user_details", ANN)
    got = user.there.last
    if where == "headers":
        sent = [got.headers[name.lower()] for name in values]
        assert sent == ["plain", "Ann", "by Ann at gold"]
    else:
        assert got.path == "/users?X-Static=plain&X-User=Ann&X-Mixed=by%20Ann%20at%20gold"


def test_variables_that_the_platform_fills_by_itself(user: DocumentUser) -> None:
    """'… or include dynamic variables', Retell's own among them: a note says which ones the session has to bring, by a
    name that can be written here.
    """
    headers = {"X-Call": "{{call_id}}", "X-Time": "at {{current_time_America/New_York}}"}
    brought = user.bring("retell", get_user_details(user, headers=headers))
    noted = [note["msg"] for note in brought["notes"] if note["loc"].startswith("headers.")]
    assert ["{{call_id}}" in noted[0], "{{current_time_America_New_York}}" in noted[1]] == [True, True]
    user.talk("get_user_details", dynamicVariables={"call_id": "c-1", "current_time_America_New_York": "9 AM"})
    user.done("get_user_details", ANN)
    assert (user.there.last.headers["x-call"], user.there.last.headers["x-time"]) == ("c-1", "at 9 AM")


@pytest.mark.parametrize("form", ["schema", "form"])
def test_parameters_as_json_schema_or_json_form(user: DocumentUser, form: str) -> None:
    """'Define the parameters for the custom function using JSON schema format or JSON form.' Both show the LLM the
    same, and convert the same.
    """
    fields = [
        {"name": "name", "type": "string", "description": "The user's name", "required": True},
        {"name": "age", "type": "integer", "description": "The user's age", "required": True},
    ]
    user.publish(saved(user, parameters=SCHEMA if form == "schema" else fields))
    user.talk("get_user_details")
    shown = user.tool("get_user_details")["parameters"]
    assert (shown["properties"], shown["required"]) == (SCHEMA["properties"], SCHEMA["required"])
    user.done("get_user_details", {"name": "Ann", "age": "30"})
    assert user.there.last.json["args"] == ANN
    assert "age" in user.call("get_user_details", {"name": "Ann"})["content"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "GET", "DELETE"])
def test_parameters_are_the_body_of_methods_that_have_one(user: DocumentUser, method: str) -> None:
    """'Only available for POST, PATCH and PUT requests.' With the others here they go to the query: nothing is lost."""
    user.bring("retell", get_user_details(user, method=method, args_at_root=True))
    user.talk("get_user_details")
    user.done("get_user_details", ANN)
    got = user.there.last
    if method in {"GET", "DELETE"}:
        assert (got.path, got.body) == ("/users?name=Ann&age=30", b"")
    else:
        assert (got.path, got.body) == ("/users", b'{"name":"Ann","age":30}')


def test_response_values_are_saved_as_dynamic_variables(user: DocumentUser) -> None:
    """'You can extract a user's name from the response and reference it later using {{user_name}}.'"""
    user.there.answer = lambda _: replying({"properties": {"user": {"name": "Ada Lovelace", "age": 26}}})
    user.bring("retell", get_user_details(user, response_variables={"user_name": "properties.user.name"}))
    weather = {"name": "get_weather", "url": f"{user.there.url}/weather", "method": "GET", "parameters": None}
    user.bring("retell", get_user_details(user, **weather, query_params={"for": "{{user_name}}"}))
    user.talk("get_user_details", "get_weather")
    assert user.done("get_user_details", ANN)["changed"] == ["user_name"]
    user.done("get_weather")
    assert user.there.last.path == "/weather?for=Ada%20Lovelace"


def test_parameters_that_are_not_valid_do_not_save(user: DocumentUser) -> None:
    """'If you failed to save the custom function, it is likely because the parameters are not valid. One common mistake
    is not adding "type": "object", to the top level of the JSON schema.' The refusal says so.
    """
    schema = {name: value for name, value in SCHEMA.items() if name != "type"}
    told = user.refused(saved(user, parameters=schema))
    assert '"loc": "parameters.type"' in told
    assert '\\"type\\": \\"object\\"' in told
    imported = {"vendor": "retell", "config": get_user_details(user, parameters=schema)}
    assert '"loc": "config.parameters.type"' in user.refused(imported, "/v1/import")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
def test_the_signature_is_made_of_the_body_and_the_secret_key(user: DocumentUser, method: str) -> None:
    """'X-Retell-Signature: encrypted request body using your secret key, used to verify the request is from Retell.'
    'To verify that the request is coming from Retell, you can check the X-Retell-Signature header.'
    """
    key = user.admin.ok("POST", "/v1/workspace/signing-secret", {})["current"]
    user.publish(saved(user, webhook={"method": method}))
    user.talk("get_user_details")
    user.done("get_user_details", ANN)
    got = user.there.last
    signed = re.fullmatch(r"v=(\d{13}),d=([0-9a-f]{64})", got.headers["x-retell-signature"])
    assert signed is not None
    wanted = hmac.new(key.encode(), got.body + signed[1].encode(), hashlib.sha256).hexdigest()
    assert signed[2] == wanted


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_the_payload_is_json(user: DocumentUser, method: str) -> None:
    """'Content-Type: application/json. This indicates the payload is in JSON format.' 'body (in JSON format, for POST,
    PUT and PATCH request)': name, call, args.
    """
    user.bring("retell", get_user_details(user, method=method))
    user.talk("get_user_details")
    user.done("get_user_details", ANN)
    got = user.there.last
    assert got.headers["content-type"] == "application/json"
    assert set(got.json) == {"name", "call", "args"}


def test_name_is_the_name_of_the_function(user: DocumentUser) -> None:
    """'name: the name of the custom function.'"""
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    user.done("get_user_details", ANN)
    assert user.there.last.json["name"] == "get_user_details"


def test_call_gives_context_and_the_transcript_up_to_now(user: DocumentUser) -> None:
    """'call: the call object for you to get more context about the call, it also contains real time transcript up to
    the time the request is sent.'
    """
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details", direction="inbound", userDetails={"number": "+4930123456"})
    said = [{"role": "user", "content": "I am Ann."}]
    user.admin.ok("PATCH", "/v1/sessions/s1", {"transcript": said})
    user.done("get_user_details", ANN)
    call = user.there.last.json["call"]
    assert (call["sessionId"], call["direction"], call["userDetails"]["number"]) == ("s1", "inbound", "+4930123456")
    assert call["transcript"] == said
    more = [*said, {"role": "agent", "content": "How old are you?"}]
    user.done("get_user_details", ANN, transcript=more)
    assert user.there.last.json["call"]["transcript"] == more


def test_call_is_what_the_runtime_says_it_is(user: DocumentUser) -> None:
    """'Check out Get Call API for more details about the call object': a runtime that has one hands it on as it is."""
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    call = {"call_id": "call_9f2c", "call_type": "phone_call", "transcript": "Agent: hi\nUser: hello\n"}
    user.done("get_user_details", ANN, call=call)
    assert user.there.last.json["call"] == call


def test_args_are_the_arguments_as_a_json_object(user: DocumentUser) -> None:
    """'args: the arguments for the custom function, as a JSON object': of their types, none of them lost."""
    schema = {"type": "object", "properties": {"to": {"type": "object"}, "tags": {"type": "array"}, "n": {}}}
    user.bring("retell", get_user_details(user, parameters=schema))
    user.talk("get_user_details")
    args = {"to": {"street": "Käsgasse 1", "zip": None}, "tags": [1, "two", True], "n": 2.5}
    user.done("get_user_details", args)
    assert user.there.last.json["args"] == args
    user.done("get_user_details")
    assert user.there.last.json["args"] == {}


def test_a_timeout_of_ones_own(user: DocumentUser) -> None:
    """'The request will timeout in your specified timeout period': each attempt, and then it is tried again."""
    over = threading.Event()

    def answer(_: Received) -> Reply:
        if len(user.there.received) == 1:
            over.wait(CLIENT_S)
        return replying({"age": 30})

    user.there.answer = answer
    user.bring("retell", get_user_details(user, timeout_ms=1_000, max_retry=1))  # short: its running out is the claim
    user.talk("get_user_details")
    try:
        assert user.done("get_user_details", ANN)["result"] == {"age": 30}
    finally:
        over.set()
    assert len(user.there.received) == 2


def test_two_minutes_if_not_specified(user: DocumentUser) -> None:
    """'… or 2 minutes if not specified.'"""
    assert user.bring("retell", get_user_details(user))["function"]["attempt_timeout"] == 120


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_request_that_fails_is_retried_up_to_two_times(user: DocumentUser, status: int) -> None:
    """'When request fails, it will be retried up to 2 times.'"""
    answers = [replying({}, status), replying({}, status), replying({"age": 30})]
    user.there.answer = lambda _: answers[min(len(user.there.received) - 1, 2)]
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    assert user.done("get_user_details", ANN)["result"] == {"age": 30}
    assert len(user.there.received) == 3


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 226, 299])
def test_success_is_a_status_from_200_to_299(user: DocumentUser, status: int) -> None:
    """'Response should have a status code between 200-299 to indicate success of HTTP request.'"""
    user.there.answer = lambda _: replying({"seen": status}, status)
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    assert user.done("get_user_details", ANN)["result"] == {"seen": status}


def test_success_without_a_word(user: DocumentUser) -> None:
    """The same sentence: 204 has no body, and is a success that the LLM is told of."""
    user.there.answer = lambda _: Reply(204, b"", {})
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    outcome = user.done("get_user_details", ANN)
    assert (outcome["result"], outcome["content"], outcome["is_error"]) == (None, {"result": None}, False)


@pytest.mark.parametrize("status", [300, 304, 400, 404, 422])
def test_any_other_status_is_none(user: DocumentUser, status: int) -> None:
    """The same sentence read the other way; the LLM gets status and answer, and none of these is tried again."""
    user.there.answer = lambda _: Reply(status, b"" if status == 304 else b"{}", {})
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    outcome = user.call("get_user_details", ANN)
    assert (outcome["status"], outcome["is_error"], outcome["error"]["http_status"]) == ("failed", True, status)
    assert len(user.there.received) == 1


PNG = bytes.fromhex("89504e470d0a1a0a")


@pytest.mark.parametrize(
    ("body", "kind", "content"),
    [
        (b"Ann is 30.", "text/plain", "Ann is 30."),
        (b'"Ann is 30."', "application/json", "Ann is 30."),
        (b"\x00\xff\x10", "application/octet-stream", {"base64": "AP8Q", "media_type": "application/octet-stream"}),
        (b'{"name": "Ann", "age": 30}', "application/json", {"name": "Ann", "age": 30}),
        (PNG, "image/png", {"base64": base64.b64encode(PNG).decode(), "media_type": "image/png"}),
    ],
    ids=["string", "JSON string", "buffer", "JSON object", "blob"],
)
def test_the_response_can_be_in_various_formats(user: DocumentUser, body: bytes, kind: str, content: Any) -> None:
    """'Response to the request can be in various format: string, buffer, JSON object, blob.' 'All these formats will be
    converted to string before sending to LLM': `content` is a text or JSON, which is a string one way alone.
    """
    user.there.answer = lambda _: Reply(200, body, {"content-type": kind})
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    assert user.done("get_user_details", ANN)["content"] == content


def test_the_result_is_capped_at_15000_characters(user: DocumentUser) -> None:
    """'The function result is capped at 15000 characteres to prevent overloading LLM context window.' A JSON object is
    cut as its text; how much there was is said within the cap.
    """
    user.there.answer = lambda _: replying({"rows": ["x" * 100] * 1_000})
    user.bring("retell", get_user_details(user))
    user.talk("get_user_details")
    outcome = user.done("get_user_details", ANN)
    assert outcome["truncated"] is True
    assert len(outcome["result"]) == 15_000
    assert isinstance(outcome["content"], str)
    assert len(outcome["content"]) <= 15_000
    assert outcome["result"].startswith('{"rows":')
