"""What a process has that shares OAuth2 tokens with others: it loads this, and not all that tests load."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

from midcall.domain.http import TokenRequest
from midcall.domain.times import now_ms
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.outbound.token_endpoint import TokenEndpoint
from midcall.service.credentials.tokens import SharedTokens
from midcall.storage.database import Storage
from midcall.storage.engine import open_engine
from midcall.vault.cipher import FernetCipher

KEYS = [base64.urlsafe_b64encode(bytes(32)).decode()]
WORKSPACE = "ws_of_the_token"


def wanted_from(endpoint: str) -> TokenRequest:
    """Return what every process asks for."""
    return TokenRequest(f"{endpoint}/token", "me", "geheim-client")


@contextmanager
def shared(database_url: str) -> Iterator[SharedTokens]:
    """Wire what a process has, as midcall does."""
    engine = open_engine(database_url)
    try:
        with GuardedClient(allow=["127.0.0.1"], http=True) as client:
            yield SharedTokens(
                storage=Storage(engine),
                cipher=FernetCipher(KEYS),
                source=TokenEndpoint(Poster(client).send),
                clock=now_ms,
                sleep=time.sleep,
            )
    finally:
        engine.dispose()


def ask(database_url: str, endpoint: str, threads: int, timeout_ms: int, to_parent: Connection) -> None:
    """Say that it is ready, and when told to have so many threads want the token at once; sends what they got."""
    with shared(database_url) as tokens, ThreadPoolExecutor(threads) as callers:
        to_parent.send("ready")
        to_parent.recv()
        waiting = [
            callers.submit(tokens.token, wanted_from(endpoint), workspace_id=WORKSPACE, timeout_ms=timeout_ms)
            for _ in range(threads)
        ]
        to_parent.send(sorted({each.result() for each in waiting}))
