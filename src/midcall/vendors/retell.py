"""Retell (and UponAI): custom functions, the inbound webhook, events of calls.

Sources: its documents "Custom Function", "Inbound webhook" and "Webhook overview", and `retell-sdk`. All are signed
alike.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.vendors.conversation import Conversation, Ending, FunctionCall, digest_of, key_of
from midcall.vendors.reading import (
    MAX_TEXT,
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
from midcall.vendors.writing import SESSION, texts, told

NAME = "retell"

#: Ids of sessions that midcall named itself: before a call has an id, and for calls that name none.
_OWN_ID = re.compile(r"retell-[0-9a-f]{32}")
#: Parts of a call object that hold what was said, in several forms.
_TRANSCRIPTS = (
    "transcript",
    "transcript_object",
    "transcript_with_tool_calls",
    "scrubbed_transcript_with_tool_calls",
    "pre_session_transcript_with_tool_calls",
    "post_session_transcript_with_tool_calls",
    "scrubbed_pre_session_transcript_with_tool_calls",
    "scrubbed_post_session_transcript_with_tool_calls",
)


class RetellEvent(StrEnum):
    """Events that change a session; all others are only acknowledged."""

    STARTED = "call_started"
    ENDED = "call_ended"
    ANALYZED = "call_analyzed"


def function_call(
    body: Any, name: str, *, session: str | None, adapter: str, signature: str
) -> tuple[Conversation, FunctionCall]:
    """Read a call of a custom function, of either payload: `{name, call, args}`, or the arguments at the root.

    Arguments at the root name no call: `session` is what a header named, and without one each call is a session of its
    own. `signature` is the header's value, which tells a repeat of the same delivery.
    """
    whole = needed(body, "")
    if not _is_wrapped(whole):
        conversation = Conversation(session_ids([session or _own_id(adapter, signature)], "X-Conversation-Id"))
        return conversation, FunctionCall(name, whole, key_of(NAME, signature=signature))
    if whole["name"] != name:
        raise InvalidInput(faults=[Fault("name", f"the address is that of {name!r:.80}; use the function's own")])
    call = _call_of(whole)
    args = {} if whole["args"] is None else arguments(whole["args"])
    if args is None:
        raise InvalidInput(faults=[Fault("args", "must be an object of arguments")])
    brought = overrides(_said(call), call, _TRANSCRIPTS)
    return _conversation(call, session), FunctionCall(name, args, _key(name, args, call, signature), brought)


def _call_of(body: Object) -> Object:
    """Return a body's call object, without what lets anybody into the call."""
    return {name: value for name, value in obj(body.get("call")).items() if name != "access_token"}


def inbound(body: Any, *, adapter: str, signature: str) -> Conversation:
    """Read the inbound webhook. There is no call yet, so midcall names the session; answer and call carry its id.

    Retell asks again where no answer came in time; with `event_timestamp` that is the same session, else a new one.
    """
    if obj(body).get("event") != "call_inbound":
        raise InvalidInput(faults=[Fault("event", 'only "call_inbound" is taken here; events of calls go to …/events')])
    call = needed(body, "call_inbound")
    moment = body.get("event_timestamp")
    same = {"body": body} if isinstance(moment, int | str) else {"signature": signature}
    fields = phone(outbound=False, caller=call.get("from_number"), called=call.get("to_number"))
    fields |= {"medium": "phone", "communicationChannelName": NAME, "call": call_without(call, ())}
    return Conversation((_own_id(adapter, **same),), fields)


def inbound_answer(
    session_id: str, values: Mapping[str, Any], *, agent: str | None, refused: bool, reason: str | None
) -> dict[str, Any]:
    """Write the answer to the inbound webhook: variables as text, and the id that later requests will bring back.

    A refused call is not given an agent; Retell disconnects it if its number has none either.
    """
    known = {} if refused else texts(values)
    answer: dict[str, Any] = {
        "dynamic_variables": {**known, **told(refused=refused, reason=reason)},
        "metadata": {SESSION: session_id},
    }
    if agent is not None and not refused:
        answer["override_agent_id"] = agent
    return {"call_inbound": answer}


