"""What vendors send, after the examples in their documents; tests change single fields."""

from typing import Any

Json = dict[str, Any]

#: The vector of Retell's signature: its own example of a body, with non-ASCII text.
RETELL_VECTOR = '{"name":"get_weather","call":{"call_id":"call_1"},"args":{"city":"São Paulo"}}'.encode()


def retell_call(**changes: Any) -> Json:
    """Return Retell's call object as it stands in the middle of an inbound call."""
    return {
        "call_type": "phone_call",
        "call_id": "call_9f2c",
        "agent_id": "agent_12345",
        "agent_version": 3,
        "call_status": "ongoing",
        "direction": "inbound",
        "from_number": "+12137771234",
        "to_number": "+12137771235",
        "metadata": {"campaign": "spring"},
        "retell_llm_dynamic_variables": {"customer_name": "John Doe"},
        "start_timestamp": 1703302407333,
        "transcript": "Agent: hi how are you doing?\nUser: Doing pretty well. How are you?\n",
        "transcript_object": [
            {"role": "agent", "content": "hi how are you doing?", "words": [{"word": "hi", "start": 0.7, "end": 1.3}]},
            {"role": "user", "content": "Doing pretty well. How are you?", "words": []},
        ],
        **changes,
    }


def retell_function(function: str = "get_user_details", *, call: Json | None = None, **args: Any) -> Json:
    """Return a call of a custom function, of Retell's own example."""
    return {"name": function, "call": call or retell_call(), "args": args or {"name": "Ann", "age": 30}}


def retell_inbound(**changes: Any) -> Json:
    """Return the inbound webhook."""
    call = {"agent_id": "agent_12345", "from_number": "+12137771234", "to_number": "+12137771235"}
    return {"event": "call_inbound", "call_inbound": {**call, **changes}}


def retell_event(event: str, **changes: Any) -> Json:
    """Return an event at the end of a call."""
    ended = {"call_status": "ended", "recording_url": "https://retell.example/rec.wav", "end_timestamp": 1703302428855}
    return {"event": event, "call": retell_call(**ended, **changes)}


def vapi_call(**changes: Any) -> Json:
    """Return Vapi's call object, with what surrounds it cut short."""
    return {
        "id": "7420f27a-30fd-4f49-a995-5549ae7cc00d",
        "orgId": "5b0a4a08-133c-4146-9315-0984f8c6be80",
        "type": "inboundPhoneCall",
        "status": "in-progress",
        "customer": {"number": "+11111111111", "name": "Ann", "externalId": "cust_7"},
        "phoneNumber": {"number": "+12222222222"},
        "assistantOverrides": {"variableValues": {"tier": "gold"}},
        "monitor": {"listenUrl": "wss://vapi.example/listen"},
        **changes,
    }


def vapi_tool_calls(*calls: Json, **changes: Any) -> Json:
    """Return a message of tool calls; without any, that of the document's example."""
    example = {"id": "toolu_01DTPAzUm5Gk3zxrpJ969oMF", "name": "get_weather", "arguments": {"city": "Berlin"}}
    listed = calls or (example,)
    said = [
        {"role": "system", "message": "You are a weather assistant."},
        {"role": "bot", "message": "Hello, how can I help?", "time": 1678901234567, "secondsFromStart": 0.4},
        {"role": "user", "message": "The weather in Berlin, please."},
    ]
    message = {"timestamp": 1678901234567, "type": "tool-calls", "toolCallList": list(listed)}
    return {"message": {**message, "artifact": {"messages": said}, "call": vapi_call(), **changes}}


def vapi_message(kind: str, **changes: Any) -> Json:
    """Return another message."""
    return {"message": {"type": kind, "call": vapi_call(), **changes}}


def vapi_report(**changes: Any) -> Json:
    """Return the report at the end of a call."""
    artifact = {
        "recordingUrl": "https://vapi.example/rec.wav",
        "transcript": "AI: How can I help?\nUser: What's the weather?\nin Berlin, I mean\n",
        "messages": [
            {"role": "bot", "message": "How can I help?"},
            {"role": "user", "message": "What's the weather?"},
            {"role": "tool_calls", "toolCalls": []},
        ],
    }
    analysis = {"summary": "Asked for the weather.", "structuredData": {"city": "Berlin"}, "successEvaluation": "true"}
    whole = {"endedReason": "hangup", "artifact": artifact, "analysis": analysis, "cost": 0.12, **changes}
    return vapi_message("end-of-call-report", **whole)


def elevenlabs_initiation(**changes: Any) -> Json:
    """Return the webhook that asks what a telephone call begins with."""
    numbers = {"caller_id": "+15551234567", "called_number": "+15557654321"}
    return {**numbers, "agent_id": "agent_5678", "call_sid": "CA0123456789abcdef", **changes}


def elevenlabs_post_call(kind: str = "post_call_transcription", **changes: Any) -> Json:
    """Return the webhook after a telephone call."""
    phone_call = {
        "type": "twilio",
        "direction": "inbound",
        "phone_number_id": "phnum_1",
        "agent_number": "+15557654321",
        "external_number": "+15551234567",
        "call_sid": "CA0123456789abcdef",
    }
    data = {
        "agent_id": "agent_5678",
        "conversation_id": "conv_abc123",
        "status": "done",
        "user_id": "user_7",
        "transcript": [
            {"role": "agent", "message": "Hey there, how can I help?", "tool_calls": None, "time_in_call_secs": 0},
            {"role": "user", "message": "My order, please.", "time_in_call_secs": 2},
            {"role": "agent", "message": None, "tool_calls": [{"tool_name": "lookup"}], "time_in_call_secs": 4},
        ],
        "metadata": {"start_time_unix_secs": 1739537297, "call_duration_secs": 22, "phone_call": phone_call},
        "analysis": {"call_successful": "success", "transcript_summary": "Asked for an order."},
        "conversation_initiation_client_data": {
            "dynamic_variables": {"user_name": "angelo", "system__call_sid": "CA0", "midcall_refused": "false"}
        },
        **changes,
    }
    return {"type": kind, "event_timestamp": 1739537317, "data": data}
