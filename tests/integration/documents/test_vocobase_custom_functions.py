"""Vocobase, "Custom functions" of its API (POST /api/v2/functions), sentence by sentence.

Held elsewhere, in `tests/integration/api/test_vocobase.py`: the document's curl, with another host and key
(`test_the_seeds_curl_makes_a_published_function`); header values that are encrypted and never returned, in no row
either (`test_a_call_reaches_the_target_with_flat_arguments_and_the_headers_value`,
`test_no_value_of_a_header_is_shown_again_whatever_its_name`); reading, changing and deleting.

No counterpart here: its host and the form of its keys (`rg_live_…`), the form of its ids.
"""

import datetime as dt
import json
from typing import Any

import pytest
from tests.integration.api.sessions import stream
from tests.integration.documents.document_user import DocumentUser
from tests.support.target import replying

Json = dict[str, Any]

CITY = {"name": "city", "type": "string", "description": "City name", "required": True}
SUNNY = {"temperature": 21.5, "condition": "Sunny"}


def get_weather(user: DocumentUser, **changes: Any) -> Json:
    """Write the body of the document's curl, for the target."""
    return {
        "name": "get_weather",
        "description": "Retrieve current weather for a city. Call this when the user asks about weather conditions.",
        "url": f"{user.there.url}/v1/current",
        "headers": [{"key": "Authorization", "value": "Bearer weather_api_key_here"}],
        "input_schema": [CITY],
        "output_schema": [
            {"name": "temperature", "type": "number", "description": "Temperature in Celsius", "required": True},
            {"name": "condition", "type": "string", "description": "Weather condition", "required": True},
        ],
        "timeout": 10,
        "started_messages": ["Checking the weather...", "Let me look that up..."],
        "error_message": "Sorry, I could not get the weather right now.",
        **changes,
    }


def create(user: DocumentUser, **changes: Any) -> Any:
    """Create the document's function by its own API; returns `data`."""
    user.there.answer = lambda _: replying(SUNNY)
    answer = user.admin.ok("POST", "/api/v2/functions", get_weather(user, **changes), status=201)
    assert answer["success"] is True
    return answer["data"]


def told(user: DocumentUser, **changes: Any) -> Any:
    """Expect that a function is not taken; returns the faults."""
    answer = user.admin.send("POST", "/api/v2/functions", json=get_weather(user, **changes))
    assert (answer.status_code, answer.json()["success"]) == (422, False)
    return answer.json()["error"]["details"]


def test_an_agent_invokes_it_waits_and_continues_with_the_data(user: DocumentUser) -> None:
    """'When the agent determines it needs to perform an action … it invokes a function you've defined, waits for the
    response, and continues the conversation with that data.'
    """
    create(user)
    user.talk("get_weather")
    assert user.done("get_weather", {"city": "Oslo"})["content"] == SUNNY
    assert (user.there.last.method, user.there.last.body) == ("POST", b'{"city":"Oslo"}')


def test_the_response_has_every_field_of_the_document(user: DocumentUser) -> None:
    """'{"success": true, "data": {"id", "name", "description", "method": "POST", "url", "header_keys", "input_schema",
    "output_schema", "timeout", "started_messages", "error_message", "created_at", "updated_at"}}'.
    """
    data = create(user)
    sent = get_weather(user)
    assert {name: data[name] for name in sent if name != "headers"} == {
        name: value for name, value in sent.items() if name != "headers"
    }
    assert (data["method"], data["header_keys"]) == ("POST", ["Authorization"])
    assert data["id"]
    for name in ("created_at", "updated_at"):
        assert dt.datetime.fromisoformat(data[name]).tzinfo == dt.UTC
        assert data[name].endswith("Z")


def test_only_the_names_of_headers_appear(user: DocumentUser) -> None:
    """'Header values are encrypted at rest and never returned by the API. Only header_keys (the key names) appear in
    responses.'
    """
    data = create(user)
    shown = [
        data,
        *user.admin.ok("GET", "/api/v2/functions")["data"],
        user.admin.ok("GET", "/v1/functions/get_weather"),
    ]
    assert "weather_api_key_here" not in json.dumps(shown)
    assert "headers" not in data


