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
from tests.integration.documents.desk import Desk
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


def get_user_details(desk: Desk, **changes: Any) -> Json:
    """Write the document's function as Retell's API has it."""
    function = {"type": "custom", "name": "get_user_details", "description": DESCRIPTION, "parameters": SCHEMA}
    return {**function, "url": f"{desk.there.url}/users", "method": "POST", **changes}


def saved(desk: Desk, **changes: Any) -> Json:
    """Write the same function as our own API has it."""
    webhook = {"url": f"{desk.there.url}/users", "payload": "call", **changes.pop("webhook", {})}
    function = {"name": "get_user_details", "description": DESCRIPTION, "kind": "webhook", "parameters": SCHEMA}
    return {**function, "webhook": webhook, **changes}


def test_a_request_with_name_and_parameters_and_data_out_of_the_response(desk: Desk) -> None:
    """'Retell sends a request to your specified URL with the function name and parameters … headers and query
    parameters in the request, and extract data from the response.'
    """
    desk.there.answer = lambda _: replying({"city": "Oslo"})
    more = {"headers": {"X-Source": "desk"}, "query_params": {"v": "2"}, "response_variables": {"home": "city"}}
    desk.bring("retell", get_user_details(desk, **more))
    desk.talk("get_user_details")
    outcome = desk.done("get_user_details", ANN)
    got = desk.there.last
    assert (got.json["name"], got.json["args"]) == ("get_user_details", ANN)
    assert (got.path, got.headers["x-source"]) == ("/users?v=2", "desk")
    assert outcome["dynamicVariables"]["home"] == "Oslo"


def test_a_name_and_a_description(desk: Desk) -> None:
    """'Name: get_user_details. Description: Get user details based on name and age': both are what the LLM sees."""
    desk.publish(saved(desk))
    desk.talk("get_user_details")
    tool = desk.tool("get_user_details")
    assert (tool["name"], tool["description"]) == ("get_user_details", DESCRIPTION)


def test_a_name_is_unique(desk: Desk) -> None:
    """'The name should be unique and separated with underscore.'"""
    desk.publish(saved(desk))
    assert desk.admin.problem(409, "POST", "/v1/functions", saved(desk))["code"] == "name_taken"
    again = {"vendor": "retell", "config": get_user_details(desk), "save": True}
    assert desk.admin.problem(409, "POST", "/v1/import", again)["code"] == "name_taken"
    assert "underscores" in desk.refused(saved(desk, name="get user details"))


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
def test_each_method_is_used(desk: Desk, method: str) -> None:
    """'Choose the HTTP method that Retell will use to send the request to your endpoint.' Each of its list."""
    desk.bring("retell", get_user_details(desk, method=method))
    desk.talk("get_user_details")
    desk.done("get_user_details", ANN)
    assert desk.there.last.method == method


@pytest.mark.parametrize("url", ["", "users", "ftp://api.example.com/users", "https://", "https://exa mple.com/users"])
def test_the_url_has_to_be_valid(desk: Desk, url: str) -> None:
    """'Add the URL … This has to be a valid URL.' Another one is refused when it is saved."""
    assert '"loc": "webhook.url"' in desk.refused(saved(desk, webhook={"url": url}))
    imported = {"vendor": "retell", "config": get_user_details(desk, url=url)}
    assert '"loc": "config.url"' in desk.refused(imported, "/v1/import")


@pytest.mark.parametrize("where", ["headers", "query"])
def test_headers_and_query_take_static_values_and_variables(desk: Desk, where: str) -> None:
    """'Header values can be static or include dynamic variables.' 'Query parameter values can be static or include
    dynamic variables.' Also within a text.
    """
    values = {"X-Static": "plain", "X-User": "{{user_name}}", "X-Mixed": "by {{user_name}} at {{plan}}"}
    desk.bring("retell", get_user_details(desk, **{"headers" if where == "headers" else "query_params": values}))
    desk.talk("get_user_details", dynamicVariables={"user_name": "Ann", "plan": "gold"})
    desk.done("get_user_details", ANN)
    got = desk.there.last
    if where == "headers":
        sent = [got.headers[name.lower()] for name in values]
        assert sent == ["plain", "Ann", "by Ann at gold"]
    else:
        assert got.path == "/users?X-Static=plain&X-User=Ann&X-Mixed=by%20Ann%20at%20gold"


