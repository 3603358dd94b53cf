"""Tools of the Model Context Protocol, as `tools/list` shows them. Its schemas are JSON Schema 2020-12."""

from midcall.domain.jsonvalue import Json
from midcall.vendors.tool import Address, ExportedTool, Tool, ToolNote
from midcall.vendors.words import described_tool, without

#: The name under which a tool's `_meta`, which clients keep from their LLMs, says how it is carried out.
META = "midcall/execution"


def mcp_tool(tool: Tool, _address: Address) -> ExportedTool:
    """Write a tool. `outputSchema` is a promise that clients check, so it is there only where midcall keeps it."""
    document: Json = {"name": tool.name}
    if tool.title and tool.title != tool.name:
        document["title"] = tool.title
    description, notes = described_tool(tool, "MCP")
    document |= {"description": description, "inputSchema": without(tool.parameters)}
    document["_meta"] = {META: tool.execution}
    if tool.output is None:
        return ExportedTool(document, notes)
    if tool.output_kept:
        return ExportedTool({**document, "outputSchema": dict(tool.output)}, notes)
    cure = 'MCP clients refuse what breaks it; set "strict_output": true, and "background": false, to have it listed'
    return ExportedTool(document, (*notes, ToolNote("output_schema", cure)))
