"""A webhook's target: a real HTTP server on loopback that keeps what reaches it, byte for byte, and answers as told."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in; names of `headers` in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def replying(value: Any, status: int = 200, **headers: str) -> Reply:
    """Make an answer of a JSON value."""
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json", **headers})


@dataclass
class Target:
    """What was received, in order, and how the next requests are answered."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    #: Set anew by each test; may block.
    answer: Callable[[Received], Reply] = lambda _: Reply()

    @property
    def last(self) -> Received:
        """The latest request."""
        return self.received[-1]


@contextmanager
def target() -> Iterator[Target]:
    """Serve a target."""
    it = Target()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, self.path, headers, self.rfile.read(length))
            it.received.append(received)
            try:
                self._send(it.answer(received))
            except (BrokenPipeError, ConnectionResetError):  # who asked was killed meanwhile, or has given up
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 (the names that the class looks for)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    it.url = f"http://127.0.0.1:{server.server_address[1]}"
    # It looks for its end that often: with the default of 0.5 s, a test waits for it longer than it runs.
    thread = threading.Thread(target=server.serve_forever, name="target", kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
