"""Retell's and UponAI's formats: what comes in, in our words; what goes out, in theirs."""

from typing import Any

import pytest
from tests.support.deliveries import RETELL_VECTOR, retell_call, retell_event, retell_function, retell_inbound

from midcall.domain.errors import InvalidInput
from midcall.domain.jsonvalue import parse
from midcall.vendors import retell
from midcall.vendors.conversation import Conversation, Ending, FunctionCall
from midcall.vendors.reading import MAX_CALL_BYTES, MAX_OVERRIDES_BYTES

SIGNATURE = "v=1700000000000,d=" + "a" * 64
LATER = "v=1700000000001,d=" + "b" * 64
OURS = "retell-0123456789abcdef0123456789abcdef"


def read(
    body: Any, name: str = "get_user_details", *, session: str | None = None, signature: str = SIGNATURE
) -> tuple[Conversation, FunctionCall]:
    """Read a function call."""
    return retell.function_call(body, name, session=session, adapter="desk-retell", signature=signature)


def key(body: Any, signature: str = SIGNATURE) -> str | None:
    """Return a call's key."""
    return read(body, signature=signature)[1].key


def test_the_seeds_get_user_details_is_a_call_with_its_session() -> None:
    """Retell's own example: name, call, args."""
    conversation, call = read(retell_function())
    assert (call.name, call.args) == ("get_user_details", {"name": "Ann", "age": 30})
    assert conversation.ids == ("call_9f2c",)
    assert conversation.variables == {"customer_name": "John Doe"}
    fields = dict(conversation.fields)
    assert "transcript" not in fields.pop("call")
    assert fields == {
        "direction": "inbound",
        "medium": "phone",
        "userDetails": {"number": "+12137771234"},
        "agentDetails": {"number": "+12137771235"},
        "communicationChannelName": "retell",
        "communicationChannelId": "call_9f2c",
        "metadata": {"campaign": "spring"},
    }


def test_a_call_brings_what_was_said_and_the_call_object_as_it_was_sent() -> None:
    """Turns without words' times; the vendor's own object for functions that were written for it."""
    body = retell_function()
    overrides = read(body)[1].overrides
    assert overrides["transcript"] == [
        {"role": "agent", "content": "hi how are you doing?"},
        {"role": "user", "content": "Doing pretty well. How are you?"},
    ]
    assert overrides["call"] == body["call"]


def test_what_lets_into_a_call_is_not_handed_on() -> None:
    """A web call's token, in no form of it."""
    conversation, call = read(retell_function(call=retell_call(access_token="hush")))  # noqa: S106
    ended = retell.event(retell_event("call_ended", access_token="hush"))  # noqa: S106
    assert "hush" not in str((conversation, call, ended))


def test_the_signatures_own_vector_is_a_call() -> None:
    """A call object with nothing but its id."""
    conversation, call = read(parse(RETELL_VECTOR), "get_weather")
    assert (conversation.ids, call.args) == (("call_1",), {"city": "São Paulo"})


def test_the_seeds_args_only_payload_is_arguments_alone() -> None:
    """UponAI: "Payload: args only"; a header names the call."""
    conversation, call = read({"city": "Berlin", "days": 2}, "get_weather", session="call_9f2c")
    assert (conversation.ids, call.args) == (("call_9f2c",), {"city": "Berlin", "days": 2})


def test_args_only_without_a_header_is_a_session_of_its_own() -> None:
    """Two deliveries never share one; a repeat of one does."""
    first, again, other = (read({"city": "B"}, signature=one)[0].ids for one in (SIGNATURE, SIGNATURE, LATER))
    assert first == again != other


