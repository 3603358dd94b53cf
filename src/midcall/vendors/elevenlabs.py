"""ElevenLabs: server tools, conversation initiation, the webhook after a call.

Sources: its documents "Server tools", "Twilio personalization", "Dynamic variables" and "Post-call webhooks", and
`elevenlabs`. A server tool sends the arguments and nothing else, so headers name the conversation.
"""

from collections.abc import Mapping
from typing import Any

from midcall.vendors.conversation import Conversation, Ending, FunctionCall, key_of
from midcall.vendors.reading import (
    CONVERSATION_HEADER,
    Object,
    call_without,
    needed,
    obj,
    phone,
    session_ids,
    text,
    turns,
    variables,
)
from midcall.vendors.writing import plain, told

NAME = "elevenlabs"

#: Headers of a tool, beside CONVERSATION_HEADER (`system__conversation_id`), each set from a system variable:
#: `system__call_sid`, the name of a telephone call since its initiation; `system__agent_turns`, which tells a repeat
#: from a new call. Not from variables of other names: those a web client may set as it likes.
CALL_HEADER, REPEAT_HEADER = "x-call-sid", "idempotency-key"


def tool_call(body: Any, name: str, headers: Mapping[str, str]) -> tuple[Conversation, FunctionCall]:
    """Read a call of a server tool; a body of no bytes has no arguments."""
    args = {} if body is None else needed(body, "")
    ids = session_ids([headers.get(CALL_HEADER), headers.get(CONVERSATION_HEADER)], "X-Conversation-Id")
    repeat = headers.get(REPEAT_HEADER)
    key = None if repeat is None else key_of(NAME, repeat=repeat, name=name, args=dict(args))
    return Conversation(ids, {"communicationChannelName": NAME}), FunctionCall(name, args, key)


def initiation(body: Any) -> Conversation:
    """Read the webhook that asks what a telephone call begins with; the session is named by the telephone's call."""
    found = needed(body, "")
    fields = phone(outbound=False, caller=found.get("caller_id"), called=found.get("called_number"))
    fields |= {"medium": "phone", "communicationChannelName": NAME, "call": call_without(found, ())}
    fields["communicationChannelId"] = text(found.get("call_sid"))
    return Conversation(session_ids([found.get("call_sid")], "call_sid"), fields)


def initiation_answer(values: Mapping[str, Any], *, refused: bool, reason: str | None) -> dict[str, Any]:
    """Write the answer. ElevenLabs knows no refusal: the agent is told by a variable, and gets no other one."""
    known = {} if refused else plain(values)
    return {
        "type": "conversation_initiation_client_data",
        "dynamic_variables": {**known, **told(refused=refused, reason=reason)},
    }


def post_call(body: Any) -> Ending | None:
    """Read the webhook after a call; None for what changes nothing here (audio, failed initiation)."""
    if needed(body, "").get("type") != "post_call_transcription":
        return None
    data = needed(body, "data")
    conversation = _conversation(data)
    late: dict[str, Any] = {"analysis": dict(obj(data.get("analysis"))), "call": conversation.fields["call"]}
    said = turns(data.get("transcript"), "message")
    return Ending(conversation, {**late, **({"transcript": said} if said else {})})


def _conversation(data: Object) -> Conversation:
    client = obj(data.get("conversation_initiation_client_data"))
    call = obj(obj(data.get("metadata")).get("phone_call"))
    outbound = call.get("direction") == "outbound"
    user, agent = call.get("external_number"), call.get("agent_number")
    fields = phone(outbound=outbound, caller=agent if outbound else user, called=user if outbound else agent)
    if text(data.get("user_id")):
        fields["userDetails"] = {**fields.get("userDetails", {}), "id": data["user_id"]}
    fields["medium"] = "phone" if call else "web"
    fields |= {"communicationChannelName": NAME, "communicationChannelId": text(data.get("conversation_id"))}
    fields["call"] = call_without(data, ("transcript", "analysis", "conversation_initiation_client_data"))
    ids = session_ids([call.get("call_sid"), data.get("conversation_id")], "data.conversation_id")
    return Conversation(ids, fields, variables(obj(client.get("dynamic_variables"))))
