"""Each vendor's format says what the function says, where it has a place for it, and tells of the rest."""

import json
from typing import Any

import pytest
from tests.support.tools import (
    ADDRESS,
    CHOICE,
    PUBLIC,
    RICH,
    TEXT,
    description_of,
    of,
    parameters_of,
    problems,
    tool,
    written,
)

from midcall.vendors.tool import NO_ADAPTER, Address, Speech, Tool
from midcall.vendors.tools.export import MAX_TOOL_BYTES, ExportProblem, Format, export

# All formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", Format)
def test_a_function_without_parameters_is_a_tool_in_every_format(wanted: Format) -> None:
    """With the name and the description that its author gave it."""
    document = written(wanted)
    assert problems(wanted) == []
    assert "Looks it up." in json.dumps(document)
    assert "lookup" in json.dumps(document)


@pytest.mark.parametrize("wanted", Format)
def test_order_is_kept_and_one_bad_tool_leaves_the_others_alone(wanted: Format) -> None:
    """What was found before is told in its place."""
    bad = tool(of(a={"type": "string", "enum": [5]}), name="bad") if wanted is Format.GEMINI else None
    given: list[Tool | ExportProblem] = [
        tool(name="b"),
        ExportProblem("p", "published", "not published", exported=False),
        tool(name="a"),
    ]
    found = export(wanted, [*given[:1], *([bad] if bad else []), *given[1:]], ADDRESS)
    names = [name for name in ("b", "a") if f'"name": "{name}"' in json.dumps(found.tools)]
    assert names == ["b", "a"]
    assert json.dumps(found.tools).index('"name": "b"') < json.dumps(found.tools).index('"name": "a"')
    assert [problem.function for problem in found.problems if not problem.exported] == (["bad", "p"] if bad else ["p"])


@pytest.mark.parametrize("wanted", Format)
def test_a_tool_has_a_bound(wanted: Format) -> None:
    """No LLM reads more."""
    huge = tool(of(a={"type": "string", "description": "x" * MAX_TOOL_BYTES}), name="huge")
    found = export(wanted, [huge, tool(name="fine")], ADDRESS)
    assert [(each.function, each.loc, each.exported) for each in found.problems] == [("huge", "parameters", False)]
    assert "fine" in json.dumps(found.tools)


def test_urls_name_the_adapter_or_what_stands_for_it() -> None:
    """One for each function, but for Vapi, which sends all calls to one place."""
    assert written(Format.RETELL)["url"] == f"{PUBLIC}/v1/adapters/ad_1/functions/lookup"
    assert written(Format.ELEVENLABS)["api_schema"]["url"] == f"{PUBLIC}/v1/adapters/ad_1/functions/lookup"
    assert written(Format.VAPI)["server"]["url"] == f"{PUBLIC}/v1/adapters/ad_1"
    assert Address(PUBLIC).of_function("f") == f"{PUBLIC}/v1/adapters/{NO_ADAPTER}/functions/f"


# OpenAI, Anthropic, MCP -------------------------------------------------------------------------------------------


LOOSE = [Format.OPENAI, Format.OPENAI_REALTIME, Format.ANTHROPIC]


@pytest.mark.parametrize("wanted", [*LOOSE, Format.MCP])
def test_formats_that_take_json_schema_get_it_as_it_is(wanted: Format) -> None:
    """Whatever it says below its top level."""
    assert parameters_of(wanted, RICH) == RICH


@pytest.mark.parametrize("wanted", LOOSE)
def test_a_choice_at_the_top_is_told_in_words(wanted: Format) -> None:
    """Both APIs refuse all tools of a request because of one."""
    assert parameters_of(wanted, CHOICE) == of(a=TEXT, b=TEXT)
    assert description_of(wanted, CHOICE) == "Looks it up. Either. Give at least one of: a; b."
    assert problems(wanted, CHOICE) == [("parameters.anyOf", True)]


@pytest.mark.parametrize("wanted", LOOSE)
def test_branches_that_all_hold_at_the_top_are_mixed_in(wanted: Format) -> None:
    """Which loses nothing."""
    schema = {**of(a=TEXT), "allOf": [{**of(b=TEXT), "required": ["b"]}]}
    assert parameters_of(wanted, schema) == {**of(a=TEXT, b=TEXT), "required": ["b"]}
    assert problems(wanted, schema) == []


def test_mcp_takes_any_schema_whole() -> None:
    """2020-12, at the top too; what it says in words goes to the other words."""
    assert {**parameters_of(Format.MCP, CHOICE), "description": "Either."} == CHOICE
    assert problems(Format.MCP, CHOICE) == []