@pytest.mark.parametrize(
    ("kind", "said", "sent"),
    [
        ("string", "Oslo", "Oslo"),
        ("number", "2.5", 2.5),
        ("number", 3, 3),
        ("boolean", "true", True),
        ("string[]", ["a", "b"], ["a", "b"]),
        ("string[]", '["a", "b"]', ["a", "b"]),
        ("number[]", ["1", 2.5], [1, 2.5]),
    ],
)
def test_types_of_fields(user: DocumentUser, kind: str, said: Any, sent: Any) -> None:
    """'type: string, number, boolean, string[], number[], or custom': what is sent is of that type."""
    field = {"name": "value", "type": kind, "description": "A value", "required": True}
    data = create(user, input_schema=[field])
    assert data["input_schema"] == [field]
    user.talk("get_weather")
    user.done("get_weather", {"value": said})
    assert user.there.last.json == {"value": sent}


@pytest.mark.parametrize(
    ("kind", "said"), [("number", "warm"), ("boolean", "perhaps"), ("string[]", {"a": 1}), ("number[]", ["one"])]
)
def test_what_is_of_no_such_type_does_not_reach_the_endpoint(user: DocumentUser, kind: str, said: Any) -> None:
    """The same row read the other way."""
    create(user, input_schema=[{"name": "value", "type": kind, "required": True}])
    user.talk("get_weather")
    outcome = user.call("get_weather", {"value": said})
    assert (outcome["status"], "value" in outcome["content"]) == ("refused", True)
    assert user.there.received == []


ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "floor": {"type": "integer"}},
    "required": ["street"],
}


def test_a_custom_field_has_a_json_schema(user: DocumentUser) -> None:
    """'jsonSchema: Required when type is custom. A JSON Schema object for complex types.'"""
    field = {"name": "to", "type": "custom", "description": "Where to", "required": True, "jsonSchema": ADDRESS}
    data = create(user, input_schema=[field])
    assert data["input_schema"] == [field]
    user.talk("get_weather")
    user.done("get_weather", {"to": {"street": "Käsgasse", "floor": "2"}})
    assert user.there.last.json == {"to": {"street": "Käsgasse", "floor": 2}}
    assert user.call("get_weather", {"to": {"floor": 2}})["status"] == "refused"


def test_a_custom_field_without_one_is_refused(user: DocumentUser) -> None:
    """'jsonSchema: Required when type is custom.' The fault leads to the field."""
    (fault,) = told(user, input_schema=[CITY, {"name": "to", "type": "custom"}])
    assert fault["field"].startswith("input_schema.1")
    assert "jsonSchema" in json.dumps(fault)


@pytest.mark.parametrize("name", ["first name", "first-name", "1st", "", "Straße"])
def test_the_name_of_a_field_that_cannot_be(user: DocumentUser, name: str) -> None:
    """'name: Field name': what one may be is said in words."""
    (fault,) = told(user, input_schema=[{"name": name, "type": "string"}])
    assert fault["field"] == "input_schema.0.name"
    assert fault["message"].startswith("start with a letter or underscore")


@pytest.mark.parametrize("required", [True, False])
def test_required_fields_are_mandatory(user: DocumentUser, required: bool) -> None:  # noqa: FBT001
    """'required: Whether the field is mandatory'."""
    create(user, input_schema=[{**CITY, "required": required}])
    user.talk("get_weather")
    outcome = user.call("get_weather")
    assert outcome["status"] == ("refused" if required else "succeeded")
    assert len(user.there.received) == (0 if required else 1)


def test_the_description_of_a_field_is_the_llms(user: DocumentUser) -> None:
    """'description: Helps the LLM understand what to pass or expect'; the example field: 'City name to look up'."""
    create(user, input_schema=[{**CITY, "description": "City name to look up"}])
    user.talk("get_weather")
    shown = user.tool("get_weather")["parameters"]
    assert shown["properties"]["city"] == {"type": "string", "description": "City name to look up"}
    assert shown["required"] == ["city"]


