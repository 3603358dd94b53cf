"""The agent connector, driven by hand."""

import subprocess
import sys
from typing import Any

import pytest
from tests.support.patience import PATIENCE_S
from tests.support.stepping import (
    answer,
    asked,
    begun,
    ended,
    example_call,
    is_described,
    refusal,
    survives_odd_answers,
)

from midcall.connectors.agent import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

CALL = {"phoneNumber": "+4930123456", "agentName": "collections"}
CHAT = {"communicationChannel": "wa", "customerNumber": "+4930123456"}
MAIL = {"communicationChannel": "mail", "customerEmail": "ann@example.com"}


@pytest.mark.parametrize("name", CONNECTOR.operations)
def test_every_example_is_a_call_that_binds(name: str) -> None:
    """What docs and completion show can be called as it stands."""
    args, kwargs = example_call(CONNECTOR, name)
    assert begun(CONNECTOR, name, *args, **kwargs)
    assert is_described(CONNECTOR, name)


def test_a_call_has_subverses_defaults_and_its_own_words() -> None:
    """What goes out is camelCase, with priority 10 and no retries unless the code says otherwise."""
    ask = asked(CONNECTOR, "call_outbound_trigger", CALL)
    assert (ask.method, ask.path) == ("POST", "/call/trigger")
    assert ask.json == {**CALL, "noOfRetries": 0, "callPriority": 10}


def test_everything_a_call_may_say_goes_out_unchanged() -> None:
    """Every option of SubVerse's arrives under its name."""
    given = {
        **CALL,
        "agentNumber": "+4930999",
        "metadata": {"name": "Ann", "open": [1, None]},
        "scheduleTime": "2026-08-08T08:14:57Z",
        "startWorkingHour": "09:00",
        "endWorkingHour": "18:30",
        "timezone": "Europe/Berlin",
        "noOfRetries": 2,
        "callPriority": 1,
        "options": {"initialMessage": "Hello", "additionalContext": "Refund"},
    }
    assert asked(CONNECTOR, "call_outbound_trigger", given).json == given


def test_subverses_envelope_with_options_inside_is_read() -> None:
    """`{"credentialId", "options": {…, "options": {…}}}` unwraps once."""
    inner = {**CALL, "options": {"initialMessage": "Hello"}}
    ask = asked(CONNECTOR, "call_outbound_trigger", {"credentialId": "sv", "options": inner})
    assert ask.json["options"] == {"initialMessage": "Hello"}


def test_a_trigger_is_never_sent_twice_after_a_failure() -> None:
    """Nobody is called twice."""
    assert asked(CONNECTOR, "call_outbound_trigger", CALL).repeatable is False
    say = {"messageType": "say", "message": "Hi"}
    assert asked(CONNECTOR, "chat_trigger", {**CHAT, "whatsappOptions": say}).repeatable is False


@pytest.mark.parametrize(
    ("change", "option", "cure"),
    [
        ({"phoneNumber": "030 123456"}, "phone_number", "E.164"),
        ({"phoneNumber": "+49301234567890123"}, "phone_number", "E.164"),
        ({"phoneNumber": "+49301234\n"}, "phone_number", "E.164"),
        ({"agentNumber": "4930123456"}, "agent_number", "E.164"),
        ({"agentName": ""}, "agent_name", "at least 1"),
        ({"agentName": "a\nb"}, "agent_name", "line break"),
        ({"startWorkingHour": "9:00"}, "start_working_hour", "HH:MM"),
        ({"endWorkingHour": "24:00"}, "end_working_hour", "HH:MM"),
        ({"timezone": "Berlin"}, "timezone", "Europe/Berlin"),
        ({"timezone": "../../etc/passwd"}, "timezone", "Europe/Berlin"),
        ({"timezone": "Europe"}, "timezone", "Europe/Berlin"),
        ({"timezone": "/etc/localtime"}, "timezone", "Europe/Berlin"),
        ({"callPriority": 0}, "call_priority", "greater than or equal to 1"),
        ({"callPriority": 101}, "call_priority", "less than or equal to 100"),
        ({"callPriority": "5"}, "call_priority", "integer"),
        ({"noOfRetries": -1}, "no_of_retries", "greater than or equal to 0"),
        ({"scheduleTime": "tomorrow"}, "schedule_time", "ISO 8601"),
        ({"scheduleTime": "2026-08-08T08:14:57"}, "schedule_time", "offset"),
        ({"scheduleTime": "2026-13-08T08:14:57Z"}, "schedule_time", "ISO 8601"),
        ({"options": {"greeting": "x"}}, "options.greeting", "no option"),
        ({"metadata": "x"}, "metadata", "dict"),
        ({"voice": "x"}, "voice", "no option"),
    ],
)
def test_a_bad_option_of_a_call_is_named(change: dict[str, Any], option: str, cure: str) -> None:
    """The text says which option it is and what would be right."""
    text = refusal(CONNECTOR, "call_outbound_trigger", {**CALL, **change})
    assert text.startswith(f"agent.call_outbound_trigger: {option}: ")
    assert cure in text


_WITHOUT_FILES = """
import resource
from midcall.connectors.agent import CONNECTOR
from midcall.connectors.kit import bind
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
call = {"phoneNumber": "+4930123456", "agentName": "a", "timezone": "Europe/Berlin"}
bind("agent.call_outbound_trigger", CONNECTOR.operations["call_outbound_trigger"], (call,), {})
"""


