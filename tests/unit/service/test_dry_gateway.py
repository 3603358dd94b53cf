"""A run that is tried out without a store: mocks answer its actions, and nothing leaves."""

from typing import Any

import pytest

from midcall.domain.action import MAX_CALLS, ActionCall, ActionFailed, ActionReply
from midcall.domain.mock import Mock, Raised, Returned
from midcall.service.actions.dry import DryGateway

URL = "https://shop.example.com/orders"


def called(gateway: DryGateway, name: str = "http.get", *args: Any, **options: Any) -> ActionReply:
    """Call one action."""
    return gateway.act(ActionCall(1, name, args or (URL,), options))


def code_of(reply: ActionReply) -> str:
    """Return the code of the error that a call got."""
    assert isinstance(reply.error, ActionFailed)
    return reply.error.code


def test_a_mock_answers_and_is_on_record() -> None:
    """With a value or an error; null is a value."""
    mocks = [Mock("http.get", Returned(None), times=1), Mock("http.get", Raised("gone", "no_mock", 404))]
    gateway = DryGateway(["http"], mocks)
    assert called(gateway) == ActionReply(None)
    assert code_of(called(gateway)) == "no_mock"
    assert [(each.outcome, each.mocked) for each in gateway.records] == [("ok", True), ("no_mock", True)]


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("http.get", {}, "no_mock"),
        ("http.get", {"colour": "red"}, "bad_options"),
        ("slack.post_message", {}, "not_enabled"),
        ("x" * 10_000, {}, "not_enabled"),
        ("http.get", {"credential": "crm"}, "credential"),
    ],
)
def test_what_no_mock_answers_fails(name: str, options: dict[str, Any], code: str) -> None:
    """And so does what a real run would refuse; no name on record is as long as code likes."""
    gateway = DryGateway(["http"], [])
    assert code_of(called(gateway, name, **options)) == code
    record = gateway.records[0]
    assert (record.outcome, record.mocked) == (code, False)
    assert len(record.action) < 100


def test_answers_and_calls_are_bounded_as_in_a_real_run() -> None:
    """A sandbox gets no more of them than a gateway with a store gives."""
    deep: Any = None
    for _ in range(200):
        deep = [deep]
    assert code_of(called(DryGateway(["http"], [Mock("http", Returned(deep))]))) == "bad_answer"
    gateway = DryGateway(["http"], [Mock("http", Returned(1))])
    assert [called(gateway).error for _ in range(MAX_CALLS)] == [None] * MAX_CALLS
    assert code_of(called(gateway)) == "too_many_calls"
    assert len(gateway.records) == MAX_CALLS
