"""ElevenLabs' formats: tools whose body is the arguments, initiation, the webhook after a call."""

from typing import Any

import pytest
from tests.support.deliveries import elevenlabs_initiation, elevenlabs_post_call

from midcall.domain.errors import InvalidInput
from midcall.vendors import elevenlabs
from midcall.vendors.conversation import CallResult
from midcall.vendors.writing import as_object

HEADERS = {"x-conversation-id": "conv_abc123"}


def test_a_server_tool_sends_its_arguments_and_a_header_names_the_conversation() -> None:
    """Nothing is taken out of the arguments."""
    args = {"city": "Berlin", "name": "x", "call": {"call_id": "y"}, "args": {}}
    conversation, call = elevenlabs.tool_call(args, "get_weather", HEADERS)
    assert (call.name, call.args, call.key) == ("get_weather", args, None)
    assert conversation.ids == ("conv_abc123",)
    assert elevenlabs.tool_call(None, "hang_up", HEADERS)[1].args == {}


def test_a_telephone_call_is_looked_for_first() -> None:
    """Its initiation has named the session so; without initiation the conversation's own id stands."""
    headers = {**HEADERS, "x-call-sid": "CA1"}
    assert elevenlabs.tool_call({}, "f", headers)[0].ids == ("CA1", "conv_abc123")


@pytest.mark.parametrize("headers", [{}, {"x-conversation-id": ""}, {"x-conversation-id": "a/b"}])
def test_a_tool_without_a_conversation_is_refused_with_the_header_to_set(headers: Any) -> None:
    """No session would be the wrong one."""
    with pytest.raises(InvalidInput) as caught:
        elevenlabs.tool_call({}, "f", headers)
    assert [fault.loc for fault in caught.value.faults] == ["X-Conversation-Id"]


@pytest.mark.parametrize("body", [[1], "text", 7])
def test_arguments_that_are_no_object_are_refused(body: Any) -> None:
    """They have no names."""
    with pytest.raises(InvalidInput):
        elevenlabs.tool_call(body, "f", HEADERS)


def test_a_repeat_is_known_by_its_header_function_and_arguments() -> None:
    """Two functions of one turn come with the same header."""

    def key(name: str, turn: str, **args: Any) -> str | None:
        return elevenlabs.tool_call(args, name, {**HEADERS, "idempotency-key": turn})[1].key

    assert key("f", "3", a=1) == key("f", "3", a=1)
    assert len({key("f", "3", a=1), key("g", "3", a=1), key("f", "4", a=1), key("f", "3", a=2)}) == 4


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (CallResult(ok=True, value={"temp": 21}), {"temp": 21}),
        (CallResult(ok=True, value=[1]), [1]),
        (CallResult(ok=True, value="sunny"), {"result": "sunny"}),
        (CallResult(ok=True, value=None), {"result": None}),
        (CallResult(ok=False, value="Ask for the city."), {"error": "Ask for the city."}),
    ],
)
def test_a_result_is_json_with_its_own_names_where_it_has_some(said: CallResult, written: Any) -> None:
    """So that paths into the function's result are paths into the answer."""
    assert as_object(said) == written


def test_initiation_starts_a_session_named_by_the_telephones_call() -> None:
    """Who calls which number."""
    conversation = elevenlabs.initiation(elevenlabs_initiation())
    assert conversation.ids == ("CA0123456789abcdef",)
    assert conversation.fields["userDetails"] == {"number": "+15551234567"}
    assert conversation.fields["agentDetails"] == {"number": "+15557654321"}
    with pytest.raises(InvalidInput):
        elevenlabs.initiation(elevenlabs_initiation(call_sid=None))


def test_initiations_answer_has_plain_variables() -> None:
    """Text, numbers and booleans; all else as JSON text."""
    values = {"name": "Ann", "tickets": 2, "vip": True, "none": None, "orders": [1]}
    assert elevenlabs.initiation_answer(values, refused=False, reason=None) == {
        "type": "conversation_initiation_client_data",
        "dynamic_variables": {
            "name": "Ann",
            "tickets": 2,
            "vip": True,
            "none": "",
            "orders": "[1]",
            "midcall_refused": "false",
            "midcall_reason": "",
        },
    }


def test_a_refusal_is_told_in_a_variable_and_nothing_of_the_caller_with_it() -> None:
    """ElevenLabs knows no other way."""
    answer = elevenlabs.initiation_answer({"name": "Ann"}, refused=True, reason="Blocked.")
    assert answer["dynamic_variables"] == {"midcall_refused": "true", "midcall_reason": "Blocked."}


def test_the_webhook_after_a_call_ends_the_session_of_the_telephones_call() -> None:
    """Or that of the conversation; what was said, what came of it."""
    ending = elevenlabs.post_call(elevenlabs_post_call())
    assert ending is not None
    assert ending.conversation.ids == ("CA0123456789abcdef", "conv_abc123")
    assert ending.conversation.variables == {"user_name": "angelo"}
    assert ending.conversation.fields["userDetails"] == {"number": "+15551234567", "id": "user_7"}
    assert ending.late["analysis"]["call_successful"] == "success"
    assert ending.late["transcript"] == [
        {"role": "agent", "content": "Hey there, how can I help?"},
        {"role": "user", "content": "My order, please."},
    ]
    assert ending.late["call"]["metadata"]["call_duration_secs"] == 22


def test_a_client_cannot_name_another_call_by_a_variable() -> None:
    """Variables of a web client are its own word; only what ElevenLabs itself says of the call counts."""
    names = ("midcall_session", "system__call_sid", "call_sid", "conversation_id")
    mine = {"dynamic_variables": dict.fromkeys(names, "CA-other")}
    body = elevenlabs_post_call(conversation_initiation_client_data=mine, metadata={})
    ending = elevenlabs.post_call(body)
    assert ending is not None
    assert ending.conversation.ids == ("conv_abc123",)
    assert ending.conversation.fields["medium"] == "web"


def test_an_outbound_call_keeps_its_numbers_sides() -> None:
    """ElevenLabs says which number is whose."""
    call = {"direction": "outbound", "external_number": "+1", "agent_number": "+2", "call_sid": "CA1"}
    ending = elevenlabs.post_call(elevenlabs_post_call(metadata={"phone_call": call}, user_id=None))
    assert ending is not None
    fields = ending.conversation.fields
    assert (fields["direction"], fields["userDetails"], fields["agentDetails"]) == (
        "outbound",
        {"number": "+1"},
        {"number": "+2"},
    )


@pytest.mark.parametrize("kind", ["post_call_audio", "call_initiation_failure", "new_one"])
def test_other_webhooks_change_nothing(kind: str) -> None:
    """They are acknowledged: ElevenLabs switches a webhook off that fails."""
    assert elevenlabs.post_call(elevenlabs_post_call(kind)) is None


@pytest.mark.parametrize(
    "body", [None, [], {"type": "post_call_transcription"}, elevenlabs_post_call(conversation_id=7, metadata=7)]
)
def test_a_webhook_without_its_conversation_is_refused(body: Any) -> None:
    """Nothing could be ended."""
    with pytest.raises(InvalidInput):
        elevenlabs.post_call(body)