def test_a_time_zone_is_taken_where_no_file_may_be_opened() -> None:
    """The review's processes check options as well, and can open nothing: no good zone is a fault there."""
    done = subprocess.run([sys.executable, "-c", _WITHOUT_FILES], capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("time", ["2026-08-08T08:14Z", "2026-08-08T08:14:57.123Z", "2026-08-08T08:14:57+02:00"])
def test_iso_times_with_an_offset_do(time: str) -> None:
    """Minutes, milliseconds and offsets are all ISO 8601."""
    assert asked(CONNECTOR, "call_outbound_trigger", {**CALL, "scheduleTime": time}).json["scheduleTime"] == time


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"messageType": "template"}, "template_id is required"),
        ({"messageType": "say"}, "message is required"),
        ({"messageType": "prompt", "templateId": "x", "message": "y"}, "template_id goes with"),
        ({"messageType": "shout", "message": "x"}, "whatsapp_options.message_type"),
        ({"message": "x"}, "whatsapp_options.message_type: is required"),
    ],
)
def test_what_a_chat_needs_depends_on_its_message_type(options: dict[str, Any], said: str) -> None:
    """Templates have an id, the others a message."""
    assert said in refusal(CONNECTOR, "chat_trigger", {**CHAT, "whatsappOptions": options})


def test_a_chat_by_template_goes_out() -> None:
    """Only what was given goes out."""
    ask = asked(CONNECTOR, "chat_trigger", {**CHAT, "whatsappOptions": {"messageType": "template", "templateId": "t1"}})
    assert ask.path == "/chat/trigger"
    assert ask.json == {**CHAT, "whatsappOptions": {"messageType": "template", "templateId": "t1"}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"messageType": "say", "body": "x"}, "subject is required"),
        ({"messageType": "say", "subject": "x"}, "body is required"),
        ({"messageType": "prompt"}, "body is required"),
        ({"messageType": "template", "body": "x"}, "email_options.message_type"),
        ({"messageType": "prompt", "body": "x", "replyTo": "ann"}, "email_options.reply_to"),
        ({"messageType": "prompt", "body": "x", "cc": ["a@example.com", "b"]}, "email_options.cc: holds something"),
        ({"messageType": "prompt", "body": "x", "cc": "b"}, "email_options.cc: holds something"),
        ({"messageType": "prompt", "body": "x", "cc": {}}, "email_options.cc: holds something"),
        ({"messageType": "prompt", "body": "x", "cc": []}, "email_options.cc: has to have"),
        ({"messageType": "prompt", "body": "x", "cc": ["a@example.com"] * 51}, "email_options.cc: has to have"),
    ],
)
def test_what_an_email_needs_depends_on_its_message_type(options: dict[str, Any], said: str) -> None:
    """A mail that is said has a subject and a body; addresses are addresses."""
    assert said in refusal(CONNECTOR, "email_trigger", {**MAIL, "emailOptions": options})


@pytest.mark.parametrize("cc", ["bob@example.com", ["bob@example.com", "eve@example.com"]])
def test_an_email_goes_to_one_or_several_copies(cc: Any) -> None:
    """Both a text and a list are taken, and sent as they came."""
    options = {"messageType": "say", "subject": "S", "body": "B", "cc": cc, "replyTo": "re@example.com"}
    assert asked(CONNECTOR, "email_trigger", {**MAIL, "emailOptions": options}).json["emailOptions"] == options


def test_the_answer_is_code_and_data() -> None:
    """What SubVerse's own actions return."""
    steps = begun(CONNECTOR, "call_outbound_trigger", CALL)
    next(steps)
    said = {"responseCode": 200, "message": "Call triggered", "data": {"jobId": "j1"}}
    assert ended(steps, answer(said)) == {"responseCode": 200, "data": {"jobId": "j1"}}


@pytest.mark.parametrize(("status", "code"), [(200, 404), (401, 401), (400, 400)])
def test_a_refusal_is_a_failure_whether_status_or_body_says_it(status: int, code: int) -> None:
    """A code of 404 in a 200 is no success."""
    steps = begun(CONNECTOR, "call_outbound_trigger", CALL)
    ask = next(steps)
    assert ask.sees(status) or status == 200
    with pytest.raises(ActionFailed, match=f"refused .{code}.: Agent\nnot found".replace("\n", " ")) as caught:
        ended(steps, answer({"responseCode": code, "message": "Agent\nnot found"}, status))
    assert (caught.value.code, caught.value.status) == ("refused", status)


def test_too_many_requests_are_left_to_who_sends() -> None:
    """A 429 is not the operation's to see: it is sent again after a while."""
    assert not asked(CONNECTOR, "call_outbound_trigger", CALL).sees(429)


def test_it_takes_a_header_and_no_base_url_of_its_own() -> None:
    """The operator says where the agents are."""
    assert CONNECTOR.base_url is None
    grant = CONNECTOR.credentials[CredentialType.HEADER]({"name": "x-api-key", "value": "k"})
    assert (grant.headers, grant.secrets) == ((("x-api-key", "k"),), ("k",))


def test_odd_answers_end_in_words() -> None:
    """Nothing that a server says makes it raise anything else."""
    survives_odd_answers(CONNECTOR, {})
