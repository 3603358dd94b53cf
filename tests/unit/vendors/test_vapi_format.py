"""Vapi's formats: arguments in each place they come in, results as it reads them."""

from typing import Any

import pytest
from tests.support.deliveries import vapi_call, vapi_message, vapi_report, vapi_tool_calls

from midcall.domain.errors import InvalidInput
from midcall.vendors import vapi
from midcall.vendors.conversation import CallResult

ARGS = {"city": "Berlin"}
TEXT = '{"city": "Berlin"}'


def read(body: Any) -> vapi.VapiMessage:
    """Read a message that changes something."""
    found = vapi.message(body)
    assert found is not None
    return found


def calls(*given: Any) -> tuple[vapi.ToolCall, ...]:
    """Read tool calls."""
    return read(vapi_tool_calls(*given)).calls


def test_the_documents_tool_call_is_a_call_in_its_session() -> None:
    """Id, name and arguments; who calls whom; what was said, but not the prompt."""
    found = read(vapi_tool_calls())
    (call,) = found.calls
    assert call.call is not None
    assert (call.id, call.name, call.call.args) == ("toolu_01DTPAzUm5Gk3zxrpJ969oMF", "get_weather", ARGS)
    assert call.call.overrides["transcript"] == [
        {"role": "agent", "content": "Hello, how can I help?"},
        {"role": "user", "content": "The weather in Berlin, please."},
    ]
    fields = dict(found.conversation.fields)
    assert fields.pop("call")["orgId"]
    assert fields == {
        "direction": "inbound",
        "medium": "phone",
        "userDetails": {"number": "+11111111111", "id": "cust_7"},
        "agentDetails": {"number": "+12222222222"},
        "communicationChannelName": "vapi",
        "communicationChannelId": "7420f27a-30fd-4f49-a995-5549ae7cc00d",
    }
    assert found.conversation.ids == ("7420f27a-30fd-4f49-a995-5549ae7cc00d",)
    assert found.conversation.variables == {"tier": "gold"}


def test_of_a_call_only_what_describes_it_is_handed_on() -> None:
    """Around it stand configurations with secrets, and functions are strangers' code."""
    secret = {"server": {"url": "https://x.example", "secret": "hush"}}
    call = vapi_call(
        assistant=secret,
        assistantOverrides={**secret, "variableValues": {"tier": "gold"}},
        phoneNumber={"number": "+1", "twilioAuthToken": "hush", **secret},
        customer={"number": "+2", "assistantOverrides": secret},
        transport={"callToken": "hush"},
        brandNew=secret,
    )
    for body in (vapi_tool_calls(call=call), vapi_report(call=call)):
        found = read(body)
        assert "hush" not in str(found)
        assert found.conversation.fields["call"]["customer"] == {"number": "+2"}


