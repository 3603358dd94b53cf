"""The keyring of one run: which credential a call may use, and what shows with it who calls."""

import threading
from dataclasses import replace

from midcall.connectors.kit import Account, BoundArguments, Connector, Operation
from midcall.domain.action import ActionFailed, EnabledAction
from midcall.domain.credential import Resolved
from midcall.domain.errors import MidcallError
from midcall.domain.grant import Grant
from midcall.service.credentials.credentials import Credentials
from midcall.storage.database import Storage


def chosen(entry: EnabledAction, connector: Connector, bound: BoundArguments) -> str | None:
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


class Keyring:
    """Decrypts each credential of a run once; may be asked by several threads at a time."""

    def __init__(self, storage: Storage, credentials: Credentials, *, workspace_id: str, environment: str) -> None:
        self._storage = storage
        self._credentials = credentials
        self._workspace_id = workspace_id
        self._environment = environment
        self._lock = threading.Lock()
        self._resolved: dict[str, Resolved] = {}

    def granted(
        self, name: str | None, connector: Connector, operation: Operation, bound: BoundArguments
    ) -> tuple[Grant, Account]:
        """Return what a call shows, and what of the credential is no secret; the grant's `secrets` are all there are.

        Raises ActionFailed for a credential that is not there, or of a type that the call cannot use.
        """
        if name is None:
            return Grant(), {}
        resolved = self._resolve(name)
        make = connector.credentials.get(resolved.type)
        if make is None or not operation.takes(resolved.type, bound.options):
            takes = " or ".join(sorted(kind for kind in connector.credentials if operation.takes(kind, bound.options)))
            text = f"the credential {name} is of type {resolved.type}; this action takes {takes or 'none'}"
            raise ActionFailed(text, code="credential")
        grant = make(resolved.values).hiding(resolved.secrets)
        return replace(grant, bound=resolved) if connector.anywhere else grant, resolved.shown

    def _resolve(self, name: str) -> Resolved:
        with self._lock:
            if name in self._resolved:
                return self._resolved[name]
            try:
                with self._storage.read() as tx:
                    resolved = self._credentials.resolve(tx, self._workspace_id, name, self._environment)
            except MidcallError as error:
                raise ActionFailed(error.message, code=error.code) from None
            self._credentials.note_use(resolved)
            self._resolved[name] = resolved
            return resolved
