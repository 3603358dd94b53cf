"""The WhatsApp connector against a server that speaks the Cloud API."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.apis.whatsapp import NUMBER_ID, TOKEN, WhatsappApi, whatsapp_api
from tests.support.driving import drive, granted
from tests.support.stepping import answer, asked, ended

from midcall.connectors.whatsapp import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

TEMPLATE = {"to": "+16505550000", "name": "order_update", "language": "en_US"}
COMPONENTS = [{"type": "body", "parameters": [{"type": "text", "text": "Zoë"}]}]


@pytest.fixture
def api() -> Iterator[WhatsappApi]:
    """Serve one business number."""
    with whatsapp_api() as api:
        yield api


def call(api: WhatsappApi, operation: str, token: str = TOKEN, number: str = NUMBER_ID, **options: Any) -> Any:
    """Call an operation as code would."""
    grant = CONNECTOR.credentials[CredentialType.WHATSAPP]({"access_token": token})
    account = {"phone_number_id": number}
    return drive(CONNECTOR, operation, options, base_url=api.url, account=account, **granted(grant))


def test_a_text_is_sent(api: WhatsappApi) -> None:
    """Its id comes back."""
    value = call(api, "send_text", to="+16505551234", text="Grüße 👋", previewUrl=True)
    assert value == {"id": "wamid.HBgL00000001", "status": None, "waId": "16505551234"}
    assert api.sent[0]["text"] == {"body": "Grüße 👋", "preview_url": True}


def test_a_template_is_sent(api: WhatsappApi) -> None:
    """With its parameters, to somebody who never wrote."""
    assert call(api, "send_template", **TEMPLATE, components=COMPONENTS)["status"] == "accepted"
    assert api.sent[0]["template"]["components"] == COMPONENTS


@pytest.mark.parametrize(
    ("operation", "options", "status", "said"),
    [
        ("send_text", {"to": "+16505550000", "text": "x"}, 400, "24 hours .* send a template instead"),
        ("send_text", {"to": "+4930123456", "text": "x"}, 400, "not in allowed list.* add the recipient"),
        ("send_template", {**TEMPLATE, "language": "de"}, 404, "does not exist in de; look at the template's name"),
        ("send_template", TEMPLATE, 400, "does not match the expected number .1.; give as many"),
    ],
)
def test_what_meta_refuses_is_told_with_the_cure(
    api: WhatsappApi, operation: str, options: dict[str, Any], status: int, said: str
) -> None:
    """Title, details and what to do."""
    with pytest.raises(ActionFailed, match=f"WhatsApp refused .{status}.: .*{said}") as caught:
        call(api, operation, **options)
    assert (caught.value.code, caught.value.status) == ("refused", status)
    assert caught.value.body["error"]["fbtrace_id"]
    assert api.sent == []


def test_a_bad_token_and_a_wrong_number_are_told_apart(api: WhatsappApi) -> None:
    """Each with its own cure."""
    with pytest.raises(ActionFailed, match=r"\(401\): Invalid OAuth access token.*system user"):
        call(api, "send_text", token="EAA-wrong", to="+16505551234", text="x")  # noqa: S106 (no real one)
    with pytest.raises(ActionFailed, match=r"\(400\): Unsupported request.*phone_number_id"):
        call(api, "send_text", number="999999", to="+16505551234", text="x")


def test_a_good_credential_is_told_from_a_bad_one(api: WhatsappApi) -> None:
    """By asking for the number itself; nothing is sent."""
    assert CONNECTOR.check is not None
    path = next(CONNECTOR.check({"phone_number_id": NUMBER_ID})).path
    for token, status in ((TOKEN, 200), ("EAA-wrong", 401)):
        found = httpx.get(api.url + path, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        steps = CONNECTOR.check({"phone_number_id": NUMBER_ID})
        assert next(steps).sees(status) is (status == 401)
        assert found.status_code == status
        if status == 200:
            assert ended(steps, answer(found.json()))["verified_name"] == "Jasper's Market"
        else:
            with pytest.raises(ActionFailed, match="Invalid OAuth access token"):
                ended(steps, answer(found.json(), status))
    assert api.sent == []


def test_too_many_requests_are_whoever_sends_to_repeat(api: WhatsappApi) -> None:
    """As a 429 by its status, as a 400 by its code."""
    api.throttled = 1
    with pytest.raises(ActionFailed) as caught:
        call(api, "send_text", to="+16505551234", text="x")
    assert caught.value.status == 429
    api.throttled, api.throttle_status = 1, 400
    with pytest.raises(ActionFailed, match="request limit reached; send less often") as caught:
        call(api, "send_text", to="+16505551234", text="x")
    assert caught.value.code == "throttled"
    ask = asked(CONNECTOR, "send_text", "+16505551234", "x", account={"phone_number_id": NUMBER_ID})
    assert ask.throttled(answer(caught.value.body, 400)) == 1_000
    assert api.sent == []
