"""Hold exported tools against the vendors' own SDK types. Runs in `.venv-vendors`, which has those and not midcall.

Reads `{format: [tools, ...]}` as JSON from standard input, each entry one export; writes `{format: [faults, ...]}`,
where the faults of an export are a list of texts. Unknown fields are faults, and so are words that an SDK merely
tolerates.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Literal, Union, get_args, get_origin

from anthropic.types import ToolParam
from anthropic.types.tool_param import InputSchemaTyped
from elevenlabs.types import ToolRequestModel, WebhookToolConfigInput
from google.genai.types import Tool as GeminiTool
from mcp_types import ListToolsResult
from mcp_types import Tool as McpTool
from mcp_types._v2026_07_28 import Tool as NewestMcpTool
from openai.lib._pydantic import _ensure_strict_json_schema
from openai.types.chat import ChatCompletionToolParam
from openai.types.realtime import RealtimeFunctionToolParam, RealtimeToolsConfigParam
from openai.types.responses import FunctionToolParam
from openai.types.responses import ToolParam as ToolParamOfResponses
from pydantic import BaseModel, TypeAdapter, ValidationError
from retell.types.llm_create_params import GeneralToolCustomTool
from vapi import CreateFunctionToolDto

Tools = list[Any]
Check = Callable[[Tools], Any]


def strictly(kind: Any, value: Any) -> Any:
    """Read a value as a type that takes no other field and converts nothing."""
    found = TypeAdapter(kind).validate_python(value, strict=True, extra="forbid")
    for path, word in unknown_words(found, ""):
        raise ValueError(f"{path}: {word!r} is none of the SDK's words")
    return found


def unknown_words(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Find values that stand where an SDK lists words but takes any other too, for words it does not know yet."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            here = getattr(value, name)
            words = listed(field.annotation)
            if words and here is not None and here not in words:
                yield f"{path}.{name}", here
            yield from unknown_words(here, f"{path}.{name}")
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from unknown_words(child, f"{path}.{name}")
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from unknown_words(child, f"{path}.{place}")


def listed(annotation: Any) -> set[Any]:
    """Return the words of a `Literal`, which may be one of several types."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    if get_origin(annotation) is Union:
        kinds = get_args(annotation)
        known = [listed(kind) for kind in kinds]
        # A list of types beside the words is no word.
        return set() if any(get_origin(kind) is list for kind in kinds) else set().union(*known)
    return set()


def openai(tools: Tools) -> None:
    """Check tools of Chat Completions."""
    for tool in tools:
        strictly(ChatCompletionToolParam, tool)


def openai_strict(tools: Tools) -> None:
    """Check the same; and what the SDK's own helper for strict schemas would still change is a fault."""
    openai(tools)
    for tool in tools:
        is_strict(tool["function"])


def is_strict(function: dict[str, Any]) -> None:
    """Find what of a strict function the SDK's own helper for strict schemas would still change."""
    if function["strict"] is not True:
        raise ValueError("strict is not true")
    schema = json.loads(json.dumps(function["parameters"]))
    if _ensure_strict_json_schema(schema, path=(), root=schema) != function["parameters"]:
        raise ValueError("parameters is not what the SDK calls strict")


def openai_responses(tools: Tools) -> None:
    """Check tools of the Responses API, in the whole of what `responses.create` takes as `tools`."""
    strictly(list[FunctionToolParam], tools)
    strictly(list[ToolParamOfResponses], tools)
    for tool in tools:
        if tool["strict"] is not False:
            is_strict(tool)


def openai_realtime(tools: Tools) -> None:
    """Check tools of the Realtime API, which refuses `strict`; its type demands no field, so the API's own do here."""
    strictly(list[RealtimeFunctionToolParam], tools)
    strictly(RealtimeToolsConfigParam, tools)
    for tool in tools:
        if tool.keys() != {"type", "name", "description", "parameters"}:
            raise ValueError(f"the fields are {sorted(tool)}")


def anthropic(tools: Tools) -> None:
    """Check tools of the Messages API; its type for schemas names the top level alone."""
    for tool in tools:
        strictly(ToolParam, tool)
        TypeAdapter(InputSchemaTyped).validate_python(tool["input_schema"], strict=True)


def gemini(tools: Tools) -> None:
    """Check tools of GenerateContent, as JSON since that is how enums come."""
    # A type that it does not know is a warning to the SDK.
    warnings.simplefilter("error")
    for tool in tools:
        GeminiTool.model_validate_json(json.dumps(tool), strict=True)


def mcp(tools: Tools) -> None:
    """Check what `tools/list` may answer, by the SDK's general types and by those of the newest protocol."""
    for tool in tools:
        strictly(McpTool, tool)
        # Its schemas name two keywords and take all others; the type above has told of unknown fields.
        NewestMcpTool.model_validate(tool, strict=True)
    ListToolsResult.model_validate({"tools": tools})


def retell(tools: Tools) -> None:
    """Check the general tools of a Retell LLM."""
    for tool in tools:
        strictly(GeneralToolCustomTool, tool)


def vapi(tools: Tools) -> None:
    """Check what makes a tool. Its type leaves out the word that tells it from other kinds of tools."""
    for tool in tools:
        strictly(Literal["function"], tool["type"])
        strictly(CreateFunctionToolDto, {name: value for name, value in tool.items() if name != "type"})


def elevenlabs(tools: Tools) -> None:
    """Check what makes a tool; and its rule that a single value has one source, which the types leave to a comment."""
    for tool in tools:
        strictly(ToolRequestModel, {"tool_config": tool})
        strictly(WebhookToolConfigInput, {name: value for name, value in tool.items() if name != "type"})
        one_source(tool["api_schema"].get("request_body_schema", {}), "request_body_schema")


def one_source(schema: dict[str, Any], path: str) -> None:
    """Find single values that have not exactly one source."""
    sources = ("description", "dynamic_variable", "constant_value", "is_system_provided", "is_omitted")
    if schema.get("type", "object") not in ("object", "array"):
        given = [source for source in sources if schema.get(source)]
        if len(given) != 1:
            raise ValueError(f"{path} has the sources {given}, not one")
    for name, child in schema.get("properties", {}).items():
        one_source(child, f"{path}.{name}")
    if "items" in schema:
        one_source(schema["items"], f"{path}.items")


CHECKS: dict[str, Check] = {
    "openai": openai,
    "openai_strict": openai_strict,
    "openai_responses": openai_responses,
    "openai_realtime": openai_realtime,
    "anthropic": anthropic,
    "gemini": gemini,
    "mcp": mcp,
    "retell": retell,
    "vapi": vapi,
    "elevenlabs": elevenlabs,
}


def faults_of(check: Check, tools: Tools) -> list[str]:
    """Return what is wrong with one export."""
    try:
        check(tools)
    except ValidationError as error:
        return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    except (ValueError, TypeError, KeyError, AttributeError, Warning) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(
        {name: [faults_of(CHECKS[name], tools) for tools in exports] for name, exports in asked.items()}, sys.stdout
    )