@pytest.mark.parametrize(
    "given",
    [
        {"id": "c1", "name": "get_weather", "arguments": ARGS},
        {"id": "c1", "name": "get_weather", "arguments": TEXT},
        {"id": "c1", "name": "get_weather", "parameters": ARGS},
        {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": TEXT}},
        {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": ARGS}},
        {"id": "c1", "type": "function", "function": {"name": "get_weather", "parameters": ARGS}},
        {"id": "c1", "name": "get_weather", "arguments": {}, "function": {"arguments": TEXT}},
        {"id": "c1", "name": "get_weather", "arguments": "", "parameters": ARGS},
    ],
)
def test_arguments_are_found_wherever_its_sdk_and_pages_put_them(given: Any) -> None:
    """As an object or as JSON text; an empty place does not hide a full one."""
    (call,) = calls(given)
    assert call.call is not None
    assert (call.name, call.call.name, call.call.args) == ("get_weather", "get_weather", ARGS)


def test_calls_are_found_in_the_list_with_their_tools_where_the_other_is_missing() -> None:
    """There `parameters` beside them is the tool's schema, not the arguments."""
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    listed = [{**tool, "toolCall": {"id": "c1", "function": {"name": "get_weather", "arguments": TEXT}}}]
    (call,) = read(vapi_tool_calls(toolCallList=None, toolWithToolCallList=listed)).calls
    assert call.call is not None
    assert (call.id, call.call.args) == ("c1", ARGS)


def test_a_call_without_arguments_has_none() -> None:
    """A function may need none."""
    (call,) = calls({"id": "c1", "name": "hang_up"})
    assert call.call is not None
    assert call.call.args == {}


@pytest.mark.parametrize(
    "given",
    [
        None,
        7,
        {},
        {"name": "get_weather"},
        {"id": "c1"},
        {"id": 7, "name": "get_weather"},
        {"id": "c1", "name": "get weather"},
        {"id": "x" * 201, "name": "get_weather"},
        {"id": "c1", "name": "get_weather", "arguments": "{"},
        {"id": "c1", "name": "get_weather", "arguments": "[1]"},
        {"id": "c1", "name": "get_weather", "arguments": [1]},
    ],
)
def test_a_call_that_cannot_be_made_says_so_in_its_place(given: Any) -> None:
    """The others are made all the same."""
    good = {"id": "c2", "name": "get_weather", "arguments": ARGS}
    bad, fine = calls(given, good)
    assert bad.call is None
    assert bad.fault
    assert fine.call is not None
    answer = vapi.results((bad, fine), (CallResult(ok=False, value=bad.fault), CallResult(ok=True, value="sunny")))
    assert [set(each) for each in answer["results"]] == [
        {"toolCallId", "name", "error"},
        {"toolCallId", "name", "result"},
    ]


def test_a_message_has_so_many_calls_and_no_more() -> None:
    """Each of them is a run."""
    found = calls(*({"id": f"c{number}", "name": "f"} for number in range(500)))
    assert [each.call is not None for each in found] == [True] * vapi.MAX_CALLS + [False] * 180


def test_a_calls_key_is_its_id_alone() -> None:
    """Vapi's id is the same for a repeat."""
    ids = ({"id": "c1"}, {"id": "c1", "arguments": ARGS}, {"id": "c2"})
    first, again, other = (each.call.key for each in calls(*({**one, "name": "f"} for one in ids)) if each.call)
    assert first == again != other


# Results --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("sunny", "sunny"),
        ("two\r\nlines\nand\u2028more", "two lines and more"),
        ({"city": "Köln", "days": [1, 2.5]}, '{"city":"Köln","days":[1,2.5]}'),
        ({"text": "a\nb\u2028c"}, '{"text":"a\\nb c"}'),
        (True, "true"),
        (7, "7"),
        (None, "null"),
        ("", ""),
    ],
)
def test_results_are_text_on_one_line(value: Any, line: str) -> None:
    """Vapi cannot read another."""
    (call,) = calls({"id": "c1", "name": "f"})
    for ok, place in ((True, "result"), (False, "error")):
        assert vapi.results([call], [CallResult(ok=ok, value=value)]) == {
            "results": [{"toolCallId": "c1", "name": "f", place: line}]
        }


def test_results_stand_in_the_order_of_their_calls() -> None:
    """Whichever was done first."""
    made = calls(*({"id": f"c{number}", "name": "f"} for number in range(5)))
    said = [CallResult(ok=True, value=str(number)) for number in range(5)]
    assert [(each["toolCallId"], each["result"]) for each in vapi.results(made, said)["results"]] == [
        (f"c{number}", str(number)) for number in range(5)
    ]


# Start and end --------------------------------------------------------------------------------------------------------


def test_an_assistant_request_names_its_call() -> None:
    """Numbers stand in the message or in the call."""
    call = vapi_call(customer=None, phoneNumber=None)
    found = read(vapi_message("assistant-request", call=call, customer={"number": "+1"}, phoneNumber={"number": "+2"}))
    assert found.kind is vapi.VapiMessageKind.ASSISTANT_REQUEST
    assert found.conversation.fields["userDetails"] == {"number": "+1"}
    assert found.conversation.fields["agentDetails"] == {"number": "+2"}


