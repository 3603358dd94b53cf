"""Vapi: one server URL for all messages; tool calls, assistant requests, reports at the end of a call.

Sources: its documents "Server events", "Custom tools" and their troubleshooting page, and `vapi_server_sdk`. Vapi reads
no answer but an HTTP 200, so what is wrong with a call is told in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from midcall.domain.function import NAME_PATTERN
from midcall.vendors.conversation import CallResult, Conversation, Ending, FunctionCall, key_of
from midcall.vendors.reading import (
    Object,
    Transcript,
    arguments,
    call_without,
    items,
    needed,
    obj,
    overrides,
    phone,
    session_ids,
    text,
    turns,
    turns_of_text,
    variables,
)
from midcall.vendors.writing import MAX_REASON, NO_REASON, one_line

NAME = "vapi"

#: Calls of one message; an LLM makes a handful at once.
MAX_CALLS = 20
#: Of those beyond, so many are told so.
MAX_ANSWERS = 200
MAX_CALL_ID = 200

#: What of a call is handed on. By name: around these stand whole configurations, with the keys of other services.
_CALL = (
    *("id", "orgId", "type", "status", "name", "metadata", "customer", "cost"),
    *("createdAt", "updatedAt", "startedAt", "endedAt", "endedReason", "endedMessage"),
    *("assistantId", "squadId", "workflowId", "campaignId", "customerId", "phoneNumberId"),
    *("phoneCallProvider", "phoneCallProviderId", "phoneCallTransport"),
)
_CUSTOMER = ("number", "extension", "sipUri", "name", "email", "externalId")


class VapiMessageKind(StrEnum):
    """Messages that change something; all others are only acknowledged."""

    TOOL_CALLS = "tool-calls"
    ASSISTANT_REQUEST = "assistant-request"
    END_OF_CALL_REPORT = "end-of-call-report"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a message: its id, sent back as it came, and what is called or what is wrong with it."""

    id: str
    name: str
    call: FunctionCall | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class VapiMessage:
    """A message that changes something."""

    kind: VapiMessageKind
    conversation: Conversation
    calls: tuple[ToolCall, ...] = ()
    ending: Ending | None = None


def message(body: Any) -> VapiMessage | None:
    """Read a message; None for one that changes nothing here. Raises InvalidInput for one without a call or chat."""
    found = needed(body, "message")
    kind = text(found.get("type"))
    if kind not in set(VapiMessageKind):
        return None
    conversation = _conversation(found)
    if kind == VapiMessageKind.TOOL_CALLS:
        return VapiMessage(VapiMessageKind.TOOL_CALLS, conversation, calls=_calls(found))
    if kind == VapiMessageKind.END_OF_CALL_REPORT:
        return VapiMessage(VapiMessageKind.END_OF_CALL_REPORT, conversation, ending=Ending(conversation, _late(found)))
    return VapiMessage(VapiMessageKind.ASSISTANT_REQUEST, conversation)


def results(calls: Sequence[ToolCall], said: Sequence[CallResult]) -> dict[str, Any]:
    """Write the answer to tool calls, in their order."""
    return {"results": [_result(call, each) for call, each in zip(calls, said, strict=True)]}


def assistant(values: Mapping[str, Any], *, agent: str | None, refused: bool, reason: str | None) -> dict[str, Any]:
    """Write the answer to an assistant request; a refused caller is told the reason, and the call ends."""
    if refused:
        return error((reason or NO_REASON)[:MAX_REASON])
    if agent is None:
        return error("This number has no assistant yet.")
    return {"assistantId": agent, "assistantOverrides": {"variableValues": dict(values)}}


def error(reason: str) -> dict[str, Any]:
    """Write the answer to a message that could not be taken."""
    return {"error": one_line(reason)}


def _result(call: ToolCall, said: CallResult) -> dict[str, Any]:
    return {"toolCallId": call.id, "name": call.name, "result" if said.ok else "error": one_line(said.value)}


