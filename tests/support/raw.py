"""HTTP by hand, for clients that no library would be: half a request, and silence."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support.patience import PATIENCE_S


class Answer(NamedTuple):
    """What came back until the server closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return what the body is."""
        return json.loads(self.body)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Connect to a server; whoever waits for longer than anybody's patience fails."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S) as connection:
        yield connection


def head(method: str, path: str, **headers: object) -> bytes:
    """Write a request's line and headers; underscores in names are dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: midcall"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode()


def until_closed(connection: socket.socket) -> bytes:
    """Read until the server closes the connection, or breaks it."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionError:
        pass
    return found


def answered(connection: socket.socket) -> Answer:
    """Read the one answer of a connection that the server then closes."""
    raw = until_closed(connection)
    assert raw, "closed without an answer"
    start, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = start.decode("latin-1").split("\r\n")
    headers = dict(each.lower().split(": ", 1) for each in lines)
    return Answer(int(line.split(" ")[1]), headers, body[: int(headers.get("content-length", len(body)))])
