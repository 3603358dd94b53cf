"""Formats with a few keywords of their own: Gemini, Vapi, ElevenLabs."""

import json
from typing import Any

import pytest
from tests.support.tools import (
    ADDRESS,
    CHOICE,
    TEXT,
    description_of,
    of,
    parameters_of,
    problems,
    property_of,
    tool,
    written,
)

from midcall.vendors.tool import Speech
from midcall.vendors.tools.export import Export, Format, export

LLM_FORMATS = (Format.GEMINI, Format.VAPI, Format.ELEVENLABS)


# Gemini -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (TEXT, {"type": "STRING"}),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"enum": ["a", "b"]}, {"type": "STRING", "format": "enum", "enum": ["a", "b"]}),
        ({"enum": ["a", ""]}, {"type": "STRING", "description": '(enum: ["a", ""])'}),
        ({"enum": [1, 2]}, {"type": "INTEGER", "description": "(enum: [1, 2])"}),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
        ({"type": "string", "format": "date"}, {"type": "STRING", "description": '(format: "date")'}),
        ({"type": "string", "maxLength": 5.0}, {"type": "STRING", "maxLength": 5}),
        (
            {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
            {"type": "INTEGER", "description": "(exclusiveMaximum: 9)", "minimum": 1},
        ),
        ({"type": "integer", "maximum": 10**20}, {"type": "INTEGER", "maximum": 10**20}),
        ({"type": "string", "title": "A name"}, {"type": "STRING", "description": "A name"}),
        (
            {"type": "array", "items": TEXT, "maxItems": 3},
            {"type": "ARRAY", "items": {"type": "STRING"}, "maxItems": 3},
        ),
        (
            {
                "description": "Either.",
                "anyOf": [TEXT, {"type": "integer", "description": "A number."}, {"type": "null"}],
            },
            {
                "anyOf": [
                    {"type": "STRING", "description": "Either.", "nullable": True},
                    {"type": "INTEGER", "description": "Either. A number."},
                ]
            },
        ),
        (
            {**of(b=TEXT), "required": ["b"], "additionalProperties": False},
            {"type": "OBJECT", "properties": {"b": {"type": "STRING"}}, "required": ["b"]},
        ),
    ],
    ids=str,
)
def test_gemini_gets_openapis_words(declared: Any, expected: Any) -> None:
    """Types in capitals, `nullable`, texts alone in `enum`; the rest in the description."""
    assert property_of(Format.GEMINI, declared) == expected


def test_gemini_gets_one_tool_for_all_functions_and_none_for_none() -> None:
    """Its API takes several tools only if they search."""
    found = export(Format.GEMINI, [tool(name="a"), tool(name="b")], ADDRESS)
    assert [[each["name"] for each in one["functionDeclarations"]] for one in found.tools] == [["a", "b"]]
    assert export(Format.GEMINI, [], ADDRESS) == Export([], [])
    assert "parameters" not in written(Format.GEMINI)


def test_gemini_refuses_odd_names_of_properties() -> None:
    """As its documentation does."""
    assert problems(Format.GEMINI, of(**{"a-b": TEXT})) == [("parameters.properties.a-b", False)]


# Formats with few keywords ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", LLM_FORMATS)
@pytest.mark.parametrize(
    ("declared", "loc"),
    [
        ({}, "parameters.properties.a"),
        ({"type": "array"}, "parameters.properties.a.items"),
        ({"type": "object"}, "parameters.properties.a.properties"),
        ({"type": "object", "additionalProperties": TEXT}, "parameters.properties.a.properties"),
        ({"type": "array", "prefixItems": [TEXT]}, "parameters.properties.a.items"),
    ],
    ids=str,
)
def test_what_has_no_shape_is_left_out(wanted: Format, declared: Any, loc: str) -> None:
    """The LLM could send nothing of use."""
    assert problems(wanted, of(a=declared)) == [(loc, False)]


@pytest.mark.parametrize("wanted", [*LLM_FORMATS, Format.RETELL])
def test_a_condition_is_told_in_words_and_listed(wanted: Format) -> None:
    """The function is there, since midcall checks the condition."""
    condition = {**of(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}
    assert problems(wanted, condition) == [("parameters.dependentRequired", True)]
    assert description_of(wanted, condition) == "Looks it up. With a give b too."


@pytest.mark.parametrize("wanted", LLM_FORMATS)
def test_what_is_too_long_for_words_is_listed(wanted: Format) -> None:
    """Even a limit."""
    declared = {"type": "integer", "enum": list(range(1_000))}
    assert problems(wanted, of(a=declared)) == [("parameters.properties.a.enum", True)]
    assert "enum" not in json.dumps(property_of(wanted, declared))


# Vapi -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (
            {"type": "string", "title": "T", "pattern": "x", "format": "date"},
            {"type": "string", "title": "T", "pattern": "x", "format": "date"},
        ),
        (
            {"type": "string", "format": "uri", "minLength": 1},
            {"type": "string", "description": '(minLength: 1; format: "uri")'},
        ),
        (
            {"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]},
            {"type": "string", "enum": ["a", "b"], "description": '(meanings: {"a": "A"})'},
        ),
        (
            {"type": "integer", "enum": [1, 2], "description": "Size."},
            {"type": "integer", "description": "Size. (enum: [1, 2])"},
        ),
        ({"type": "array", "items": of(b={"type": "boolean"})}, {"type": "array", "items": of(b={"type": "boolean"})}),
    ],
    ids=str,
)
def test_vapi_gets_the_few_keywords_it_knows(declared: Any, expected: Any) -> None:
    """And the rest in the description."""
    assert property_of(Format.VAPI, declared) == expected