def _conversation(found: Object) -> Conversation:
    call, chat = obj(found.get("call")), obj(found.get("chat"))
    kind = text(call.get("type"))
    customer = obj(found.get("customer")) or obj(call.get("customer"))
    number = (obj(found.get("phoneNumber")) or obj(call.get("phoneNumber"))).get("number")
    outbound = kind.startswith("outbound")
    caller, called = (number, customer.get("number")) if outbound else (customer.get("number"), number)
    fields = phone(outbound=outbound, caller=caller, called=called)
    user = {"id": text(customer.get("externalId")), "email": text(customer.get("email"))}
    fields["userDetails"] = {**fields.get("userDetails", {}), **{name: value for name, value in user.items() if value}}
    fields["medium"] = _medium(kind, is_chat=bool(chat) and not call)
    fields |= {"communicationChannelName": NAME, "communicationChannelId": text(call.get("id") or chat.get("id"))}
    fields["call"] = _described(call or chat)
    fields |= {"metadata": kept} if (kept := call_without(obj(call.get("metadata")), ())) else {}
    given = obj(call.get("assistantOverrides")).get("variableValues")
    ids = session_ids([call.get("id") if call else chat.get("id")], "message.call.id")
    return Conversation(ids, fields, variables(given))


def _described(call: Object) -> dict[str, Any]:
    kept = {name: call[name] for name in _CALL if name in call}
    if "customer" in kept:
        customer = obj(kept["customer"])
        kept["customer"] = {name: customer[name] for name in _CUSTOMER if name in customer}
    return call_without(kept, ())


def _medium(kind: str, *, is_chat: bool) -> str:
    if is_chat:
        return "chat"
    return "phone" if not kind or "phonecall" in kind.lower() else "web"


def _calls(found: Object) -> tuple[ToolCall, ...]:
    call = obj(found.get("call"))
    brought = overrides(_said(obj(found.get("artifact")), found), _described(call), ())
    listed = items(found.get("toolCallList")) or [
        obj(each).get("toolCall") for each in items(found.get("toolWithToolCallList"))
    ]
    return tuple(_call(obj(each), place, brought) for place, each in enumerate(listed[:MAX_ANSWERS]))


def _call(entry: Object, place: int, brought: Mapping[str, Any]) -> ToolCall:
    function = obj(entry.get("function"))
    call_id, name = text(entry.get("id"), MAX_CALL_ID), text(entry.get("name") or function.get("name"), MAX_CALL_ID)
    places = (entry.get("arguments"), entry.get("parameters"), function.get("arguments"), function.get("parameters"))
    args = arguments(next((value for value in places if value not in (None, "", {})), "{}"))
    if place >= MAX_CALLS:
        return ToolCall(call_id, name, None, f"more than {MAX_CALLS} calls came at once; call this function again")
    if not call_id or not _is_name(name):
        return ToolCall(call_id, name, None, "the call has no id, or no name of a function")
    if args is None:
        return ToolCall(call_id, name, None, "the arguments are no JSON object; call this function again")
    return ToolCall(call_id, name, FunctionCall(name, args, key_of(NAME, tool_call=call_id), brought))


def _is_name(name: str) -> bool:
    return re.fullmatch(NAME_PATTERN, name) is not None


def _late(found: Object) -> dict[str, Any]:
    artifact = obj(found.get("artifact"))
    analysis = dict(obj(found.get("analysis")))
    if obj(artifact.get("structuredOutputs")):
        analysis["structuredOutputs"] = artifact["structuredOutputs"]
    ended = {name: found[name] for name in ("endedReason", "startedAt", "endedAt", "cost") if name in found}
    late: dict[str, Any] = {"analysis": analysis, "call": _described({**obj(found.get("call")), **ended})}
    said, recording = _said(artifact, found), _recording(artifact, found)
    if said:
        late["transcript"] = said
    if recording:
        late["recordingUrl"] = recording
    return late


def _said(artifact: Object, found: Object) -> Transcript:
    for spoken in (artifact.get("messages"), found.get("messages")):
        said = turns(spoken, "message")
        if said:
            return said
    return turns_of_text(artifact.get("transcript") or found.get("transcript"))


def _recording(artifact: Object, found: Object) -> str:
    mono = obj(obj(artifact.get("recording")).get("mono"))
    return text(artifact.get("recordingUrl")) or text(found.get("recordingUrl")) or text(mono.get("combinedUrl"))
