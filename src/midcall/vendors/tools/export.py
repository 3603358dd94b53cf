"""All tools of an agent in one format, and what of them the format has no place for."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from midcall.domain.jsonvalue import Json
from midcall.vendors.branches import spread
from midcall.vendors.tool import Address, ExportedTool, Tool, Unfit
from midcall.vendors.tools.anthropic import tool_param
from midcall.vendors.tools.elevenlabs import webhook_tool
from midcall.vendors.tools.gemini import function_declaration, one_tool
from midcall.vendors.tools.mcp import mcp_tool
from midcall.vendors.tools.openai import function_tool, realtime_tool, responses_tool, strict_tool
from midcall.vendors.tools.retell import custom_tool
from midcall.vendors.tools.vapi import function_tool as vapi_tool

#: Bytes of one tool.
MAX_TOOL_BYTES = 256 * 1024


class Format(StrEnum):
    """Who the tools are for."""

    #: OpenAI's Chat Completions; most runtimes take it.
    OPENAI = "openai"
    #: The same in strict mode: arguments always keep the schema.
    OPENAI_STRICT = "openai_strict"
    #: OpenAI's Responses API: strict tool by tool, where the schema can be.
    OPENAI_RESPONSES = "openai_responses"
    #: OpenAI's Realtime API.
    OPENAI_REALTIME = "openai_realtime"
    #: Anthropic's Messages API.
    ANTHROPIC = "anthropic"
    #: Google's Gemini: one tool that holds all function declarations.
    GEMINI = "gemini"
    #: The Model Context Protocol.
    MCP = "mcp"
    #: Retell's (and UponAI's) custom tools.
    RETELL = "retell"
    #: Vapi's function tools.
    VAPI = "vapi"
    #: ElevenLabs' webhook tools.
    ELEVENLABS = "elevenlabs"


#: Formats that say where the vendor is to call.
CALLING = frozenset({Format.RETELL, Format.VAPI, Format.ELEVENLABS})

_WRITERS: Mapping[Format, Callable[[Tool, Address], ExportedTool]] = {
    Format.OPENAI: function_tool,
    Format.OPENAI_STRICT: strict_tool,
    Format.OPENAI_RESPONSES: responses_tool,
    Format.OPENAI_REALTIME: realtime_tool,
    Format.ANTHROPIC: tool_param,
    Format.GEMINI: function_declaration,
    Format.MCP: mcp_tool,
    Format.RETELL: custom_tool,
    Format.VAPI: vapi_tool,
    Format.ELEVENLABS: webhook_tool,
}


@dataclass(frozen=True, slots=True)
class ExportProblem:
    """A fault of one function in one format; `exported` tells whether its tool is there all the same."""

    function: str | None
    loc: str
    msg: str
    exported: bool


@dataclass(frozen=True, slots=True)
class Export:
    """Tools as the vendor takes them, in the order of the attachments, and the problems."""

    tools: Sequence[Json]
    problems: Sequence[ExportProblem]
    #: How each function's calls are carried out, by its name: most formats take no field more.
    execution: Mapping[str, Json] = field(default_factory=dict)


def export(wanted: Format, tools: Iterable[Tool | ExportProblem], address: Address) -> Export:
    """Write tools in a format; one that does not fit is left out and listed, after the problems found before it."""
    documents: list[Json] = []
    problems: list[ExportProblem] = []
    execution: dict[str, Json] = {}
    for tool in tools:
        if isinstance(tool, ExportProblem):
            problems.append(tool)
            continue
        try:
            written = _written(wanted, tool, address)
        except Unfit as error:
            problems.append(ExportProblem(tool.name, error.loc, error.msg, exported=False))
            continue
        documents.append(written.document)
        execution[tool.name] = tool.execution
        problems += [ExportProblem(tool.name, note.loc, note.msg, exported=True) for note in written.notes]
    return Export(one_tool(documents) if wanted is Format.GEMINI else documents, problems, execution)


def _written(wanted: Format, tool: Tool, address: Address) -> ExportedTool:
    write = _WRITERS[wanted]
    shown = tool if wanted is Format.MCP else replace(tool, parameters=spread(tool.parameters))
    try:
        written = write(shown, address)
    except Unfit:
        # A parameter that a branch alone declares is told in words, if need be.
        written = write(tool, address)
    _check_size(written.document)
    return written


def _check_size(document: Json) -> None:
    if len(json.dumps(document, separators=(",", ":"))) > MAX_TOOL_BYTES:
        raise Unfit("parameters", f"more than {MAX_TOOL_BYTES // 1024} KiB as a tool; describe fewer parameters")
