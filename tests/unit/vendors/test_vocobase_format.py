"""Vocobase's fields as a document of ours, and ours as it shows them."""

from collections.abc import Mapping
from typing import Any

import pytest

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function_config import FunctionConfig
from midcall.service.functions.form import parse_function
from midcall.vendors import vocobase

#: The document's example.
GET_WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "Retrieve current weather for a city. Call this when the user asks about weather conditions.",
    "url": "https://api.weather.com/v1/current",
    "headers": [{"key": "Authorization", "value": "Bearer weather_api_key_here"}],
    "input_schema": [{"name": "city", "type": "string", "description": "City name", "required": True}],
    "output_schema": [
        {"name": "temperature", "type": "number", "description": "Temperature in Celsius", "required": True},
        {"name": "condition", "type": "string", "description": "Weather condition", "required": True},
    ],
    "timeout": 10,
    "started_messages": ["Checking the weather...", "Let me look that up..."],
    "error_message": "Sorry, I could not get the weather right now.",
}


def config(**changes: Any) -> Mapping[str, Any]:
    """Return the document of the example's function, as it is kept."""
    return parse_function(vocobase.new_function({**GET_WEATHER, **changes})).config().to_stored()


def test_the_seeds_get_weather_is_a_webhook_that_gets_the_arguments_alone() -> None:
    """Each field in its place."""
    made = config()
    assert made["kind"] == "webhook"
    assert made["webhook"] | {"auth": None} == {
        "url": "https://api.weather.com/v1/current",
        "method": "POST",
        "headers": {"Authorization": "Bearer weather_api_key_here"},
        "query": {},
        "body": None,
        "payload": "args",
        "auth": None,
    }
    assert made["parameters"]["properties"] == {"city": {"type": "string", "description": "City name"}}
    assert made["parameters"]["required"] == ["city"]
    assert (made["timeout"], made["messages"]["error"]) == (10, GET_WEATHER["error_message"])
    assert made["messages"]["started"] == GET_WEATHER["started_messages"]


def test_it_is_shown_as_it_was_written_but_for_the_headers_values() -> None:
    """Names of headers alone."""
    wanted = {name: value for name, value in GET_WEATHER.items() if name != "headers"}
    assert vocobase.shown(FunctionConfig.from_stored(config())) == {
        **wanted,
        "method": "POST",
        "header_keys": ["Authorization"],
    }
    assert "weather_api_key_here" not in str(vocobase.shown(FunctionConfig.from_stored(config())))


def test_each_type_is_shown_as_it_was_written() -> None:
    """What is none of its types is custom."""
    custom = {"type": "object", "properties": {"a": {"type": "integer"}}}
    given = [
        {"name": kind.replace("[]", "s"), "type": kind, "description": "d", "required": False}
        for kind in vocobase.TYPES
    ]
    given.append({"name": "c", "type": "custom", "description": "", "required": True, "jsonSchema": custom})
    assert vocobase.shown(FunctionConfig.from_stored(config(input_schema=given)))["input_schema"] == given
    odd = {"type": "object", "properties": {"a": {"type": "integer", "description": "n"}, "b": True}}
    assert vocobase.fields(odd) == [
        {"name": "a", "type": "custom", "description": "n", "required": False, "jsonSchema": {"type": "integer"}},
        {"name": "b", "type": "custom", "description": "", "required": False, "jsonSchema": {}},
    ]


def test_fields_that_are_left_out_or_null_have_no_value() -> None:
    """Name, description and URL are enough."""
    least = {name: GET_WEATHER[name] for name in ("name", "description", "url")}
    shown = vocobase.shown(parse_function(vocobase.new_function({**least, "timeout": None})).config())
    assert (shown["method"], shown["timeout"], shown["error_message"]) == ("POST", 120, None)
    assert shown["header_keys"] == shown["input_schema"] == shown["output_schema"] == shown["started_messages"] == []


def test_a_change_names_what_is_given_and_drops_headers_that_are_not() -> None:
    """A header without a value keeps its own."""
    patch = vocobase.change(
        {"url": "https://x.example.com", "headers": [{"key": "A"}, {"key": "B", "value": "b"}], "error_message": "No."},
        headers=["A", "C"],
    )
    assert patch == {
        "webhook": {"url": "https://x.example.com", "headers": {"C": None, "A": "********", "B": "b"}},
        "messages": {"error": "No."},
    }
    assert vocobase.change({}, headers=["A"]) == {}
    assert vocobase.change({"headers": None}, headers=["A"]) == {"webhook": {"headers": None}}


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"speak": 1}, "speak"),
        ({"headers": {"A": "b"}}, "headers"),
        ({"headers": ["A"]}, "headers.0"),
        ({"headers": [{"key": "A", "value": "b", "x": 1}]}, "headers.0"),
        ({"headers": [{"key": 7, "value": "b"}]}, "headers.0"),
        ({"headers": [{"key": "A", "value": "b"}, {"key": "A", "value": "c"}]}, "headers.1.key"),
        ({"input_schema": {"type": "object"}}, "input_schema"),
        ({"output_schema": "x"}, "output_schema"),
        ({"started_messages": "Hm"}, "started_messages"),
    ],
)
def test_what_it_does_not_know_is_refused_by_its_own_names(body: dict[str, Any], loc: str) -> None:
    """For a new function and for a change."""
    for read in (vocobase.new_function, lambda given: vocobase.change(given, headers=())):
        with pytest.raises(InvalidInput) as caught:
            read({**GET_WEATHER, **body})
        assert [fault.loc for fault in caught.value.faults] == [loc]


def test_faults_of_our_document_are_told_by_its_names() -> None:
    """Whoever wrote `input_schema` does not look for `parameters`."""
    locs = [
        "parameters.0.type",
        "webhook.url",
        "webhook.headers.X",
        "messages.error",
        "messages.started.0",
        "name",
        "x",
    ]
    told = [fault.loc for fault in vocobase.faults([Fault(loc, "…") for loc in locs])]
    assert told == ["input_schema.0.type", "url", "headers.X", "error_message", "started_messages.0", "name", "x"]


def test_an_error_message_by_status_shows_its_default() -> None:
    """It knows one text alone."""
    made = config()
    made["messages"]["error"] = {"404": "None.", "default": "Sorry."}
    assert vocobase.shown(FunctionConfig.from_stored(made))["error_message"] == "Sorry."