def test_variables_that_the_platform_fills_by_itself(desk: Desk) -> None:
    """'… or include dynamic variables', Retell's own among them: a note says which ones the session has to bring, by a
    name that can be written here.
    """
    headers = {"X-Call": "{{call_id}}", "X-Time": "at {{current_time_America/New_York}}"}
    brought = desk.bring("retell", get_user_details(desk, headers=headers))
    noted = [note["msg"] for note in brought["notes"] if note["loc"].startswith("headers.")]
    assert ["{{call_id}}" in noted[0], "{{current_time_America_New_York}}" in noted[1]] == [True, True]
    desk.talk("get_user_details", dynamicVariables={"call_id": "c-1", "current_time_America_New_York": "9 AM"})
    desk.done("get_user_details", ANN)
    assert (desk.there.last.headers["x-call"], desk.there.last.headers["x-time"]) == ("c-1", "at 9 AM")


@pytest.mark.parametrize("form", ["schema", "form"])
def test_parameters_as_json_schema_or_json_form(desk: Desk, form: str) -> None:
    """'Define the parameters for the custom function using JSON schema format or JSON form.' Both show the LLM the
    same, and convert the same.
    """
    fields = [
        {"name": "name", "type": "string", "description": "The user's name", "required": True},
        {"name": "age", "type": "integer", "description": "The user's age", "required": True},
    ]
    desk.publish(saved(desk, parameters=SCHEMA if form == "schema" else fields))
    desk.talk("get_user_details")
    shown = desk.tool("get_user_details")["parameters"]
    assert (shown["properties"], shown["required"]) == (SCHEMA["properties"], SCHEMA["required"])
    desk.done("get_user_details", {"name": "Ann", "age": "30"})
    assert desk.there.last.json["args"] == ANN
    assert "age" in desk.call("get_user_details", {"name": "Ann"})["content"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "GET", "DELETE"])
def test_parameters_are_the_body_of_methods_that_have_one(desk: Desk, method: str) -> None:
    """'Only available for POST, PATCH and PUT requests.' With the others here they go to the query: nothing is lost."""
    desk.bring("retell", get_user_details(desk, method=method, args_at_root=True))
    desk.talk("get_user_details")
    desk.done("get_user_details", ANN)
    got = desk.there.last
    if method in {"GET", "DELETE"}:
        assert (got.path, got.body) == ("/users?name=Ann&age=30", b"")
    else:
        assert (got.path, got.body) == ("/users", b'{"name":"Ann","age":30}')


def test_response_values_are_saved_as_dynamic_variables(desk: Desk) -> None:
    """'You can extract a user's name from the response and reference it later using {{user_name}}.'"""
    desk.there.answer = lambda _: replying({"properties": {"user": {"name": "Ada Lovelace", "age": 26}}})
    desk.bring("retell", get_user_details(desk, response_variables={"user_name": "properties.user.name"}))
    weather = {"name": "get_weather", "url": f"{desk.there.url}/weather", "method": "GET", "parameters": None}
    desk.bring("retell", get_user_details(desk, **weather, query_params={"for": "{{user_name}}"}))
    desk.talk("get_user_details", "get_weather")
    assert desk.done("get_user_details", ANN)["changed"] == ["user_name"]
    desk.done("get_weather")
    assert desk.there.last.path == "/weather?for=Ada%20Lovelace"


