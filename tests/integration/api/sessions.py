"""Parts of the tests of sessions: functions that do what a test says, and a reader of event streams."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.fakes import echo
from tests.support.patience import PATIENCE_S
from tests.support.plain_http import plain_client
from tests.support.serving import Client, Served

from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus

Json = dict[str, Any]
Act = Callable[[Json], Any]

FAILS = RunReport(RunStatus.ERROR)


@dataclass
class Play:
    """One workspace whose functions do what the test says; keeps which were run, with their session bodies."""

    served: Served
    admin: Client
    acts: dict[str, Act] = field(default_factory=dict)
    ran: list[tuple[str, Json]] = field(default_factory=list)

    def behave(self, request: RunRequest) -> RunReport:
        """Be the sandbox."""
        name = request.source.partition("# ")[2].strip()
        body = dict(request.session)
        self.ran.append((name, body))
        value = self.acts[name](body) if name in self.acts else {"result": name}
        if isinstance(value, RunReport):
            return value
        return RunReport(RunStatus.OK, result=value, logs=echo(request).logs, sandbox_ms=1.0)

    def function(self, name: str, act: Act | None = None, **changes: Any) -> None:
        """Publish a function that does something when it is run."""
        if act is not None:
            self.acts[name] = act
        source = f"def handler(session):\n    return 1\n# {name}\n"
        self.admin.published(name, **{"code": {"source": source}, "parameters": {"type": "object"}, **changes})

    def agent(self, name: str = "desk", **functions: str | Json) -> Any:
        """Put an agent; each function with its phase, or with more of its attachment."""
        attached = [
            {"function": function, **({"phase": more} if isinstance(more, str) else more)}
            for function, more in functions.items()
        ]
        return self.admin.ok("PUT", f"/v1/agents/{name}", {"functions": attached})

    def start(self, session: str = "s1", *, status: int = 201, **fields: Any) -> Any:
        """Start a session."""
        return self.admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": session, **fields}, status=status)

    def call(self, function: str, session: str = "s1", *, key: str | None = None, **params: Any) -> Any:
        """Call a function in a session; returns the outcome."""
        headers = {} if key is None else {"Idempotency-Key": key}
        path = f"/v1/sessions/{session}/functions/{function}"
        return self.admin.ok("POST", path, {"params": params}, headers=headers)

    def end(self, session: str = "s1", **late: Any) -> Any:
        """End a session."""
        return self.admin.ok("POST", f"/v1/sessions/{session}/end", late, status=202)

    def session(self, session: str = "s1") -> Any:
        """Read a session."""
        return self.admin.ok("GET", f"/v1/sessions/{session}")

    def names(self) -> list[str]:
        """Name the functions that were run, in order."""
        return [name for name, _ in self.ran]

    def until(self, condition: Callable[[Any], bool], session: str = "s1", within_s: float = PATIENCE_S) -> Any:
        """Read a session until something is true of it."""
        end = time.monotonic() + within_s
        while not condition(found := self.session(session)):
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found


@dataclass(frozen=True)
class Told:
    """One event of a stream; a heartbeat has no name."""

    name: str | None
    id: int | None
    data: Any


def told(lines: Iterator[str]) -> Iterator[Told]:
    """Read a stream of server-sent events."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            yield Told(None, None, None)
        elif line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            assert "data" in fields, "an empty line ends an event: some clients make an empty message of this one"
            number = int(fields["id"]) if "id" in fields else None
            yield Told(fields.get("event"), number, json.loads(fields["data"]))
            fields = {}


@contextmanager
def stream(
    client: Client, path: str, *, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None
) -> Iterator[Any]:
    """Open a stream; gives an iterator of its events."""
    sent = {"authorization": f"Bearer {client.token}", "accept": "text/event-stream", **(headers or {})}
    with (
        plain_client(base_url=client.served.url) as http,
        http.stream(method, path, headers=sent, json=body) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-content-type-options"] == "nosniff"
        yield told(response.iter_lines())


class Listener:
    """Reads a session's stream from a thread until it ends."""

    def __init__(self, client: Client, session: str = "s1", *, last: int | None = None) -> None:
        self.events: list[Told] = []
        self._client, self._path = client, f"/v1/sessions/{session}/events"
        self._headers = {} if last is None else {"last-event-id": str(last)}
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._read, name="listener")
        self._thread.start()
        assert self._connected.wait(PATIENCE_S)

    def _read(self) -> None:
        with stream(self._client, self._path, headers=self._headers) as events:
            self._connected.set()
            self.events.extend(events)

    def ended(self, within_s: float = PATIENCE_S) -> list[Told]:
        """Wait until the stream has ended; returns its events without heartbeats."""
        self._thread.join(within_s)
        assert not self._thread.is_alive(), "the stream did not end"
        return [event for event in self.events if event.name is not None]