def test_vapi_takes_no_choice_and_no_null() -> None:
    """The one is left out, the other told."""
    assert problems(Format.VAPI, of(a={"type": ["string", "integer"]})) == [("parameters.properties.a", False)]
    nullable = {**of(a={"type": ["string", "null"]}), "required": ["a"]}
    assert (
        problems(Format.VAPI, nullable) == problems(Format.ELEVENLABS, nullable) == [("parameters.properties.a", True)]
    )
    assert problems(Format.VAPI, of(a={"type": ["string", "null"]})) == []


def messages(**changes: Any) -> list[tuple[str, str]]:
    """Return what Vapi is told to say."""
    return [(each["type"], each["content"]) for each in written(Format.VAPI, **changes)["messages"]]


def test_vapi_says_what_the_author_wrote() -> None:
    """Variants at the start, a text for failure, what comes in place of a later result, silence."""
    speech = Speech(during=True, started=("One moment.", "Let me look."), failed="Sorry.", returned="On its way.")
    starts = [("request-start", "One moment."), ("request-start", "Let me look."), ("request-failed", "Sorry.")]
    assert messages(speech=speech) == starts
    assert messages(speech=speech, background=True) == [*starts, ("request-complete", "On its way.")]
    assert messages() == [("request-start", "")]
    assert messages(speech=Speech(during=True)) == []


@pytest.mark.parametrize("wanted", [Format.VAPI, Format.ELEVENLABS])
def test_a_wait_that_the_vendor_does_not_know_is_cut_and_told(wanted: Format) -> None:
    """And so is a switch it does not have."""
    assert problems(wanted, timeout_ms=298_000) == []
    assert problems(wanted, timeout_ms=299_000) == [("timeout", True)]
    assert problems(wanted, timeout_ms=299_000, background=True) == []
    assert problems(wanted, speech=Speech(after=False)) == [("speak_after_execution", True)]
    short, long = (written(wanted, timeout_ms=ms) for ms in (20_000, 600_000))
    key = "server" if wanted is Format.VAPI else "response_timeout_secs"
    got = [each[key]["timeoutSeconds"] if wanted is Format.VAPI else each[key] for each in (short, long)]
    assert got == [22, 300]


# ElevenLabs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (TEXT, {"type": "string", "description": "a"}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "description": "(minimum: 1)"}),
        ({"enum": ["x"], "title": "Kind"}, {"type": "string", "description": "Kind", "enum": ["x"]}),
        ({"type": "boolean", "enum": [True]}, {"type": "boolean", "description": "(enum: [true])"}),
        (
            {"type": "array", "items": TEXT, "description": "Tags."},
            {"type": "array", "description": "Tags.", "items": {"type": "string", "description": "a"}},
        ),
        (
            {**of(b=TEXT), "required": ["b"]},
            {**of(b={"type": "string", "description": "b"}), "required": ["b"], "description": "a"},
        ),
        (
            {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "integer", "maximum": 9}], "description": "Which."},
            {"type": ["string", "integer"], "description": 'Which.: string (enum: ["x"]) or integer (maximum: 9)'},
        ),
    ],
    ids=str,
)
def test_elevenlabs_gets_a_description_for_every_value(declared: Any, expected: Any) -> None:
    """By its name where there is no other: a value without one comes from nowhere."""
    assert property_of(Format.ELEVENLABS, declared) == expected


def test_elevenlabs_knows_which_properties_belong_together() -> None:
    """So that this choice loses nothing; other choices do."""
    assert parameters_of(Format.ELEVENLABS, CHOICE)["required_constraints"] == {
        "any_of": [{"required": ["a"]}, {"required": ["b"]}]
    }
    assert problems(Format.ELEVENLABS, CHOICE) == []
    other = {**of(a=TEXT), "anyOf": [{"required": ["a"], "minProperties": 1}]}
    assert problems(Format.ELEVENLABS, other) == [("parameters.anyOf", True)]
    assert problems(Format.ELEVENLABS, of(a={"anyOf": [of(b=TEXT), of(c=TEXT)]})) == [
        ("parameters.properties.a", False)
    ]


def test_elevenlabs_says_which_conversation_calls() -> None:
    """In headers, since the body is the arguments alone; without arguments there is no body."""
    headers = written(Format.ELEVENLABS)["api_schema"]["request_headers"]
    assert headers == {
        "X-Conversation-Id": {"variable_name": "system__conversation_id"},
        "X-Call-Sid": {"variable_name": "system__call_sid"},
        "Idempotency-Key": {"variable_name": "system__agent_turns"},
    }
    assert "request_body_schema" not in written(Format.ELEVENLABS)["api_schema"]


def test_elevenlabs_speaks_before_the_call_or_does_not() -> None:
    """It finds its own words, which is told."""
    assert written(Format.ELEVENLABS)["pre_tool_speech"] == "off"
    assert written(Format.ELEVENLABS, speech=Speech(during=True))["pre_tool_speech"] == "force"
    texts = Speech(during=True, started=("One moment.",))
    assert written(Format.ELEVENLABS, speech=texts)["pre_tool_speech"] == "force"
    assert problems(Format.ELEVENLABS, speech=texts) == [("messages.started", True)]
    assert written(Format.ELEVENLABS, timeout_ms=1_000)["response_timeout_secs"] == 5
