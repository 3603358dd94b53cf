"""Requests over sockets of one's own: a client that costs next to nothing, beside what it measures."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a request was answered: its status, the seconds of `Retry-After`, and its JSON."""

    status: int
    retry_after_s: float
    json: Any


async def ask(url: str, key: str, method: str, path: str, body: Any = None) -> Answer:
    """Send one request on a connection of its own; raises OSError or ValueError where no answer comes."""
    host, port = url.removeprefix("http://").split(":")
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode() + content)
        return _read(await reader.read())
    finally:
        writer.close()


def _read(answer: bytes) -> Answer:
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), float(headers.get("retry-after", 1)), json.loads(content or b"null"))
