"""What a call of an action asks for: read once, and held against what was approved with the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from midcall.connectors import operations
from midcall.connectors.kit import BoundArguments, Connector, Operation, bind
from midcall.domain.action import ActionCall, ActionFailed, EnabledAction, covering
from midcall.service.actions.keyring import chosen
from midcall.service.actions.mocks import options_of

_OPERATIONS = operations()
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AllowedCall:
    """One call that may be carried out: by what, with which credential, and its options as it gave them."""

    connector: Connector
    operation: Operation
    bound: BoundArguments
    credential: str | None
    options: Mapping[str, Any] = field(repr=False)


def allowed_call(enabled: Sequence[EnabledAction], call: ActionCall) -> AllowedCall:
    """Read a call; raises ActionFailed for one that is not enabled, or whose options do not fit."""
    entry = covering(enabled, call.name)
    found = _OPERATIONS.get(call.name)
    if entry is None or found is None:
        raise ActionFailed("is not enabled for this function; add it to code.actions", code="not_enabled")
    connector, operation = found
    bound = bind(call.name, operation, call.args, call.kwargs)
    return AllowedCall(connector, operation, bound, chosen(entry, connector, bound), options_of(call.name, bound))


def name_on_record(call: ActionCall) -> str:
    """Return the name of a call as records have it: code may call anything, by names of any length."""
    return call.name if call.name in _OPERATIONS else _UNKNOWN
