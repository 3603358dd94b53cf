"""What the use cases of one process share: each part is made once, and all of them are let go of in one place."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from midcall.bootstrap.settings import Settings, approval_key
from midcall.bootstrap.store import wire_cipher, wire_outbound
from midcall.domain.times import now_ms
from midcall.outbound.client import POOLS
from midcall.outbound.poster import Poster
from midcall.outbound.token_endpoint import TokenEndpoint
from midcall.queue.rq_queue import RqQueue
from midcall.queue.threads import ThreadedQueue
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.credentials.credentials import Credentials
from midcall.service.credentials.secrets import Secrets
from midcall.service.credentials.signing import Signing
from midcall.service.credentials.tokens import SharedTokens
from midcall.service.runs.finish import Finish
from midcall.service.runs.phases import Phases
from midcall.storage.database import Storage
from midcall.vault.cipher import FernetCipher


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a process that carries functions out, whatever else it does."""

    settings: Settings
    storage: Storage
    queue: RqQueue | ThreadedQueue
    outbound: Poster
    cipher: FernetCipher
    approval_key: bytes
    secrets: Secrets
    signing: Signing
    phases: Phases
    finish: Finish
    #: What carries actions out, and with it credentials and tokens.
    gateways: ActionGateways

    def close(self, *, last: Callable[[], None] | None = None) -> None:
        """Let go of what is open, the storage at the very end; `last` waits for whatever still uses it."""
        self.queue.close()
        self.outbound.close()
        if last is not None:
            last()
        self.storage.close()


def wire_parts(settings: Settings, storage: Storage, queue: RqQueue | ThreadedQueue, *, pools: int = POOLS) -> Parts:
    """Wire them over a storage and a queue; `pools` of connections to targets. Raises BadSetting."""
    outbound, cipher, key = wire_outbound(settings, pools=pools), wire_cipher(settings), approval_key(settings)
    secrets = Secrets(cipher=cipher, clock=now_ms)
    source = TokenEndpoint(outbound.send)
    tokens = SharedTokens(storage=storage, cipher=cipher, source=source, clock=now_ms, sleep=time.sleep)
    delays_ms = tuple(round(delay * 1000) for delay in settings.retry_delays_s)
    phases = Phases(queue=queue, clock=now_ms, delays_ms=delays_ms)
    return Parts(
        settings=settings,
        storage=storage,
        queue=queue,
        outbound=outbound,
        cipher=cipher,
        approval_key=key,
        secrets=secrets,
        signing=Signing(storage=storage, secrets=secrets, key=key, clock=now_ms),
        phases=phases,
        finish=Finish(storage=storage, queue=queue, phases=phases, clock=now_ms),
        gateways=ActionGateways(
            storage=storage,
            credentials=Credentials(storage=storage, cipher=cipher, outbound=outbound, clock=now_ms),
            means=Means(outbound=outbound, tokens=tokens, clock=now_ms),
            base_urls=settings.connector_urls,
        ),
    )
