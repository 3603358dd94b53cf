"""The connector that docs/actions.md shows, driven by hand: the tests that a new one begins with."""

from typing import Any

import pytest

from midcall.connectors.example import CONNECTOR, MAX_PAGES, PAGE
from midcall.connectors.kit import ApiRequest, Steps, bind
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse


def begun(operation: str, *args: Any, **kwargs: Any) -> Steps:
    """Start an operation as the worker does."""
    found = CONNECTOR.operations[operation]
    return found.run(bind(f"helpdesk.{operation}", found, args, kwargs).options, {})


def answered(steps: Steps, *bodies: bytes) -> tuple[list[ApiRequest], Any]:
    """Drive an operation to its end with these answers; returns what it asked for and what it returned."""
    asked, answers = [next(steps)], iter(bodies)
    while True:
        try:
            asked.append(steps.send(HttpResponse(200, body=next(answers))))
        except StopIteration as end:
            return asked, end.value


def test_a_ticket_is_read_by_its_escaped_id() -> None:
    """By position; what is no single segment of a path is refused."""
    asked, value = answered(begun("get_ticket", "T/1 ?"), b'{"id": "T/1 ?"}')
    assert ([(ask.method, ask.path) for ask in asked], value) == ([("GET", "/tickets/T%2F1%20%3F")], {"id": "T/1 ?"})
    with pytest.raises(ActionFailed):
        next(begun("get_ticket", ".."))


def test_pages_are_read_until_there_are_enough() -> None:
    """Each page is asked for what is left, with the cursor of the one before."""
    first, second = (
        b'{"tickets": [' + b",".join([b"1"] * PAGE) + b'], "next": "c2"}',
        b'{"tickets": [2, 2], "next": "c3"}',
    )
    asked, value = answered(begun("list_tickets", {"maxTickets": PAGE + 2, "state": "any"}), first, second)
    assert [ask.query for ask in asked] == [
        (("state", "any"), ("limit", "100")),
        (("state", "any"), ("limit", "2"), ("cursor", "c2")),
    ]
    assert value == {"tickets": [1] * PAGE + [2, 2]}


@pytest.mark.parametrize(
    "last", [b'{"tickets": [1]}', b'{"tickets": [1], "next": null}', b'{"tickets": [], "next": "c"}']
)
def test_the_last_page_ends_it(last: bytes) -> None:
    """Without a cursor, or with one that leads nowhere."""
    assert len(answered(begun("list_tickets"), last)[0]) == 1


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'{"tickets": 5}'])
def test_an_odd_answer_fails_in_words(body: bytes) -> None:
    """And not with an error of Python's."""
    with pytest.raises(ActionFailed, match="no list of tickets"):
        answered(begun("list_tickets"), body)


@pytest.mark.parametrize(
    "given", [{"state": "shut"}, {"maxTickets": 0}, {"maxTickets": PAGE * MAX_PAGES + 1}, {"a": 1}]
)
def test_options_have_bounds(given: dict[str, Any]) -> None:
    """Nobody reads a million tickets in one call."""
    with pytest.raises(ActionFailed):
        begun("list_tickets", given)


def test_a_credential_becomes_a_header() -> None:
    """The worker adds it; the connector never sees it."""
    grant = CONNECTOR.credentials[CredentialType.BEARER]({"token": "t-1"})
    assert grant.headers == (("Authorization", "Bearer t-1"),)
