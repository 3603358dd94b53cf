"""What a call of an action asks for: read once, and held against what was approved with the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from midcall.connectors import operations
from midcall.connectors.kit import BoundArguments, Connector, Operation, bind
from midcall.domain.action import ActionCall, ActionFailed, EnabledAction, covering
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
    return AllowedCall(connector, operation, bound, _chosen(entry, connector, bound), options_of(call.name, bound))


def _chosen(entry: EnabledAction, connector: Connector, bound: BoundArguments) -> str | None:
    """Return the name of the credential that a call is to use, if any.

    Raises ActionFailed for one that was not approved with the code, and where it is not clear which one.
    """
    named, options = bound.credential, bound.options
    if named is not None:
        if named not in entry.credentials:
            text = f"the credential {named[:80]!r} is not declared for {entry.name}; add it there in code.actions"
            raise ActionFailed(text, code="credential")
        return named
    if not (connector.needs_credential or options.credential_types()):
        return None
    if len(entry.credentials) != 1:
        text = "name one of its credentials" if entry.credentials else "declare a credential for it in code.actions"
        raise ActionFailed(f"{connector.title} needs a credential: {text}", code="credential")
    return entry.credentials[0]


def name_on_record(call: ActionCall) -> str:
    """Return the name of a call as records have it: code may call anything, by names of any length."""
    return call.name if call.name in _OPERATIONS else _UNKNOWN
