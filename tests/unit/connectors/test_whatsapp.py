"""The WhatsApp connector, driven by hand."""

from typing import Any

import pytest
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

from midcall.connectors import whatsapp
from midcall.connectors.whatsapp import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

ACCOUNT = {"phone_number_id": "106540352242922"}


@pytest.mark.parametrize("name", CONNECTOR.operations)
def test_every_example_is_a_call_that_binds(name: str) -> None:
    """What docs and completion show can be called as it stands."""
    args, kwargs = example_call(CONNECTOR, name)
    assert begun(CONNECTOR, name, *args, account=ACCOUNT, **kwargs)
    assert is_described(CONNECTOR, name)


@pytest.mark.parametrize("word", ["text", "body"])
def test_a_text_goes_out_from_the_credentials_number_and_never_twice(word: str) -> None:
    """`body` is another name of `text`; nothing is sent again after a lost connection."""
    ask = asked(CONNECTOR, "send_text", {"to": "+16505551234", word: "hi", "previewUrl": True}, account=ACCOUNT)
    assert (ask.method, ask.repeatable) == ("POST", False)
    assert ask.path == f"/{whatsapp.VERSION}/106540352242922/messages"
    assert ask.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+16505551234",
        "type": "text",
        "text": {"body": "hi", "preview_url": True},
    }


def test_a_template_goes_out_with_its_components() -> None:
    """As the Cloud API writes them."""
    components = [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]
    given = {"to": "+16505551234", "name": "order_update", "language": "en_US", "components": components}
    ask = asked(CONNECTOR, "send_template", given, account=ACCOUNT)
    assert ask.json["type"] == "template"
    assert ask.json["template"] == {
        "name": "order_update",
        "language": {"code": "en_US"},
        "components": components,
    }


@pytest.mark.parametrize(
    ("operation", "options", "said"),
    [
        ("send_text", {"to": "16505551234", "text": "x"}, "to: is no telephone number in E.164"),
        ("send_text", {"to": "+16505551234"}, "text: is required"),
        ("send_text", {"to": "+16505551234", "text": ""}, "text: "),
        ("send_text", {"to": "+16505551234", "text": "x" * 4_097}, "text: "),
        ("send_text", {"to": "+16505551234", "text": "x", "body": "y"}, "body: "),
        ("send_text", {"to": "+16505551234", "text": "x", "previewUrl": "yes"}, "preview_url: "),
        ("send_template", {"to": "+1650", "name": "Order", "language": "en"}, "name: is no template's name"),
        ("send_template", {"to": "+1650", "name": "o", "language": "English"}, "language: is no language code"),
        ("send_template", {"to": "+1650", "name": "o"}, "language: is required"),
        ("send_template", {"to": "+1650", "name": "o", "language": "en", "components": {}}, "components: "),
    ],
)
def test_a_bad_option_is_named(operation: str, options: dict[str, Any], said: str) -> None:
    """The text says which option it is."""
    assert f"whatsapp.{operation}: {said}" in refusal(CONNECTOR, operation, options)


def _failed(status: int, code: int, message: str, details: str | None = None) -> ActionFailed:
    steps = begun(CONNECTOR, "send_text", "+16505551234", "hi", account=ACCOUNT)
    ask = next(steps)
    assert ask.sees(status)
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    with pytest.raises(ActionFailed) as caught:
        ended(steps, answer({"error": error}, status))
    return caught.value


def test_a_graph_error_is_told_with_its_details_and_the_cure() -> None:
    """Message, details, and what to do about it."""
    error = _failed(400, 131047, "(#131047) Re-engagement message", "More than 24 hours have passed")
    assert error.message == (
        "WhatsApp refused (400): (#131047) Re-engagement message: More than 24 hours have passed; "
        + whatsapp.CURES[131047]
    )
    assert (error.code, error.status, error.body["error"]["code"]) == ("refused", 400, 131047)


@pytest.mark.parametrize("code", sorted(whatsapp.THROTTLED))
def test_too_many_requests_are_recognized_by_their_code(code: int) -> None:
    """They come with a 400 too; nothing was sent, so whoever sends may wait and try again."""
    ask = asked(CONNECTOR, "send_text", "+16505551234", "hi", account=ACCOUNT)
    assert ask.throttled(answer({"error": {"code": code}}, 400)) == whatsapp.PAUSE_MS
    assert ask.throttled(answer({"error": {"code": 100}}, 400)) is None
    assert ask.throttled(answer({"error": {"code": code}}, 200)) is None
    assert _failed(400, code, "Rate limit hit").code == "throttled"


def test_an_account_cannot_leave_its_path() -> None:
    """The number's id is one segment, whatever it holds."""
    ask = asked(CONNECTOR, "send_text", "+16505551234", "hi", account={"phone_number_id": "1/../me?x=1"})
    assert ask.path == f"/{whatsapp.VERSION}/1%2F..%2Fme%3Fx%3D1/messages"


def test_the_credential_is_a_bearer() -> None:
    """And its token is a secret."""
    grant = CONNECTOR.credentials[CredentialType.WHATSAPP]({"access_token": "EAA", "phone_number_id": "1"})
    assert (grant.headers, grant.secrets) == ((("Authorization", "Bearer EAA"),), ("EAA",))


def test_odd_answers_end_in_words() -> None:
    """Nothing that a server says makes it raise anything else."""
    survives_odd_answers(CONNECTOR, ACCOUNT)