def test_arguments_called_name_and_args_stay_arguments() -> None:
    """Only with a call object beside them are they Retell's envelope."""
    args = {"name": "Ann", "args": {"x": 1}}
    assert read(args, session="c1")[1].args == args


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ([1], ""),
        ("text", ""),
        (None, ""),
        ({"name": "other_function", "call": retell_call(), "args": {}}, "name"),
        ({"name": "get_user_details", "call": {}, "args": {}}, "call.call_id"),
        ({"name": "get_user_details", "call": retell_call(call_id="a/b"), "args": {}}, "call.call_id"),
        ({"name": "get_user_details", "call": retell_call(call_id="x" * 201), "args": {}}, "call.call_id"),
        ({"name": "get_user_details", "call": retell_call(), "args": [1]}, "args"),
    ],
)
def test_what_cannot_be_a_call_is_refused_by_its_field(body: Any, loc: str) -> None:
    """And nothing else: a field that only describes the call may be anything."""
    with pytest.raises(InvalidInput) as caught:
        read(body)
    assert [fault.loc for fault in caught.value.faults] == [loc]


def test_descriptions_of_the_wrong_type_are_left_out() -> None:
    """Numbers that are no text, metadata that is a list, a transcript that is a number."""
    odd = retell_call(from_number=1, to_number=None, metadata=[1], transcript_object=7, transcript=None)
    conversation, call = read(retell_function(call=odd | {"retell_llm_dynamic_variables": "x"}))
    assert not {"userDetails", "agentDetails", "metadata"} & set(conversation.fields)
    assert (conversation.variables, "transcript" in call.overrides) == ({}, False)


def test_an_outbound_call_turns_the_numbers_round() -> None:
    """Who was called is the user."""
    fields = read(retell_function(call=retell_call(direction="outbound", call_type="web_call")))[0].fields
    assert (fields["direction"], fields["medium"]) == ("outbound", "web")
    assert (fields["userDetails"], fields["agentDetails"]) == ({"number": "+12137771235"}, {"number": "+12137771234"})


# Repeats --------------------------------------------------------------------------------------------------------------


def invocation(tool_call: str, arguments: str = '{"name": "Ann", "age": 30}', name: str = "get_user_details") -> Any:
    """Return the entry that a call has in Retell's transcript."""
    return {"role": "tool_call_invocation", "tool_call_id": tool_call, "name": name, "arguments": arguments}


def test_a_call_is_known_by_its_id_in_the_transcript() -> None:
    """Retell signs each attempt anew; the id stays, whatever is said meanwhile."""
    first = retell_function(call=retell_call(transcript_with_tool_calls=[invocation("tc_1")]))
    again = retell_function(call=retell_call(transcript_with_tool_calls=[invocation("tc_1")], transcript_object=[]))
    other = retell_function(call=retell_call(transcript_with_tool_calls=[invocation("tc_2")]))
    assert key(first) == key(again, LATER) != key(other)


def test_the_id_is_that_of_the_latest_call_of_this_name_and_arguments_without_a_result() -> None:
    """Not one of another function, of other arguments, or one that was answered."""
    wanted = retell_function(call=retell_call(transcript_with_tool_calls=[invocation("tc_3")]))
    entries = [
        invocation("tc_1"),
        {"role": "tool_call_result", "tool_call_id": "tc_1", "content": "{}"},
        invocation("tc_3"),
        invocation("tc_4", arguments='{"name": "Bob"}'),
        invocation("tc_5", name="other"),
        {"role": "node_transition"},
        None,
    ]
    assert key(retell_function(call=retell_call(transcript_with_tool_calls=entries))) == key(wanted)


def test_without_an_id_the_same_call_at_the_same_point_is_the_same() -> None:
    """Once more was said, the same question is a new one."""
    more = retell_call(transcript_object=[{"role": "user", "content": "And now?"}])
    assert key(retell_function()) == key(retell_function(), LATER)
    assert key(retell_function()) != key(retell_function(call=more))
    assert key(retell_function()) != key(retell_function(age=31))


def test_without_a_transcript_a_repeat_is_known_by_its_signature_alone() -> None:
    """Two calls with the same arguments must both be run."""
    bare = retell_function(call={"call_id": "c1"})
    assert key(bare) == key(bare) != key(bare, LATER)


# The inbound webhook --------------------------------------------------------------------------------------------------


def inbound(body: Any, signature: str = SIGNATURE, adapter: str = "desk-retell") -> Conversation:
    """Read the inbound webhook."""
    return retell.inbound(body, adapter=adapter, signature=signature)


