"""Connectors: what actions can reach. Pure: options in, requests out, answers in, a value out."""

from collections.abc import Mapping
from types import MappingProxyType

from midcall.connectors import agent, airtable, google_sheets, http, shopify, slack, whatsapp
from midcall.connectors.kit import Connector, Operation

#: Every connector by the name that code calls it by. A new one is a module here and a line in this tuple.
CONNECTORS: Mapping[str, Connector] = MappingProxyType(
    {
        each.name: each
        for each in (
            http.CONNECTOR,
            airtable.CONNECTOR,
            google_sheets.CONNECTOR,
            agent.CONNECTOR,
            shopify.CONNECTOR,
            slack.CONNECTOR,
            whatsapp.CONNECTOR,
        )
    }
)


def operations() -> dict[str, tuple[Connector, Operation]]:
    """Return every operation by its whole name, such as `airtable.get_record_list`."""
    return {
        f"{connector.name}.{name}": (connector, operation)
        for connector in CONNECTORS.values()
        for name, operation in connector.operations.items()
    }
