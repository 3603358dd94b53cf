"""Tickets of an imaginary help desk: the connector that docs/actions.md shows how to write. It is not registered."""

from typing import Annotated, Literal

from pydantic import Field

from midcall.connectors import grants
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, RetryPolicy, Steps, path
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

#: The help desk's own limit for one page, and how many pages one call reads.
PAGE, MAX_PAGES = 100, 10


class GetTicket(Options):
    """Read one ticket."""

    ticket_id: Annotated[str, Field(min_length=1, max_length=64, description="such as T-1001")]


def _get_ticket(options: GetTicket, _account: Account) -> Steps:
    answer = yield ApiRequest("GET", path("/tickets/{}", options.ticket_id))
    return answer.value


class ListTickets(Options):
    """List tickets, newest first; further pages are read until `max_tickets` are there."""

    state: Literal["open", "closed", "any"] = "open"
    max_tickets: Annotated[int, Field(ge=1, le=PAGE * MAX_PAGES)] = PAGE


def _list_tickets(options: ListTickets, _account: Account) -> Steps:
    found: list[object] = []
    cursor = ""
    while len(found) < options.max_tickets:
        left = min(PAGE, options.max_tickets - len(found))
        query = (("state", options.state), ("limit", str(left)), *((("cursor", cursor),) if cursor else ()))
        page = (yield ApiRequest("GET", "/tickets", query=query)).value
        if not isinstance(page, dict) or not isinstance(page.get("tickets"), list):
            raise ActionFailed("the help desk answered with no list of tickets", code="bad_answer")
        found += page["tickets"]
        cursor = page.get("next") or ""
        if not cursor or not page["tickets"]:
            break
    return {"tickets": found[: options.max_tickets]}


CONNECTOR = Connector(
    name="helpdesk",
    title="Help desk",
    summary="Tickets of an imaginary help desk.",
    base_url="https://api.helpdesk.example/v2",
    source="https://helpdesk.example/docs",
    credentials={CredentialType.BEARER: grants.bearer("token")},
    retry=RetryPolicy(attempts=3, pause_ms=1_000),
    operations={
        "get_ticket": Operation(
            GetTicket,
            _get_ticket,
            positional=("ticket_id",),
            returns='{"id": "T-1001", "state": "open", "subject": "…"}',
            example='actions.helpdesk.get_ticket("T-1001")',
        ),
        "list_tickets": Operation(
            ListTickets,
            _list_tickets,
            returns='{"tickets": […]}',
            example='actions.helpdesk.list_tickets({"state": "open", "maxTickets": 20})',
        ),
    },
)