def test_parameters_that_are_not_valid_do_not_save(desk: Desk) -> None:
    """'If you failed to save the custom function, it is likely because the parameters are not valid. One common mistake
    is not adding "type": "object", to the top level of the JSON schema.' The refusal says so.
    """
    schema = {name: value for name, value in SCHEMA.items() if name != "type"}
    told = desk.refused(saved(desk, parameters=schema))
    assert '"loc": "parameters.type"' in told
    assert '\\"type\\": \\"object\\"' in told
    imported = {"vendor": "retell", "config": get_user_details(desk, parameters=schema)}
    assert '"loc": "config.parameters.type"' in desk.refused(imported, "/v1/import")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
def test_the_signature_is_made_of_the_body_and_the_secret_key(desk: Desk, method: str) -> None:
    """'X-Retell-Signature: encrypted request body using your secret key, used to verify the request is from Retell.'
    'To verify that the request is coming from Retell, you can check the X-Retell-Signature header.'
    """
    key = desk.admin.ok("POST", "/v1/workspace/signing-secret", {})["current"]
    desk.publish(saved(desk, webhook={"method": method}))
    desk.talk("get_user_details")
    desk.done("get_user_details", ANN)
    got = desk.there.last
    signed = re.fullmatch(r"v=(\d{13}),d=([0-9a-f]{64})", got.headers["x-retell-signature"])
    assert signed is not None
    wanted = hmac.new(key.encode(), got.body + signed[1].encode(), hashlib.sha256).hexdigest()
    assert signed[2] == wanted


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_the_payload_is_json(desk: Desk, method: str) -> None:
    """'Content-Type: application/json. This indicates the payload is in JSON format.' 'body (in JSON format, for POST,
    PUT and PATCH request)': name, call, args.
    """
    desk.bring("retell", get_user_details(desk, method=method))
    desk.talk("get_user_details")
    desk.done("get_user_details", ANN)
    got = desk.there.last
    assert got.headers["content-type"] == "application/json"
    assert set(got.json) == {"name", "call", "args"}


def test_name_is_the_name_of_the_function(desk: Desk) -> None:
    """'name: the name of the custom function.'"""
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    desk.done("get_user_details", ANN)
    assert desk.there.last.json["name"] == "get_user_details"


def test_call_gives_context_and_the_transcript_up_to_now(desk: Desk) -> None:
    """'call: the call object for you to get more context about the call, it also contains real time transcript up to
    the time the request is sent.'
    """
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details", direction="inbound", userDetails={"number": "+4930123456"})
    said = [{"role": "user", "content": "I am Ann."}]
    desk.admin.ok("PATCH", "/v1/sessions/s1", {"transcript": said})
    desk.done("get_user_details", ANN)
    call = desk.there.last.json["call"]
    assert (call["sessionId"], call["direction"], call["userDetails"]["number"]) == ("s1", "inbound", "+4930123456")
    assert call["transcript"] == said
    more = [*said, {"role": "agent", "content": "How old are you?"}]
    desk.done("get_user_details", ANN, transcript=more)
    assert desk.there.last.json["call"]["transcript"] == more


def test_call_is_what_the_runtime_says_it_is(desk: Desk) -> None:
    """'Check out Get Call API for more details about the call object': a runtime that has one hands it on as it is."""
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    call = {"call_id": "call_9f2c", "call_type": "phone_call", "transcript": "Agent: hi\nUser: hello\n"}
    desk.done("get_user_details", ANN, call=call)
    assert desk.there.last.json["call"] == call


def test_args_are_the_arguments_as_a_json_object(desk: Desk) -> None:
    """'args: the arguments for the custom function, as a JSON object': of their types, none of them lost."""
    schema = {"type": "object", "properties": {"to": {"type": "object"}, "tags": {"type": "array"}, "n": {}}}
    desk.bring("retell", get_user_details(desk, parameters=schema))
    desk.talk("get_user_details")
    args = {"to": {"street": "Käsgasse 1", "zip": None}, "tags": [1, "two", True], "n": 2.5}
    desk.done("get_user_details", args)
    assert desk.there.last.json["args"] == args
    desk.done("get_user_details")
    assert desk.there.last.json["args"] == {}