def test_an_inbound_call_gets_a_session_that_midcall_names() -> None:
    """There is no call id yet; a repeat of the delivery is the same session, another call another one."""
    conversation = inbound(retell_inbound())
    assert conversation.fields["userDetails"] == {"number": "+12137771234"}
    assert conversation.fields["direction"] == "inbound"
    assert inbound(retell_inbound()).ids == conversation.ids
    others = {inbound(retell_inbound(), LATER).ids, inbound(retell_inbound(), adapter="other").ids}
    assert len({conversation.ids, *others}) == 3


def test_an_inbound_call_that_says_when_it_came_is_known_again_under_another_signature() -> None:
    """Retell asks up to three times."""
    body = retell_inbound() | {"event_timestamp": 1780012672105}
    assert inbound(body).ids == inbound(body, LATER).ids
    assert inbound(body).ids != inbound(body | {"event_timestamp": 1780012672106}, LATER).ids


def test_the_session_of_the_inbound_webhook_is_found_by_the_calls_metadata() -> None:
    """What the answer put there comes back with the call; then the call's own id."""
    answer = retell.inbound_answer(OURS, {}, agent=None, refused=False, reason=None)["call_inbound"]
    call = retell_call(metadata={**answer["metadata"], "campaign": "x"})
    conversation, _ = read(retell_function(call=call))
    assert conversation.ids == (OURS, "call_9f2c")
    assert conversation.fields["metadata"] == {"campaign": "x"}


@pytest.mark.parametrize("given", ["call_of_somebody_else", OURS.upper(), OURS + "0", 7, None, ["x"]])
def test_metadata_names_no_session_but_midcalls_own(given: Any) -> None:
    """A name that somebody chose could be that of another call."""
    assert read(retell_function(call=retell_call(metadata={"midcall_session": given})))[0].ids == ("call_9f2c",)


def test_a_variable_names_no_session() -> None:
    """Callers may have a say in variables."""
    call = retell_call(retell_llm_dynamic_variables={"midcall_session": OURS})
    assert read(retell_function(call=call))[0].ids == ("call_9f2c",)


def test_the_inbound_answers_variables_are_text() -> None:
    """Retell takes strings alone."""
    values = {"name": "Ann", "tickets": 2, "vip": True, "none": None, "orders": [{"id": 7, "ü": 1.5}]}
    answer = retell.inbound_answer(OURS, values, agent="agent_9", refused=False, reason=None)
    assert answer == {
        "call_inbound": {
            "override_agent_id": "agent_9",
            "dynamic_variables": {
                "name": "Ann",
                "tickets": "2",
                "vip": "true",
                "none": "",
                "orders": '[{"id":7,"ü":1.5}]',
                "midcall_refused": "false",
                "midcall_reason": "",
            },
            "metadata": {"midcall_session": OURS},
        }
    }


def test_a_refused_call_gets_no_agent_and_nothing_that_is_known_of_the_caller() -> None:
    """Retell disconnects a call that no agent takes."""
    answer = retell.inbound_answer(OURS, {"name": "Ann"}, agent="agent_9", refused=True, reason="x" * 900)
    told = answer["call_inbound"]
    assert "override_agent_id" not in told
    assert told["dynamic_variables"] == {"midcall_refused": "true", "midcall_reason": "x" * 500}


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"event": "call_started", "call": {}}, "event"),
        ([], "event"),
        ({"event": "call_inbound"}, "call_inbound"),
        ({"event": "call_inbound", "call_inbound": []}, "call_inbound"),
    ],
)
def test_what_is_no_inbound_call_is_refused(body: Any, loc: str) -> None:
    """A guard that cannot see the caller must not say yes."""
    with pytest.raises(InvalidInput) as caught:
        inbound(body)
    assert [fault.loc for fault in caught.value.faults] == [loc]


def test_numbers_may_be_withheld() -> None:
    """A call without a number is still a call, for functions to decide about."""
    assert "userDetails" not in inbound({"event": "call_inbound", "call_inbound": {}}).fields


