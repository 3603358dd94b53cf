"""Signing secrets of workspaces: derived, and so never stored, unless a workspace brings its own.

A derived secret is an HMAC of the workspace and a number, with the installation's own key; rotating counts the number
up. So there is nothing at rest to be stolen, and a restored backup has the secrets it had. One that a workspace brings,
so that its receivers need not change, is kept encrypted like any other of its secrets.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from midcall.domain.errors import Fault, InvalidInput, SecretUnreadable
from midcall.domain.signature import RETELL_HEADER, sign_retell, sign_standard, standard_secret, taken_secret
from midcall.domain.workspace import WorkspaceSettings
from midcall.service.access.access import Caller
from midcall.service.credentials.secrets import Secrets
from midcall.storage.database import Storage, Transaction

#: How long receivers may go on with the secret before, unless they are given another time; and the longest.
OVERLAP_S, MAX_OVERLAP_S = 24 * 3600, 30 * 24 * 3600
#: The number of the secret that a workspace has before anybody asked for one.
NEVER_SHOWN = 1
#: Stands for every function where functions are named.
ALL = "*"


@dataclass(frozen=True, slots=True)
class RotatedSecret:
    """A new secret, as Standard Webhooks has it too, and until when (milliseconds) the one before is used beside it."""

    current: str = field(repr=False)
    standard: str = field(repr=False)
    previous_until: int


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs messages of one workspace: with the current secret and, for a while, with the one before."""

    secrets: tuple[str, ...] = field(repr=False)
    #: The one of them that signs where there is room for one signature.
    retell: str = field(repr=False)
    clock: Callable[[], int]

    def headers(self, message_id: str, body: bytes) -> dict[str, str]:
        """Make the Standard Webhooks headers of a message."""
        known = [standard_secret(secret) for secret in self.secrets]
        return sign_standard(known, message_id=message_id, timestamp_s=self.clock() // 1000, body=body)

    def webhook_headers(self, message_id: str, body: bytes) -> dict[str, str]:
        """Make the headers that prove a webhook call: those of `headers`, and Retell's."""
        return {
            RETELL_HEADER: sign_retell(self.retell, at_ms=self.clock(), body=body),
            **self.headers(message_id, body),
        }


@dataclass(frozen=True, slots=True)
class Signing:
    """Makes and finds the secrets that sign what goes to a workspace's own receivers."""

    storage: Storage
    secrets: Secrets
    key: bytes = field(repr=False)
    clock: Callable[[], int]

    def rotate(
        self,
        caller: Caller,
        own: str | None = None,
        *,
        overlap_s: int = OVERLAP_S,
        retell_previous_for: Sequence[str] = (ALL,),
    ) -> RotatedSecret:
        """Make the next secret the current one: a new one, or `own`.

        For `overlap_s` seconds the one before goes on, if anybody was ever shown it: beside the new one where a message
        carries several signatures, instead of it in the one `X-Retell-Signature` of the functions named. One that is
        current already, as when a request is sent again, takes nobody's place: the one before may only end sooner.
        Raises InvalidInput for a text that is no secret.
        """
        if own is not None:
            _check(own)
        until = self.clock() + overlap_s * 1000
        with self.storage.write() as tx:
            settings = tx.workspaces.get(caller.workspace_id, lock=True).settings
            if own is not None and own in self._known(tx, caller.workspace_id, settings, settings.signing_number):
                settings = replace(settings, signing_overlap_until=min(settings.signing_overlap_until, until))
            else:
                # The first of all was never shown: nobody verifies with it, so nothing may stay with it.
                ends = self.clock() if settings.signing_number == NEVER_SHOWN else until
                settings = self._next(tx, caller.workspace_id, settings, own)
                settings = replace(settings, signing_overlap_until=ends, retell_previous_for=tuple(retell_previous_for))
            tx.workspaces.set_settings(caller.workspace_id, settings)
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=self.clock(),
                principal=caller.principal,
                key_id=caller.key.id,
                act="workspace.rotate_signing_secret",
                subject=caller.workspace_id,
                detail={"number": settings.signing_number, "brought": own is not None, "overlap_s": overlap_s},
            )
            current = self._secret(tx, caller.workspace_id, settings, settings.signing_number)
        return RotatedSecret(current, standard_secret(current), settings.signing_overlap_until)

    def _next(
        self, tx: Transaction, workspace_id: str, settings: WorkspaceSettings, own: str | None
    ) -> WorkspaceSettings:
        before, number = str(settings.signing_number), settings.signing_number + 1
        kept = {each: id_ for each, id_ in settings.signing_kept.items() if each == before}
        if own is not None:
            kept[str(number)] = self.secrets.keep(tx, workspace_id, own, to=(), loc="secret")
        return replace(settings, signing_number=number, signing_kept=kept)

    def signer(self, tx: Transaction, workspace_id: str, function: str | None = None) -> Signer:
        """Return what signs the messages of a workspace that go out now, calls of `function` among them."""
        settings = tx.workspaces.get(workspace_id).settings
        newest = settings.signing_number
        current = self._secret(tx, workspace_id, settings, newest)
        overlaps = settings.signing_overlap_until > self.clock()
        secrets = (current, *(self._known(tx, workspace_id, settings, newest - 1) if overlaps else ()))
        previous = not {ALL, function}.isdisjoint(settings.retell_previous_for)
        return Signer(secrets, retell=secrets[-1 if previous else 0], clock=self.clock)

    def _known(self, tx: Transaction, workspace_id: str, settings: WorkspaceSettings, number: int) -> tuple[str, ...]:
        """Return a secret, if a key still opens it: another that is brought for it must not fail because of it."""
        try:
            return (self._secret(tx, workspace_id, settings, number),)
        except SecretUnreadable:
            return ()

    def _secret(self, tx: Transaction, workspace_id: str, settings: WorkspaceSettings, number: int) -> str:
        if kept := settings.signing_kept.get(str(number)):
            return self.secrets.reveal(tx, workspace_id, kept, to=())
        message = f"midcall.signing.v1\0{workspace_id}\0{number}".encode()
        return "whsec_" + base64.b64encode(hmac.new(self.key, message, hashlib.sha256).digest()).decode("ascii")


def _check(own: str) -> None:
    try:
        taken_secret(own)
    except InvalidInput as error:
        raise InvalidInput(faults=[Fault("secret", str(error))]) from None
