"""Exported tools are what each vendor's own SDK says they have to be.

The SDKs have an environment of their own (`scripts/setup vendors`), in which one script looks at all exports at once.
"""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.support.databases import Sqlite, opened
from tests.support.tool_functions import FUNCTIONS, functions
from tests.support.world import World

from midcall.domain.adapter import Vendor
from midcall.domain.phases import Phase
from midcall.service.agents.adapters import AdapterInput
from midcall.service.functions.form import parse_function
from midcall.vendors.tools.export import Export, Format

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-vendors/bin/python"
SCRIPT = ROOT / "tests/support/vendor_sdks.py"

Change = Callable[[Any], None]


def at(*path: str | int) -> Callable[[Any], Any]:
    """Make what finds a place in the tools of an export."""

    def found(tools: Any) -> Any:
        for step in path:
            tools = tools[step]
        return tools

    return found


def put(place: Callable[[Any], Any], **fields: Any) -> Change:
    """Make what breaks an export by fields that are not there, or have another value."""
    return lambda tools: place(tools).update(fields)


def cut(place: Callable[[Any], Any], field: str) -> Change:
    """Make what breaks an export by taking a field out."""
    return lambda tools: place(tools).pop(field)


TOOL, FUNCTION, DECLARATION = at(0), at(0, "function"), at(0, "functionDeclarations", 0)
STRICT = at(0, "function", "parameters")
FUNCTION_CITY = at(0, "function", "parameters", "properties", "city")
GEMINI_CITY = at(0, "functionDeclarations", 0, "parameters", "properties", "city")
BODY_CITY = at(0, "api_schema", "request_body_schema", "properties", "city")
#: Ways to get each format wrong; a check that takes one of them would take ours whatever we wrote.
BROKEN: dict[Format, list[Change]] = {
    Format.OPENAI: [
        put(TOOL, extra=1),
        put(TOOL, type="tool"),
        put(FUNCTION, extra=1),
        put(FUNCTION, parameters=[]),
        cut(FUNCTION, "name"),
    ],
    Format.OPENAI_STRICT: [
        put(FUNCTION, strict=False),
        cut(STRICT, "additionalProperties"),
        put(STRICT, required=[]),
        put(STRICT, allOf=[{"type": "object", "properties": {}}]),
    ],
    Format.OPENAI_RESPONSES: [
        cut(TOOL, "strict"),
        put(TOOL, strict=1),
        put(TOOL, function={}),
        put(TOOL, extra=1),
        cut(TOOL, "name"),
        cut(TOOL, "parameters"),
        put(at(0, "parameters"), required=[]),
    ],
    Format.OPENAI_REALTIME: [
        put(TOOL, strict=None),
        put(TOOL, function={}),
        put(TOOL, type="tool"),
        cut(TOOL, "name"),
        put(TOOL, name=1),
    ],
    Format.ANTHROPIC: [
        put(TOOL, parameters={}),
        cut(TOOL, "input_schema"),
        put(TOOL, input_schema={"type": "array"}),
        put(TOOL, type="function"),
    ],
    Format.GEMINI: [
        put(DECLARATION, inputSchema={}),
        put(at(0, "functionDeclarations", 0, "parameters"), type="TEXT"),
        put(at(0, "functionDeclarations", 0, "parameters"), additionalItems=True),
        put(GEMINI_CITY, enum=[1]),
        put(GEMINI_CITY, **{"$ref": "#/$defs/a"}),
    ],
    Format.MCP: [
        put(TOOL, parameters={}),
        cut(TOOL, "inputSchema"),
        put(TOOL, inputSchema={"type": "array"}),
        put(TOOL, outputSchema="text"),
    ],
    Format.RETELL: [
        put(TOOL, server="x"),
        cut(TOOL, "url"),
        put(TOOL, method="FETCH"),
        put(TOOL, timeout_ms="10000"),
        put(TOOL, execution_message_type="text"),
        put(at(0, "parameters"), anyOf=[]),
        put(TOOL, response_variables={"a": 1}),
    ],
    Format.VAPI: [
        put(TOOL, url="x"),
        put(TOOL, type="tool"),
        put(at(0, "server"), uri="x"),
        put(FUNCTION_CITY, minLength=1),
        put(FUNCTION_CITY, type="text"),
        put(FUNCTION_CITY, format="phone"),
        put(TOOL, messages=[{"type": "request-begin", "content": "x"}]),
    ],
    Format.ELEVENLABS: [
        put(TOOL, url="x"),
        put(TOOL, type="server"),
        cut(at(0, "api_schema"), "url"),
        put(TOOL, pre_tool_speech="always"),
        put(at(0, "api_schema"), method="FETCH"),
        put(BODY_CITY, minLength=1),
        cut(BODY_CITY, "description"),
        put(BODY_CITY, constant_value="x"),
    ],
}


