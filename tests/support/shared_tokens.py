"""What a process has that shares OAuth2 tokens with others: it loads this, and not all that tests load.

Started as `python -m tests.support.shared_tokens DATABASE ENDPOINT THREADS TIMEOUT_MS` it says that it is ready, waits
for a line, has so many threads want the token at once, and prints what they got.
"""

import base64
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from midcall.domain.http import TokenRequest
from midcall.domain.times import now_ms
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.outbound.token_endpoint import TokenEndpoint
from midcall.service.credentials.tokens import SharedTokens
from midcall.storage.database import SqlStorage
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
                storage=SqlStorage(engine),
                cipher=FernetCipher(KEYS),
                source=TokenEndpoint(Poster(client).send),
                clock=now_ms,
                sleep=time.sleep,
            )
    finally:
        engine.dispose()


def main(database_url: str, endpoint: str, threads: str, timeout_ms: str) -> None:
    """Ask when told to."""
    with shared(database_url) as tokens, ThreadPoolExecutor(int(threads)) as callers:
        print("ready", flush=True)  # noqa: T201 (what who started it waits for)
        sys.stdin.readline()
        waiting = [
            callers.submit(tokens.token, wanted_from(endpoint), workspace_id=WORKSPACE, timeout_ms=int(timeout_ms))
            for _ in range(int(threads))
        ]
        print(sorted({each.result() for each in waiting}), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