# Events ---------------------------------------------------------------------------------------------------------------


def test_call_started_is_a_start() -> None:
    """For calls that no inbound webhook announced."""
    told = retell.event(retell_event("call_started"))
    assert isinstance(told, Conversation)
    assert told.ids == ("call_9f2c",)


def test_call_ended_brings_what_was_said_and_the_recording() -> None:
    """The analysis comes later, so post-session functions wait for it."""
    told = retell.event(retell_event("call_ended", disconnection_reason="user_hangup"))
    assert isinstance(told, Ending)
    assert set(told.late) == {"call", "transcript", "recordingUrl"}
    assert told.late["recordingUrl"] == "https://retell.example/rec.wav"
    assert told.late["call"]["disconnection_reason"] == "user_hangup"
    assert "transcript_object" not in told.late["call"]


def test_call_analyzed_brings_the_analysis_even_if_it_failed() -> None:
    """Nothing comes after it, so nothing is left to wait for."""
    analysis = {"call_summary": "…", "user_sentiment": "Positive", "custom_analysis_data": {"interest": True}}
    told = retell.event(retell_event("call_analyzed", call_analysis=analysis))
    assert isinstance(told, Ending)
    assert told.late["analysis"] == analysis
    failed = retell.event(retell_event("call_analyzed", call_analysis=None))
    assert isinstance(failed, Ending)
    assert failed.late["analysis"] == {}


def test_a_transcript_in_one_text_is_read_by_its_lines() -> None:
    """Where the list of turns is missing; a line without a name belongs to the one before."""
    text = "Agent: hi\nUser: I want\ntwo things: a\n\nAgent:ok"
    told = retell.event(retell_event("call_ended", transcript_object=None, transcript=text))
    assert isinstance(told, Ending)
    assert told.late["transcript"] == [
        {"role": "agent", "content": "hi"},
        {"role": "user", "content": "I want two things: a"},
        {"role": "agent", "content": "ok"},
    ]


@pytest.mark.parametrize("event", ["transcript_updated", "transfer_started", "new_one", None, 7, ["call_ended"]])
def test_other_events_change_nothing(event: Any) -> None:
    """They are acknowledged: Retell would repeat what is not."""
    assert retell.event({"event": event, "call": retell_call()}) is None


# Bounds ---------------------------------------------------------------------------------------------------------------


def test_a_call_object_that_is_too_large_is_cut_down_to_plain_fields() -> None:
    """It goes into the session with every change of it."""
    fat = retell_call(latency={"values": ["x" * 1000] * 300})
    kept = read(retell_function(call=fat))[0].fields["call"]
    assert kept["call_id"] == "call_9f2c"
    assert "latency" not in kept
    assert read(retell_function(call=retell_call(**{f"f{n}": "x" * 2000 for n in range(200)})))[0].fields["call"] == {}


def test_what_a_call_brings_along_is_bounded_and_the_latest_turns_stay() -> None:
    """Each invocation keeps it."""
    said = [{"role": "user", "content": f"{number} " + "x" * 5000} for number in range(400)]
    overrides = read(retell_function(call=retell_call(transcript_object=said)))[1].overrides
    kept = overrides["transcript"]
    assert kept == said[-len(kept) :]
    assert 100 < len(kept) < 400
    assert len(str(overrides)) < MAX_OVERRIDES_BYTES
    assert len(str(overrides["call"])) < MAX_CALL_BYTES


def test_variables_are_plain_short_and_few() -> None:
    """Names of the platform's own and ours are left out."""
    given = {"a": "x", "b": 1, "c": True, "d": None, "e": [1], "f": "x" * 4001, "": "x", "n" * 129: "x"}
    given |= {"system__time": "x", "secret__key": "x", "midcall_refused": "false", "g": ""}
    call = retell_call(retell_llm_dynamic_variables=given)
    assert read(retell_function(call=call))[0].variables == {"a": "x", "b": 1, "c": True, "g": ""}
    many = retell_call(retell_llm_dynamic_variables={f"v{number}": "x" for number in range(500)})
    assert len(read(retell_function(call=many))[0].variables) == 100