def test_a_result_that_is_not_as_expected_is_told(user: DocumentUser) -> None:
    """'… or expect': a result that breaks `output_schema` is used, with a warning."""
    create(user)
    user.there.answer = lambda _: replying({"temperature": "warm"})
    user.talk("get_weather")
    outcome = user.done("get_weather", {"city": "Oslo"})
    assert outcome["result"] == {"temperature": "warm"}
    assert [one for one in outcome["warnings"] if "condition" in one or "temperature" in one]


@pytest.mark.parametrize("format", ["openai", "anthropic", "gemini", "retell", "vapi", "elevenlabs"])
def test_the_description_of_the_function_is_what_the_llm_decides_by(user: DocumentUser, format: str) -> None:  # noqa: A002
    """'The description field on the function is the most important part. The LLM uses it to decide when to call the
    function.' 'Call this when the user asks about order status' reaches it as it is written.
    """
    trigger = "Call this when the user asks about their order status or delivery date."
    create(user, description=trigger)
    user.talk("get_weather")
    assert trigger in json.dumps(user.admin.ok("GET", f"/v1/agents/desk/tools?format={format}")["tools"])


RESERVED = (
    *("knowledge_base_search", "calendar_create_event", "calendar_list_events", "calendar_update_event"),
    *("calendar_delete_event", "gmail_send_email", "gmail_search_emails", "slack_send_message", "slack_list_channels"),
    *("add_to_cart", "view_cart", "clear_cart", "checkout"),
)


@pytest.mark.parametrize("name", RESERVED)
def test_names_of_built_in_integrations_cannot_be_used(user: DocumentUser, name: str) -> None:
    """'These names are used by built-in integrations and cannot be used: …'; at our own API neither."""
    (fault,) = told(user, name=name)
    assert fault["field"] == "name"
    document = {"name": name, "description": "Taken.", "kind": "webhook", "webhook": {"url": user.there.url}}
    assert '"loc": "name"' in user.refused(document)


def test_the_timeout_is_in_seconds_and_ends_the_call(user: DocumentUser) -> None:
    """'"timeout": 10', and 'Keep timeouts short. Users are waiting in real-time.' The target is told what is left."""
    data = create(user)
    assert data["timeout"] == 10
    user.talk("get_weather")
    user.done("get_weather", {"city": "Oslo"})
    assert 0 < int(user.there.last.headers["x-midcall-deadline-ms"]) <= 10_000


def test_started_messages_fill_the_silence(user: DocumentUser) -> None:
    """'Use started_messages. They fill the silence while your endpoint processes': one of them, before the answer."""
    create(user)
    user.talk("get_weather")
    body = {"params": {"city": "Oslo"}}
    with stream(user.admin, "/v1/sessions/s1/functions/get_weather", method="POST", body=body) as events:
        first, *_, last = list(events)
    assert (first.name, last.name) == ("started", "completed")
    assert first.data["message"] in get_weather(user)["started_messages"]


@pytest.mark.parametrize("status", [400, 500])
def test_the_error_message_is_said_where_the_endpoint_fails(user: DocumentUser, status: int) -> None:
    """'"error_message": "Sorry, I could not get the weather right now."'"""
    create(user)
    user.there.answer = lambda _: replying({"detail": "no"}, status)
    user.talk("get_weather")
    outcome = user.call("get_weather", {"city": "Oslo"})
    assert (outcome["status"], outcome["message"]) == ("failed", "Sorry, I could not get the weather right now.")
    assert outcome["content"] is not None


def test_one_function_many_agents(user: DocumentUser) -> None:
    """'One function, many agents. Create a function once and attach it to as many agents as you need.'"""
    create(user)
    for agent in ("desk", "night_desk", "store"):
        user.agent(agent, get_weather="during_session")
        user.start(agent, agent=agent)
        assert user.done("get_weather", {"city": "Oslo"}, session=agent)["result"] == SUNNY
