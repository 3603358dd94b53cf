"""Tools for the tests of vendors' formats, and what a format makes of one."""

from typing import Any

from midcall.vendors.tool import Address, Tool
from midcall.vendors.tools.export import Format, export

PUBLIC = "https://midcall.example.com"
ADDRESS = Address(PUBLIC, "ad_1")
TEXT = {"type": "string"}


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


def tool(parameters: dict[str, Any] | None = None, **changes: Any) -> Tool:
    """Make a tool."""
    given = {"name": "lookup", "title": "Lookup", "description": "Looks it up.", **changes}
    return Tool(parameters=parameters or of(), **given)


def written(wanted: Format, parameters: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Write one tool; fails if it was left out."""
    found = export(wanted, [tool(parameters, **changes)], ADDRESS)
    assert found.tools, found.problems
    return found.tools[0]["functionDeclarations"][0] if wanted is Format.GEMINI else found.tools[0]


def description_of(wanted: Format, parameters: dict[str, Any], **changes: Any) -> str:
    """Return what the format says of one function as a whole."""
    found = written(wanted, parameters, **changes)
    return str(found.get("function", found)["description"])


def parameters_of(wanted: Format, parameters: dict[str, Any]) -> Any:
    """Return the parameters of one tool, wherever the format has them."""
    found = written(wanted, parameters)
    if wanted in (Format.OPENAI, Format.OPENAI_STRICT, Format.VAPI):
        return found["function"]["parameters"]
    if wanted is Format.ELEVENLABS:
        return found["api_schema"]["request_body_schema"]
    return found[{Format.ANTHROPIC: "input_schema", Format.MCP: "inputSchema"}.get(wanted, "parameters")]


def property_of(wanted: Format, declared: Any, *, required: bool = True) -> Any:
    """Return one property as the format has it."""
    schema = {**of(a=declared), **({"required": ["a"]} if required else {})}
    return parameters_of(wanted, schema)["properties"]["a"]


def problems(wanted: Format, parameters: dict[str, Any] | None = None, **changes: Any) -> list[tuple[str, bool]]:
    """Return where one tool has problems, and whether it is there all the same."""
    found = export(wanted, [tool(parameters, **changes)], ADDRESS)
    assert all(problem.function == "lookup" and problem.msg for problem in found.problems)
    return [(problem.loc, problem.exported) for problem in found.problems]


#: A schema with something of most kinds, and one of a choice at its top.
RICH = {
    **of(
        size={"type": "integer", "minimum": 1, "default": 3},
        when={"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        tags={"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        place={**of(street=TEXT), "required": ["street"], "additionalProperties": False},
    ),
    "required": ["size"],
}
CHOICE = {**of(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "description": "Either."}
