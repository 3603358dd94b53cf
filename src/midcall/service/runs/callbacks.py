"""Tell a platform what happens in its sessions: signed, in the background, again and again until it has heard.

A callback is a row, written in the transaction of the event it tells of; it is deleted once the platform has answered
2xx, or after the last attempt. The receiver may hear one twice (its `webhook-id` stays the same), and must not count on
their order.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from midcall.domain.errors import MidcallError
from midcall.domain.javascript_json import stringify
from midcall.service.credentials.signing import Signing
from midcall.service.ports import Outbound
from midcall.storage.callbacks import Callback
from midcall.storage.database import Storage

TIMEOUT_MS = 10_000
#: Nobody else makes an attempt that is under way before this is over.
_TAKEN_MS = 2 * TIMEOUT_MS
_BATCH = 50
_SIDE_BY_SIDE = 8
#: The receiver does not want to hear any more (Standard Webhooks).
_GONE = 410

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Delivers callbacks. Any number of processes may at once: each row is taken before it is sent."""

    storage: Storage
    outbound: Outbound
    signing: Signing
    clock: Callable[[], int]
    #: Delays between attempts.
    delays_ms: tuple[int, ...]

    def sweep(self) -> int:
        """Deliver what is due; returns how many attempts were made."""
        with self.storage.read() as tx:
            due = tx.callbacks.due(now=self.clock(), limit=_BATCH)
        if not due:
            return 0
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="callback") as senders:
            return sum(senders.map(self._deliver, due))

    def _deliver(self, callback: Callback) -> bool:
        with self.storage.write() as tx:
            if not tx.callbacks.take(callback, until=self.clock() + _TAKEN_MS):
                return False
            url = tx.workspaces.get(callback.workspace_id).settings.callback_url
        told = url is None or self._send(callback, url)
        with self.storage.write() as tx:
            if told or callback.attempt >= len(self.delays_ms):
                tx.callbacks.done(callback.id)
            else:
                tx.callbacks.postpone(callback.id, due_at=self.clock() + self.delays_ms[callback.attempt])
        return True

    def _send(self, callback: Callback, url: str) -> bool:
        """Make one attempt; True if the platform has heard, or does not want to."""
        body = stringify(callback.body).encode()
        try:
            with self.storage.read() as tx:
                signer = self.signing.signer(tx, callback.workspace_id)
            headers = {"content-type": "application/json", **signer.headers(callback.message_id, body)}
            status = self.outbound.post(url, headers=headers, body=body, timeout_ms=TIMEOUT_MS)
        except MidcallError as error:
            log.warning(
                "callback_failed", callback=callback.message_id, attempt=callback.attempt + 1, reason=error.code
            )
            return False
        heard = status < 300 or status == _GONE  # noqa: PLR2004 (2xx)
        if not heard:
            log.warning("callback_failed", callback=callback.message_id, attempt=callback.attempt + 1, status=status)
        return heard
