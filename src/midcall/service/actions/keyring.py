"""The keyring of one run: the credentials that its calls use, and what shows with each who calls."""

import threading
from dataclasses import replace

from midcall.connectors.kit import Account, BoundArguments, Connector, Operation
from midcall.domain.action import ActionFailed
from midcall.domain.credential import Resolved
from midcall.domain.errors import MidcallError
from midcall.domain.grant import Grant
from midcall.service.credentials.credentials import Credentials
from midcall.storage.database import Storage


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