def test_openai_gets_items_for_every_list() -> None:
    """Its API refuses a list that does not say what its entries are, and this says they may be anything."""
    schema = of(a={"type": "array"}, b=of(c={"type": ["array", "null"]}), d={"enum": [{"type": "array"}]})
    expected = of(
        a={"items": {}, "type": "array"}, b=of(c={"items": {}, "type": ["array", "null"]}), d=schema["properties"]["d"]
    )
    assert parameters_of(Format.OPENAI, schema) == expected


def test_anthropic_refuses_odd_names_of_properties_at_any_depth() -> None:
    """One of them would have all tools refused."""
    assert problems(Format.ANTHROPIC, of(**{"a b": TEXT})) == [("parameters.properties.a b", False)]
    assert problems(Format.ANTHROPIC, of(a={"items": of(ä=TEXT)})) == [
        ("parameters.properties.items.properties.ä", False)
    ]
    assert problems(Format.ANTHROPIC, of(**{"a.b-c_1": TEXT})) == []


OUTPUT = of(status=TEXT)


def test_mcp_lists_an_output_schema_where_midcall_keeps_it() -> None:
    """Clients refuse a result that breaks it, so a mere wish is no promise."""
    assert written(Format.MCP, output=OUTPUT, output_kept=True)["outputSchema"] == OUTPUT
    assert "outputSchema" not in written(Format.MCP, output=OUTPUT)
    assert problems(Format.MCP, output=OUTPUT) == [("output_schema", True)]
    assert problems(Format.MCP, output=OUTPUT, output_kept=True) == []


def test_mcp_has_a_title_where_it_says_more_than_the_name() -> None:
    """A display name that was not given is the name."""
    assert written(Format.MCP)["title"] == "Lookup"
    assert "title" not in written(Format.MCP, title="lookup")


# Retell -----------------------------------------------------------------------------------------------------------


def test_retell_gets_the_parameters_as_json_schema_below_the_top() -> None:
    """And at the top what its types have."""
    schema = {**RICH, "additionalProperties": False, "title": "Order"}
    assert written(Format.RETELL, schema)["parameters"] == {
        word: RICH[word] for word in ("type", "properties", "required")
    }
    assert problems(Format.RETELL, schema) == []


@pytest.mark.parametrize(("seconds", "ms"), [(1, 3_000), (20, 22_000), (598, 600_000), (600, 600_000)])
def test_retells_wait_is_a_little_longer_than_the_functions(seconds: int, ms: int) -> None:
    """So that midcall's own answer to a call that timed out still arrives; where it may not, that is told."""
    assert written(Format.RETELL, timeout_ms=seconds * 1_000)["timeout_ms"] == ms
    late = [("timeout", True)] if seconds > 598 else []
    assert problems(Format.RETELL, timeout_ms=seconds * 1_000) == late
    assert problems(Format.RETELL, timeout_ms=seconds * 1_000, background=True) == []


def test_retell_speaks_as_the_flags_say_and_says_what_the_author_wrote() -> None:
    """One text word for word; of several one is to be picked; a text to be said at the start asks for speech."""
    keys = (
        "speak_during_execution",
        "speak_after_execution",
        "execution_message_type",
        "execution_message_description",
    )

    def spoken(speech: Speech) -> list[Any]:
        return [written(Format.RETELL, speech=speech).get(key) for key in keys]

    assert spoken(Speech()) == [False, True, None, None]
    assert spoken(Speech(during=True, after=False)) == [True, False, None, None]
    assert spoken(Speech(during=True, started=("One moment.",))) == [True, True, "static_text", "One moment."]
    several = spoken(Speech(during=True, started=("One moment.", "Let me look.")))
    assert several[:3] == [True, True, "prompt"]
    assert '"One moment." | "Let me look."' in several[3]


PATHS = {"id": "$.data[0].id", "name": "data.0.name", "odd": "$['a-b'].c", "all": "$.data[*].id", "whole": "$"}


def test_response_variables_have_the_vendors_paths() -> None:
    """Retell's with brackets, ElevenLabs' with dots; what may find several values is told."""
    assert written(Format.RETELL, response_variables=PATHS)["response_variables"] == {
        "id": "data[0].id",
        "name": "data[0].name",
        "odd": "a-b.c",
    }
    assert [
        (each["dynamic_variable"], each["value_path"])
        for each in written(Format.ELEVENLABS, response_variables=PATHS)["assignments"]
    ] == [("id", "data.0.id"), ("name", "data.0.name"), ("odd", "a-b.c")]
    lost = [("response_variables.all", True), ("response_variables.whole", True)]
    assert problems(Format.RETELL, response_variables=PATHS) == lost
    assert problems(Format.ELEVENLABS, response_variables=PATHS) == lost
    assert problems(Format.VAPI, response_variables=PATHS) == [("response_variables", True)]
