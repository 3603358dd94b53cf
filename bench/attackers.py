"""`python -m bench.attackers URL`: 200 hostile connections, until standard input ends; prints what they were answered.

A process of its own, so that what attacks and what is measured do not wait for each other. With KEY in the
environment a fifth of them has a key, as a hostile tenant would.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from urllib.parse import urlsplit

#: Connections of each kind.
EACH = 20
LARGE = 15 * 2**20
DRIP_S = 0.5
#: Between the pieces of what pours: six megabytes a second, for each connection.
POUR_S = 0.01
#: Before an attacker that was thrown out comes again.
AGAIN_S = 0.5

Write = Callable[[bytes], Awaitable[None]]
Pieces = Iterator[tuple[bytes, float]]


def _head(path: str, length: int, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: midcall", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _forged() -> str:
    return f"X-Retell-Signature: v={round(time.time() * 1000)},d={'0' * 64}"


def _sent(start: bytes, parts: Iterator[bytes], pause_s: float = 0.0) -> Pieces:
    yield start, pause_s
    for part in parts:
        yield part, pause_s


_ZEROS, _LISTS = b"0," * 32_768, b"[" * 65_536
#: What each kind sends; its parts come with these pauses between them.
KINDS: dict[str, Callable[[str], Pieces]] = {
    "idle": lambda _: _sent(b"", repeat(b""), DRIP_S),
    "half a head": lambda _: _sent(b"GET /v1/functions HTTP/1.1\r\nHost: x\r\n", repeat(b""), DRIP_S),
    "dripping head": lambda _: _sent(b"GET /v1/functions HTTP/1.1\r\nX: ", repeat(b"a"), DRIP_S),
    "endless head": lambda _: _sent(b"GET / HTTP/1.1\r\n", repeat(b"X-A: b\r\n" * 1024)),
    "huge/no key": lambda _: _sent(_head("/v1/functions", LARGE), repeat(_ZEROS, LARGE // len(_ZEROS))),
    "deep/no key": lambda _: _sent(_head("/v1/sessions/x/end", LARGE), repeat(_LISTS, LARGE // len(_LISTS))),
    "huge/forged": lambda _: _sent(_head("/v1/adapters/x/events", LARGE, _forged()), repeat(_ZEROS, 240)),
    "slow/forged": lambda _: _sent(_head("/v1/adapters/x/events", LARGE, _forged()), repeat(b"a"), DRIP_S),
    "slow/a key": lambda key: _sent(_head("/v1/sessions/x/end", LARGE, key), repeat(b"[" * 4096), DRIP_S),
    "deep/a key": lambda key: _sent(_head("/v1/functions", 2**20, key), repeat(_LISTS, 16), DRIP_S / 4),
}


async def _attack(kind: str, host: str, port: int, key: str, answers: Counter[str]) -> None:
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            async with _connected(host, port) as (reader, writer):
                listening = asyncio.ensure_future(reader.read(64))
                try:
                    for part, pause_s in KINDS[kind](key):
                        if listening.done():
                            break
                        writer.write(part)
                        await writer.drain()
                        await asyncio.sleep(pause_s or POUR_S)
                    answers[f"{kind}: {(await listening)[9:12].decode() or 'closed'}"] += 1
                finally:
                    listening.cancel()
        await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def _connected(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def main(url: str) -> None:
    """Attack until nobody listens."""
    os.nice(10)  # it would be another machine, which takes no time from this one
    parts, key, answers = urlsplit(url), f"Authorization: Bearer {os.environ.get('KEY', 'x')}", Counter[str]()
    attacks = [
        asyncio.ensure_future(_attack(kind, parts.hostname or "", parts.port or 80, key, answers))
        for kind in os.environ.get("KINDS", ",".join(KINDS)).split(",")
        for _ in range(EACH)
    ]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for attack in attacks:
        attack.cancel()
    await asyncio.gather(*attacks, return_exceptions=True)
    print(json.dumps(dict(sorted(answers.items()))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