@pytest.fixture(scope="module")
def exports(sqlite: Sqlite) -> Iterator[dict[Format, Export]]:
    """Export an agent with all of the functions, in every format."""
    with sqlite.migrated() as url, opened(url) as engine:
        world = World(engine)
        for document in functions():
            world.catalog.create(world.caller, parse_function(document))
            world.reviews.submit(world.caller, document["name"], 1)
            world.catalog.publish(world.caller, document["name"], 1, "production")
        world.agent(*((name, Phase.DURING_SESSION) for name in FUNCTIONS))
        for vendor in Vendor:
            wanted = AdapterInput(vendor, "front_desk", "production", vendor_agent=None, secret="s" * 32)
            world.adapters.put(world.caller, f"ad_{vendor.value}", wanted)
        yield {wanted: _export(world, wanted) for wanted in Format}


def _export(world: World, wanted: Format) -> Export:
    asked: dict[str, Any] = {"wanted": wanted, "environment": "production", "adapter": None}
    return world.tools.export(world.caller, "front_desk", **asked).export


def broken(tools: Any, change: Change) -> Any:
    """Return a broken copy of an export."""
    tools = copy.deepcopy(tools)
    change(tools)
    return tools


@pytest.fixture(scope="module")
def faults(exports: dict[Format, Export]) -> dict[str, list[list[str]]]:
    """Have the vendors' types look at each export, and at broken ones."""
    assert PYTHON.exists(), "the vendors' SDKs are missing; run: scripts/setup vendors"
    asked = {
        wanted.value: [found.tools, *(broken(found.tools, change) for change in BROKEN[wanted])]
        for wanted, found in exports.items()
    }
    run = subprocess.run(
        [PYTHON, "-I", SCRIPT], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    answer: dict[str, list[list[str]]] = json.loads(run.stdout)
    return answer


@pytest.mark.parametrize("wanted", Format)
def test_an_export_is_what_the_vendors_own_types_say(faults: dict[str, list[list[str]]], wanted: Format) -> None:
    """No field is missing, unknown, or of another type."""
    assert faults[wanted.value][0] == []


@pytest.mark.parametrize("wanted", Format)
def test_a_broken_export_is_found_out(faults: dict[str, list[list[str]]], wanted: Format) -> None:
    """Each way of breaking it; otherwise the test above could not fail."""
    taken = [place for place, found in enumerate(faults[wanted.value][1:]) if not found]
    assert taken == []
    assert len(faults[wanted.value]) == 1 + len(BROKEN[wanted])


JSON_SCHEMA = [wanted for wanted in Format if wanted not in (Format.GEMINI, Format.VAPI, Format.ELEVENLABS)]


@pytest.mark.parametrize("wanted", JSON_SCHEMA)
def test_schemas_of_parameters_are_json_schema(exports: dict[Format, Export], wanted: Format) -> None:
    """2020-12, which the vendors' types leave open."""
    for tool in exports[wanted].tools:
        found = [
            tool.get("function", tool).get(word)
            for word in ("parameters", "input_schema", "inputSchema", "outputSchema")
        ]
        for schema in filter(None, found):
            jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


#: Functions that a format has no way to write; all others are there.
LEFT_OUT = {
    Format.OPENAI: [],
    Format.OPENAI_STRICT: ["find_customer", "pay", "remember"],
    Format.OPENAI_RESPONSES: [],
    Format.OPENAI_REALTIME: [],
    Format.ANTHROPIC: ["measure"],
    Format.GEMINI: ["remember", "measure"],
    Format.MCP: [],
    Format.RETELL: [],
    Format.VAPI: ["pay", "remember", "call_back"],
    Format.ELEVENLABS: ["remember", "call_back"],
}


@pytest.mark.parametrize("wanted", Format)
def test_what_a_format_cannot_write_is_left_out_and_listed(exports: dict[Format, Export], wanted: Format) -> None:
    """And nothing else is."""
    found = exports[wanted]
    assert [problem.function for problem in found.problems if not problem.exported] == LEFT_OUT[wanted]
    text = json.dumps(found.tools)
    assert [name for name in FUNCTIONS if f'"name": "{name}"' not in text] == LEFT_OUT[wanted]
    assert [word for word in ("tenant", "acme", "tier", "customer_id", "x-midcall", "$ref") if word in text] == []


def test_a_tool_of_the_responses_api_is_strict_where_strict_mode_can_say_it(exports: dict[Format, Export]) -> None:
    """And loose where that leaves the function out; which is told."""
    found = exports[Format.OPENAI_RESPONSES]
    loose = [tool["name"] for tool in found.tools if tool["strict"] is False]
    assert loose == LEFT_OUT[Format.OPENAI_STRICT]
    assert [problem.function for problem in found.problems if "not strict" in problem.msg] == loose
    strict = {tool["function"]["name"]: tool["function"] for tool in exports[Format.OPENAI_STRICT].tools}
    assert [{"type": "function", **strict[name]} for name in strict] == [t for t in found.tools if t["strict"]]
