"""A model's endpoint: a real HTTP server that speaks chat completions and Anthropic's messages, streamed as they do.

Written from the vendors' published API references (`POST /v1/chat/completions`, `POST /v1/messages`). It keeps every
request byte for byte, and answers as a test says.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Characters of one piece of a streamed answer, and the most pieces.
PIECE, MAX_PIECES = 7, 2_000


@dataclass(frozen=True)
class Asked:
    """One request; names of `headers` in lower case. `number` counts from 1."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def raw(self) -> bytes:
        """All that came in, headers too."""
        return json.dumps(dict(self.headers)).encode() + self.body


@dataclass(frozen=True)
class Calls:
    """The model calls the tool with these arguments; a text stands for arguments that are no JSON."""

    arguments: Any
    name: str = "propose"

    @property
    def text(self) -> str:
        """The arguments as they are sent."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Says:
    """The model writes text."""

    text: str


@dataclass(frozen=True)
class Raw:
    """Something else answers: these bytes, cut off before the end if `broken`."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False


@dataclass(frozen=True)
class Silence:
    """The model begins, and says nothing more until the endpoint is closed."""


Reply = Calls | Says | Raw | Silence


def proposal(source: str, explanation: str = "It says hello to the caller.", **more: Any) -> Calls:
    """Make a good answer."""
    return Calls({"explanation": explanation, "source": source, **more})


@dataclass
class Endpoint:
    """What was asked, in order, and how the next requests are answered."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    #: Set anew by each test.
    answer: Callable[[Asked], Reply] = lambda _: Says("")
    #: How many connections the other side closed while the model was silent.
    left: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def answers(self, *replies: Reply) -> None:
        """Answer the next requests with these, one after the other; the last one for ever."""
        self.asked.clear()
        self.answer = lambda asked: replies[min(asked.number, len(replies)) - 1]


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    it: Endpoint

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(len(self.it.asked) + 1, self.path, headers, self.rfile.read(length))
        self.it.asked.append(asked)
        try:
            self._reply(asked, self.it.answer(asked))
        except (BrokenPipeError, ConnectionResetError):
            self.it.left += 1
            self.close_connection = True

    def _reply(self, asked: Asked, reply: Reply) -> None:
        if isinstance(reply, Raw):
            self._send_raw(reply)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if isinstance(reply, Silence):
            self._stay_silent()
            return
        for event in _messages(reply) if asked.path.endswith("/messages") else _completions(reply):
            self._send(event)
        self.wfile.write(b"0\r\n\r\n")

    def _send_raw(self, reply: Raw) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body) + (100 if reply.broken else 0)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = reply.broken

    def _send(self, event: bytes) -> None:
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def _stay_silent(self) -> None:
        self._send(_data({"id": "c1", "object": "chat.completion.chunk", "choices": [], "model": "m"}))
        self.connection.settimeout(0.05)  # short: between two looks at whether it ends
        while not self.it.closing.is_set():
            try:
                if self.connection.recv(1) == b"":
                    self.it.left += 1
                    break
            except TimeoutError:
                continue
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve an endpoint on loopback; `url` is its base, with /v1."""
    it = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"it": it}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="model")
    thread.start()
    try:
        it.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield it
    finally:
        it.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _pieces(text: str) -> list[str]:
    size = max(PIECE, len(text) // MAX_PIECES)
    return [text[at : at + size] for at in range(0, len(text), size)]


def _data(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _completions(reply: Calls | Says) -> Iterator[bytes]:
    """Stream an answer as chat completions do: deltas, a finish reason, the usage, [DONE]."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "test-model"}

    def delta(change: Any, finish: str | None = None) -> bytes:
        return _data({**base, "choices": [{"index": 0, "delta": change, "finish_reason": finish}]})

    yield delta({"role": "assistant", "content": None if isinstance(reply, Calls) else ""})
    if isinstance(reply, Calls):
        begin = {"index": 0, "id": "call_1", "type": "function", "function": {"name": reply.name, "arguments": ""}}
        yield delta({"tool_calls": [begin]})
        for piece in _pieces(reply.text):
            yield delta({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield delta({}, "tool_calls")
    else:
        for piece in _pieces(reply.text):
            yield delta({"content": piece})
        yield delta({}, "stop")
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    yield _data({**base, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _messages(reply: Calls | Says) -> Iterator[bytes]:
    """Stream an answer as Anthropic's messages do: named events around content blocks."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **more})

    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "test-model", "content": []}
    usage = {"input_tokens": 1000, "output_tokens": 1}
    yield event("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage})
    if isinstance(reply, Calls):
        block: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": reply.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(reply.text)]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(reply.text)]
    yield event("content_block_start", index=0, content_block=block)
    for change in deltas:
        yield event("content_block_delta", index=0, delta=change)
    yield event("content_block_stop", index=0)
    reason = "tool_use" if isinstance(reply, Calls) else "end_turn"
    yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": 50})
    yield event("message_stop")
