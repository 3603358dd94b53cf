"""Tools of the Model Context Protocol, as `tools/list` shows them. Its schemas are JSON Schema 2020-12."""

from midcall.vendors.tool import Address, Json, Note, Tool, Written


def mcp_tool(tool: Tool, _address: Address) -> Written:
    """Write a tool. `outputSchema` is a promise that clients check, so it is there only where midcall keeps it."""
    document: Json = {"name": tool.name}
    if tool.title and tool.title != tool.name:
        document["title"] = tool.title
    document |= {"description": tool.description, "inputSchema": dict(tool.parameters)}
    if tool.output is None:
        return Written(document)
    if tool.output_kept:
        return Written({**document, "outputSchema": dict(tool.output)})
    cure = 'MCP clients refuse what breaks it; set "strict_output": true, and "background": false, to have it listed'
    return Written(document, (Note("output_schema", cure),))
