"""Try a credential out: ask its service something harmless, and say in words whether it was let in."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from midcall.connectors import CONNECTORS, http
from midcall.connectors.grants import oauth2
from midcall.connectors.kit import NO_RETRY, Connector, Steps, bind
from midcall.domain.action import ActionFailed
from midcall.domain.credential import ANY_ENVIRONMENT, CredentialType, Resolved
from midcall.domain.egress import Egress
from midcall.domain.errors import Fault, InvalidInput, MidcallError
from midcall.domain.grant import Grant
from midcall.domain.redaction import Redaction
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.actions.action_executor import ActionExecutor
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.actions.request import ActionTarget

TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class CredentialTest:
    """The result of a test. `asked` is the service, `token endpoint`, or the host of a URL; no secret is in it."""

    ok: bool
    asked: str
    message: str
    status: int | None
    ms: float


@dataclass(frozen=True, slots=True)
class CredentialChecks:
    """The use case that tests credentials with a harmless request."""

    gateways: ActionGateways
    clock: Callable[[], int]

    def test(
        self, caller: Caller, name: str, *, environment: str | None = None, url: str | None = None
    ) -> CredentialTest:
        """Ask the credential's own service, its token endpoint, or a URL with a GET request; 10 s at most.

        A URL takes an admin: the secret goes there. Raises NotFound, SecretUnreadable, CredentialMissing, Forbidden,
        and InvalidInput for a type that only a URL can be asked with.
        """
        if url is not None:
            caller.need(Scope.ADMIN)
        resolved = self._resolve(caller, name, environment)
        if url is not None:
            return self._ask(caller, resolved, http.CONNECTOR, _get(url), Egress.parse(_host_of(url)), asked=url)
        connector = _connector_of(resolved.type)
        if connector is not None and connector.check is not None:
            return self._ask(caller, resolved, connector, connector.check(resolved.shown), Egress(), asked="")
        if resolved.type is CredentialType.OAUTH2_CLIENT_CREDENTIALS:
            return self._fetch_token(caller, resolved)
        text = (
            f"a credential of type {resolved.type} belongs to no service that midcall knows; send a URL to ask with it"
        )
        raise InvalidInput(faults=[Fault("url", text)])

    def _resolve(self, caller: Caller, name: str, environment: str | None) -> Resolved:
        with self.gateways.storage.read() as tx:
            tx.credentials.get(caller.workspace_id, name)
            return self.gateways.credentials.resolve(tx, caller.workspace_id, name, environment or ANY_ENVIRONMENT)

    def _ask(
        self, caller: Caller, resolved: Resolved, connector: Connector, steps: Steps, egress: Egress, *, asked: str
    ) -> CredentialTest:
        make = connector.credentials.get(resolved.type)
        if make is None:
            raise InvalidInput(faults=[Fault("url", f"no URL can be asked with a credential of type {resolved.type}")])
        grant, base = make(resolved.values), self.gateways.base_urls.get(connector.name, connector.base_url)
        began = time.monotonic()
        executor: ActionExecutor | None = None
        try:
            place = ActionTarget.of(connector, base, resolved.shown, egress)
            executor = self._executor(caller, place, grant)
            executor.run(steps)
            ok, message = True, "The credential was let in."
        except ActionFailed as failure:
            ok, message = False, failure.message
        redaction = Redaction((*resolved.secrets, *(executor.secrets if executor else ())))
        return CredentialTest(
            ok=ok,
            asked=connector.title if not asked else (executor.host if executor else "") or "",
            message=redaction.text(message),
            status=executor.status if executor else None,
            ms=round((time.monotonic() - began) * 1000, 1),
        )

    def _executor(self, caller: Caller, place: ActionTarget, grant: Grant) -> ActionExecutor:
        deadline_at = self.clock() + TIMEOUT_MS
        return ActionExecutor(
            self.gateways.means, place, grant, workspace_id=caller.workspace_id, retry=NO_RETRY, deadline_at=deadline_at
        )

    def _fetch_token(self, caller: Caller, resolved: Resolved) -> CredentialTest:
        """Fetch a token anew: one that is kept says nothing of the secret as it is now."""
        wanted = oauth2(resolved.values).token
        tokens, began = self.gateways.means.tokens, time.monotonic()
        try:
            if wanted is not None:
                kept = tokens.token(wanted, workspace_id=caller.workspace_id, timeout_ms=TIMEOUT_MS)
                tokens.forget(wanted, kept, workspace_id=caller.workspace_id)
                tokens.token(wanted, workspace_id=caller.workspace_id, timeout_ms=TIMEOUT_MS)
            ok, message = True, "The token endpoint gave a token."
        except MidcallError as error:
            ok, message = False, Redaction(resolved.secrets).text(error.message)
        ms = round((time.monotonic() - began) * 1000, 1)
        return CredentialTest(ok, "token endpoint", message, None, ms)


def takes_url(kind: CredentialType) -> bool:
    """Tell whether a credential of a type belongs to no service that midcall knows: a test must say whom to ask."""
    return _connector_of(kind) is None and kind is not CredentialType.OAUTH2_CLIENT_CREDENTIALS


def _connector_of(kind: CredentialType) -> Connector | None:
    fitting = (each for each in CONNECTORS.values() if each.check is not None and kind in each.credentials)
    return next(fitting, None)


def _get(url: str) -> Steps:
    operation = http.CONNECTOR.operations["get"]
    try:
        bound = bind("http.get", operation, (url,), {"timeout": TIMEOUT_MS, "follow_redirects": False})
    except ActionFailed as failure:
        raise InvalidInput(faults=[Fault("url", failure.message)]) from None
    return operation.run(bound.options, {})


def _host_of(url: str) -> list[str]:
    try:
        return [urlsplit(url).netloc.lower()]
    except ValueError:
        raise InvalidInput(faults=[Fault("url", "is no URL")]) from None
