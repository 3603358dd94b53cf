"""Anthropic's tools, as the Messages API takes them."""

import re
from collections.abc import Mapping
from typing import Any

from midcall.domain.subschemas import subschemas
from midcall.vendors.merging import merged
from midcall.vendors.tool import Address, ExportedTool, Tool, Unfit
from midcall.vendors.words import described_tool, without

#: What the API refuses at the top level of `input_schema`; further down it takes them.
_NOT_AT_ROOT = ("allOf", "anyOf", "oneOf")
_PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def tool_param(tool: Tool, _address: Address) -> ExportedTool:
    """Write a tool; raises Unfit for a property whose name the API refuses, and with it all tools of the request."""
    _check_names(tool.parameters, "parameters")
    description, notes = described_tool(tool, "Anthropic", unsaid=_NOT_AT_ROOT)
    schema = without(merged(tool.parameters), _NOT_AT_ROOT)
    return ExportedTool({"name": tool.name, "description": description, "input_schema": schema}, notes)


def _check_names(schema: Any, loc: str) -> None:
    if not isinstance(schema, Mapping):
        return
    for name in schema.get("properties", {}):
        if not _PROPERTY.fullmatch(name):
            raise Unfit(
                f"{loc}.properties.{name}", "Anthropic takes names of 1-64 letters, digits, _, . and -; rename it"
            )
    for keyword, child in subschemas(schema):
        _check_names(child, f"{loc}.{keyword}")
