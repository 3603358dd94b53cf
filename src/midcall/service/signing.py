"""Signing secrets of workspaces: derived, never stored.

A secret is an HMAC of the workspace and a number, with the installation's own key; rotating counts the number up. So
there is nothing at rest to be stolen, and a restored backup has the secrets it had.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from midcall.domain.signature import RETELL_HEADER, sign_retell, sign_standard
from midcall.domain.workspace import WorkspaceSettings
from midcall.service.access import Caller
from midcall.service.ports import Storage

#: How long receivers may go on with the secret before.
OVERLAP_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new secret, and until when (milliseconds) the one before it is used beside it."""

    current: str
    previous_until: int


@dataclass(frozen=True, slots=True)
class Signing:
    """Signs what goes to a workspace's own receivers."""

    storage: Storage
    key: bytes
    clock: Callable[[], int]

    def rotate(self, caller: Caller) -> Rotated:
        """Make the next secret the current one."""
        now = self.clock()
        with self.storage.write() as tx:
            settings = tx.workspaces.get(caller.workspace_id, lock=True).settings
            settings = replace(
                settings, signing_number=settings.signing_number + 1, signing_overlap_until=now + OVERLAP_MS
            )
            tx.workspaces.set_settings(caller.workspace_id, settings)
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=now,
                principal=caller.principal,
                key_id=caller.key.id,
                act="workspace.rotate_signing_secret",
                subject=caller.workspace_id,
                detail={"number": settings.signing_number},
            )
        return Rotated(self._secret(caller.workspace_id, settings.signing_number), now + OVERLAP_MS)

    def headers(self, workspace_id: str, message_id: str, body: bytes) -> dict[str, str]:
        """Make the Standard Webhooks headers of a message, signed with the current and, for a day, the last secret."""
        with self.storage.read() as tx:
            settings = tx.workspaces.get(workspace_id).settings
        now = self.clock()
        secrets = [self._secret(workspace_id, number) for number in _numbers(settings, now)]
        signed = sign_standard(secrets, message_id=message_id, timestamp_s=now // 1000, body=body)
        return {"content-type": "application/json", **signed}

    def webhook_headers(
        self, workspace_id: str, settings: WorkspaceSettings, message_id: str, body: bytes
    ) -> dict[str, str]:
        """Make the headers that prove a webhook call: Standard Webhooks as `headers`, and Retell's, current secret."""
        now = self.clock()
        secrets = [self._secret(workspace_id, number) for number in _numbers(settings, now)]
        return {
            RETELL_HEADER: sign_retell(secrets[0], at_ms=now, body=body),
            **sign_standard(secrets, message_id=message_id, timestamp_s=now // 1000, body=body),
        }

    def _secret(self, workspace_id: str, number: int) -> str:
        message = f"midcall.signing.v1\0{workspace_id}\0{number}".encode()
        return "whsec_" + base64.b64encode(hmac.new(self.key, message, hashlib.sha256).digest()).decode("ascii")


def _numbers(settings: WorkspaceSettings, now: int) -> list[int]:
    current = settings.signing_number
    return [current, current - 1] if settings.signing_overlap_until > now else [current]