def test_a_timeout_of_ones_own(desk: Desk) -> None:
    """'The request will timeout in your specified timeout period': each attempt, and then it is tried again."""
    over = threading.Event()

    def answer(_: Received) -> Reply:
        if len(desk.there.received) == 1:
            over.wait(CLIENT_S)
        return replying({"age": 30})

    desk.there.answer = answer
    desk.bring("retell", get_user_details(desk, timeout_ms=1_000, max_retry=1))  # short: its running out is the claim
    desk.talk("get_user_details")
    try:
        assert desk.done("get_user_details", ANN)["result"] == {"age": 30}
    finally:
        over.set()
    assert len(desk.there.received) == 2


def test_two_minutes_if_not_specified(desk: Desk) -> None:
    """'… or 2 minutes if not specified.'"""
    assert desk.bring("retell", get_user_details(desk))["function"]["attempt_timeout"] == 120


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_request_that_fails_is_retried_up_to_two_times(desk: Desk, status: int) -> None:
    """'When request fails, it will be retried up to 2 times.'"""
    answers = [replying({}, status), replying({}, status), replying({"age": 30})]
    desk.there.answer = lambda _: answers[min(len(desk.there.received) - 1, 2)]
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    assert desk.done("get_user_details", ANN)["result"] == {"age": 30}
    assert len(desk.there.received) == 3


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 226, 299])
def test_success_is_a_status_from_200_to_299(desk: Desk, status: int) -> None:
    """'Response should have a status code between 200-299 to indicate success of HTTP request.'"""
    desk.there.answer = lambda _: replying({"seen": status}, status)
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    assert desk.done("get_user_details", ANN)["result"] == {"seen": status}


def test_success_without_a_word(desk: Desk) -> None:
    """The same sentence: 204 has no body, and is a success that the LLM is told of."""
    desk.there.answer = lambda _: Reply(204, b"", {})
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    outcome = desk.done("get_user_details", ANN)
    assert (outcome["result"], outcome["content"], outcome["is_error"]) == (None, {"result": None}, False)


@pytest.mark.parametrize("status", [300, 304, 400, 404, 422])
def test_any_other_status_is_none(desk: Desk, status: int) -> None:
    """The same sentence read the other way; the LLM gets status and answer, and none of these is tried again."""
    desk.there.answer = lambda _: Reply(status, b"" if status == 304 else b"{}", {})
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    outcome = desk.call("get_user_details", ANN)
    assert (outcome["status"], outcome["is_error"], outcome["error"]["http_status"]) == ("failed", True, status)
    assert len(desk.there.received) == 1


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
def test_the_response_can_be_in_various_formats(desk: Desk, body: bytes, kind: str, content: Any) -> None:
    """'Response to the request can be in various format: string, buffer, JSON object, blob.' 'All these formats will be
    converted to string before sending to LLM': `content` is a text or JSON, which is a string one way alone.
    """
    desk.there.answer = lambda _: Reply(200, body, {"content-type": kind})
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    assert desk.done("get_user_details", ANN)["content"] == content


def test_the_result_is_capped_at_15000_characters(desk: Desk) -> None:
    """'The function result is capped at 15000 characteres to prevent overloading LLM context window.' A JSON object is
    cut as its text; how much there was is said within the cap.
    """
    desk.there.answer = lambda _: replying({"rows": ["x" * 100] * 1_000})
    desk.bring("retell", get_user_details(desk))
    desk.talk("get_user_details")
    outcome = desk.done("get_user_details", ANN)
    assert outcome["truncated"] is True
    assert len(outcome["result"]) == 15_000
    assert isinstance(outcome["content"], str)
    assert len(outcome["content"]) <= 15_000
    assert outcome["result"].startswith('{"rows":')