def event(body: Any) -> Conversation | Ending | None:
    """Read an event of a call: its start, its end, or None for one that changes nothing here."""
    name = text(needed(body, "").get("event"))
    if name not in set(RetellEvent):
        return None
    needed(body, "call")
    call = _call_of(body)
    kind, conversation = RetellEvent(name), _conversation(call, None)
    return conversation if kind is RetellEvent.STARTED else Ending(conversation, _late(call, kind))


def _is_wrapped(body: Object) -> bool:
    return isinstance(body.get("name"), str) and isinstance(body.get("call"), dict) and "args" in body


def _own_id(adapter: str, signature: str = "", **parts: Any) -> str:
    return f"{NAME}-{digest_of(adapter=adapter, signature=signature, **parts)[:32]}"


def _conversation(call: Object, session: str | None) -> Conversation:
    # Not from a variable: a variable may be the caller's word, metadata is what the inbound webhook was answered.
    metadata = obj(call.get("metadata"))
    given = text(metadata.get(SESSION))
    ours = given if _OWN_ID.fullmatch(given) else None
    outbound = call.get("direction") == "outbound"
    fields = phone(outbound=outbound, caller=call.get("from_number"), called=call.get("to_number"))
    fields["medium"] = "web" if call.get("call_type") == "web_call" else "phone"
    fields |= {"communicationChannelName": NAME, "communicationChannelId": text(call.get("call_id"))}
    fields["call"] = call_without(call, (*_TRANSCRIPTS, "call_analysis"))
    fields |= {"metadata": kept} if (kept := call_without(metadata, (SESSION,))) else {}
    ids = session_ids([session, ours, call.get("call_id")], "call.call_id")
    return Conversation(ids, fields, variables(call.get("retell_llm_dynamic_variables")))


def _late(call: Object, kind: RetellEvent) -> dict[str, Any]:
    late: dict[str, Any] = {"call": call_without(call, (*_TRANSCRIPTS, "call_analysis"))}
    said, recording = _said(call), text(call.get("recording_url"), MAX_TEXT)
    if said:
        late["transcript"] = said
    if recording:
        late["recordingUrl"] = recording
    if kind is RetellEvent.ANALYZED:
        # Nothing comes after it: post-session functions need not wait for an analysis that failed.
        late["analysis"] = dict(obj(call.get("call_analysis")))
    return late


def _said(call: Object) -> Transcript:
    return turns(call.get("transcript_object"), "content") or turns_of_text(call.get("transcript"))


def _key(name: str, args: Mapping[str, Any], call: Object, signature: str) -> str:
    """Tell one call from the next: by the id it has in the transcript; else by what was said until then.

    Retell signs each attempt anew, so the signature tells only a delivery that somebody else repeats.
    """
    tool_call = _tool_call_id(name, args, items(call.get("transcript_with_tool_calls")))
    if tool_call:
        return key_of(NAME, tool_call=tool_call)
    said = call.get("transcript_object") or call.get("transcript")
    if said:
        return key_of(NAME, name=name, args=dict(args), said=said)
    return key_of(NAME, signature=signature)


def _tool_call_id(name: str, args: Mapping[str, Any], entries: list[Any]) -> str:
    """Find the call's own entry: the latest of its name and arguments that has no result yet."""
    answered = set()
    for entry in reversed(entries):
        found = obj(entry)
        tool_call = text(found.get("tool_call_id"))
        if found.get("role") == "tool_call_result":
            answered.add(tool_call)
        elif (
            found.get("role") == "tool_call_invocation"
            and found.get("name") == name
            and tool_call not in answered
            and arguments(found.get("arguments")) == args
        ):
            return tool_call
    return ""
