"""The agent connector against a server that speaks SubVerse's documented format."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.apis.agent import KEY, AgentApi, agent_api
from tests.support.driving import drive

from midcall.connectors.agent import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

CALL = {"phoneNumber": "+4930123456", "agentName": "collections"}


@pytest.fixture
def api() -> Iterator[AgentApi]:
    """Serve the agent API."""
    with agent_api() as api:
        yield api


def call(api: AgentApi, operation: str, options: dict[str, Any], key: str = KEY) -> Any:
    """Call an operation as code would."""
    grant = CONNECTOR.credentials[CredentialType.HEADER]({"name": "x-api-key", "value": key})
    return drive(CONNECTOR, operation, options, base_url=api.url, headers=grant.headers)


def test_a_call_is_triggered(api: AgentApi) -> None:
    """What was asked for arrived, and its job comes back."""
    given = {**CALL, "metadata": {"name": "Zoë"}, "timezone": "Asia/Kolkata", "options": {"initialMessage": "Hallo"}}
    assert call(api, "call_outbound_trigger", given) == {"responseCode": 200, "data": {"jobId": "jobId-1"}}
    assert api.triggered == [("/call/trigger", {**given, "noOfRetries": 0, "callPriority": 10})]


def test_a_chat_and_an_email_are_triggered(api: AgentApi) -> None:
    """Each gives its session."""
    chat = {
        "communicationChannel": "wa",
        "customerNumber": "+4930123456",
        "whatsappOptions": {"messageType": "template", "templateId": "t"},
    }
    mail = {
        "communicationChannel": "mail",
        "customerEmail": "ann@example.com",
        "emailOptions": {"messageType": "say", "subject": "S", "body": "B"},
    }
    assert call(api, "chat_trigger", chat)["data"] == {"sessionId": "sessionId-1"}
    assert call(api, "email_trigger", mail)["data"] == {"sessionId": "sessionId-2"}
    assert api.triggered == [("/chat/trigger", chat), ("/email/trigger", mail)]


def test_a_wrong_key_is_refused(api: AgentApi) -> None:
    """And the error says where to look."""
    with pytest.raises(ActionFailed, match=r"refused \(401\): Invalid API key; look at the credential") as caught:
        call(api, "call_outbound_trigger", CALL, key="wrong")
    assert (caught.value.code, caught.value.status) == ("refused", 401)
    assert api.triggered == []


def test_an_unknown_agent_in_a_200_is_a_failure(api: AgentApi) -> None:
    """The body's own code is believed."""
    with pytest.raises(ActionFailed, match=r"refused \(404\): Agent not found"):
        call(api, "call_outbound_trigger", {**CALL, "agentName": "nobody"})


def test_too_many_requests_are_whoever_sends_to_repeat(api: AgentApi) -> None:
    """A 429 is thrown by the sender, with Retry-After still to be read by it."""
    api.throttled = 1
    with pytest.raises(ActionFailed) as caught:
        call(api, "call_outbound_trigger", CALL)
    assert caught.value.status == 429
    assert call(api, "call_outbound_trigger", CALL)["responseCode"] == 200
