"""Hosts on 127.0.0.1 that answer as badly as a test wants them to, and a client that knows them by public names."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.patience import PATIENCE_S

from midcall.outbound.client import GuardedClient

#: What a host does with one connection; when it returns, the connection is closed.
Behaviour = Callable[["Host", socket.socket], None]


@dataclass
class Host:
    """One listener: how often it was connected to, and every request that came whole."""

    port: int
    hits: int = 0
    requests: list[bytes] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def read(self, connection: socket.socket) -> bytes:
        """Read one request, body included, and note it; empty where the client hung up."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65_536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while lengths and len(body) < int(lengths[0]):
            body += connection.recv(65_536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def header(self, name: str, number: int = -1) -> str | None:
        """Return a header of a request that came, or None."""
        lines = self.requests[number].split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        found = [line.split(": ", 1)[1] for line in lines if line.lower().startswith(f"{name.lower()}: ")]
        return found[0] if found else None


def respond(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """Write a plain answer."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]).encode() + body


def answering(*answers: bytes) -> Behaviour:
    """Answer each request of a connection with the next of these, the last one again and again."""

    def behave(host: Host, connection: socket.socket) -> None:
        while host.read(connection):
            connection.sendall(answers[min(len(host.requests), len(answers)) - 1])

    return behave


@contextmanager
def hosting(behave: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """Listen on 127.0.0.1 until the block ends; every connection gets a thread and is closed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as threads:
        host = Host(listener.getsockname()[1])
        open_: list[socket.socket] = []

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                if tls is None:
                    behave(host, connection)
                else:
                    with tls.wrap_socket(connection, server_side=True) as secured:
                        open_.append(secured)
                        behave(host, secured)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    if host.closing.is_set():
                        connection.close()
                        return
                    host.hits += 1
                    open_.append(connection)
                    thread = threading.Thread(target=serve, args=(connection,))
                    thread.start()
                    threads.callback(thread.join, 10)

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield host
        finally:
            host.closing.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", host.port), 1).close()
            acceptor.join(PATIENCE_S)
            for connection in open_:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@dataclass
class Names:
    """Answers lookups: `*.example.com` and what is set otherwise; counts them."""

    answers: dict[str, Sequence[str]] = field(default_factory=dict)
    lookups: list[str] = field(default_factory=list)

    def __call__(self, host: str) -> Sequence[str]:
        """Look a name up."""
        self.lookups.append(host)
        return self.answers.get(host, ["127.0.0.1"])


@contextmanager
def calling(*hosts: Host, names: Names | None = None, **settings: Any) -> Iterator[GuardedClient]:
    """Make a client that may call these hosts, each by the name `<anything>.example.com` on its own port."""
    allow = [f"{name}.example.com:{host.port}" for host in hosts for name in ("hop", "api", "a", "b")]
    usual: dict[str, Any] = {"allow": allow, "http": True, "resolve": names or Names()}
    with GuardedClient(**(usual | settings)) as client:
        yield client
