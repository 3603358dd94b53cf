"""Answers shown in the OpenAPI document, made by what makes the real ones."""

from collections.abc import Mapping
from typing import Any

from midcall.api.views import tools_view
from midcall.domain.visible import visible
from midcall.service.agents.tools import ToolsView
from midcall.vendors.tool import Address, Speech, Tool
from midcall.vendors.tools.export import CALLING, Format, export

#: Parameters as an author writes them; the tenant is filled in by midcall, and never shows.
PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "integer", "description": "The order's number.", "minimum": 1},
        "language": {"type": "string", "description": "Language of the answer.", "enum": ["en", "de"]},
        "tenant": {"type": "string", "x-midcall": {"constant": "acme"}},
    },
    "required": ["order_id", "tenant"],
}

_TOOL = Tool(
    name="lookup_order",
    title="Lookup Order Status",
    description="Look up the status of an order. Call it when the customer asks where an order is.",
    parameters=visible(PARAMETERS),
    output={"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]},
    output_kept=True,
    timeout_ms=20_000,
    speech=Speech(
        during=True, started=("One moment, I am looking it up.",), failed="I cannot see your order right now."
    ),
    response_variables={"order_status": "$.status"},
)


def tools_answer(wanted: Format) -> dict[str, Any]:
    """Make the answer for one function in a format."""
    address = Address("https://midcall.example.com", "ad_1" if wanted in CALLING else None)
    return tools_view(ToolsView("front_desk", "production", wanted, export(wanted, [_TOOL], address)))


def tools_examples() -> dict[str, Any]:
    """Make an answer for each format, as OpenAPI lists examples."""
    return {wanted.value: {"value": tools_answer(wanted)} for wanted in Format}