def test_the_answer_names_an_assistant_and_gives_it_the_variables() -> None:
    """As JSON: Vapi's prompts take objects too."""
    values = {"name": "Ann", "orders": [1, 2]}
    assert vapi.assistant(values, agent="asst_1", refused=False, reason=None) == {
        "assistantId": "asst_1",
        "assistantOverrides": {"variableValues": values},
    }


def test_a_refused_caller_is_told_why_and_nothing_else() -> None:
    """Vapi speaks the error and ends the call."""
    refused = vapi.assistant({"name": "Ann"}, agent="asst_1", refused=True, reason="We are\nclosed.")
    assert refused == {"error": "We are closed."}
    assert set(vapi.assistant({}, agent="asst_1", refused=True, reason=None)) == {"error"}
    assert set(vapi.assistant({}, agent=None, refused=False, reason=None)) == {"error"}


def test_the_report_ends_the_session_with_all_that_is_known() -> None:
    """Nothing comes after it, so the analysis is there even if it is empty."""
    found = read(vapi_report())
    assert found.ending is not None
    late = dict(found.ending.late)
    assert late.pop("call")["endedReason"] == "hangup"
    assert late == {
        "analysis": {
            "summary": "Asked for the weather.",
            "structuredData": {"city": "Berlin"},
            "successEvaluation": "true",
        },
        "transcript": [
            {"role": "agent", "content": "How can I help?"},
            {"role": "user", "content": "What's the weather?"},
        ],
        "recordingUrl": "https://vapi.example/rec.wav",
    }
    bare = read(vapi_message("end-of-call-report")).ending
    assert bare is not None
    assert (bare.late["analysis"], "transcript" in bare.late) == ({}, False)


def test_the_report_as_it_was_before_is_read_too() -> None:
    """Transcript and recording beside the artifact; the text's lines where there is no list."""
    found = read(vapi_report(artifact=None, transcript="AI: Hi\nUser: Yo\n", recordingUrl="https://vapi.example/r"))
    assert found.ending is not None
    assert found.ending.late["transcript"] == [{"role": "agent", "content": "Hi"}, {"role": "user", "content": "Yo"}]
    assert found.ending.late["recordingUrl"] == "https://vapi.example/r"


@pytest.mark.parametrize(
    ("kind", "direction", "medium"),
    [
        ("outboundPhoneCall", "outbound", "phone"),
        ("webCall", "inbound", "web"),
        ("vapi.websocketCall", "inbound", "web"),
        (None, "inbound", "phone"),
        (7, "inbound", "phone"),
    ],
)
def test_a_calls_type_says_direction_and_medium(kind: Any, direction: str, medium: str) -> None:
    """And who of the two is the user."""
    fields = read(vapi_tool_calls(call=vapi_call(type=kind))).conversation.fields
    assert (fields["direction"], fields["medium"]) == (direction, medium)
    assert fields["userDetails"]["number"] == "+11111111111"


def test_a_chat_is_a_session_too() -> None:
    """Without a call."""
    found = read(vapi_tool_calls(call=None, chat={"id": "chat-1"})).conversation
    assert (found.ids, found.fields["medium"]) == (("chat-1",), "chat")


@pytest.mark.parametrize("kind", ["status-update", "transcript", "hang", None, 7, ["tool-calls"]])
def test_other_messages_change_nothing(kind: Any) -> None:
    """Even without a call."""
    assert vapi.message({"message": {"type": kind}}) is None


@pytest.mark.parametrize(
    "body", [None, [], {"type": "tool-calls"}, {"message": []}, {"message": {"type": "tool-calls"}}]
)
def test_a_message_without_its_call_is_refused(body: Any) -> None:
    """There is no session to do anything in."""
    with pytest.raises(InvalidInput):
        vapi.message(body)
