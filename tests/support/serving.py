"""The API served over real HTTP from a thread, with workers in threads over a real Redis and a fake sandbox."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from tests.support.contract import Contract, contract_of
from tests.support.databases import opened, row_counts
from tests.support.fakes import FakeSandbox
from tests.support.garbage_collector import unfreeze
from tests.support.lent_reviewer import reviewers_lent
from tests.support.patience import wait_for
from tests.support.plain_http import plain_client
from tests.support.world import function

from midcall.app import create_app
from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.execution import wire_executor
from midcall.bootstrap.parts import wire_parts
from midcall.bootstrap.server import server_options
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import open_queue, open_storage
from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.queue.names import QUEUES
from midcall.review import policy_version
from midcall.service.ports import Sandbox
from midcall.service.runs.run_code import CodeAttempts

Json = dict[str, Any]


class Client:
    """One key's view of the API; every answer is checked against the contract."""

    def __init__(self, served: "Served", token: str | None) -> None:
        self.token = token
        self.served = served

    def send(self, method: str, path: str, *, headers: Mapping[Any, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a request; the answer may be anything that the contract has."""
        key = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        response = self.served.http.request(method, path, headers=httpx.Headers({**key, **(headers or {})}), **more)
        self.served.contract.check(response)
        return response

    def ok(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        """Send JSON and expect success; returns the JSON of the answer."""
        response = self.send(method, path, **({} if body is None else {"json": body}), **options)
        assert response.status_code == status, response.text
        streamed = response.headers.get("content-type", "").startswith("text/event-stream")
        return response.json() if response.content and not streamed else None

    def problem(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> Json:
        """Send JSON and expect a problem of that status; returns it."""
        response = self.send(method, path, **({} if body is None else {"json": body}), **options)
        assert response.status_code == status, response.text
        found: Json = response.json()
        return found

    def row_counts(self) -> dict[str, int]:
        """Count the rows of every table, but for those of other workspaces."""
        return row_counts(self.served.engine, self._workspace_id)

    @cached_property
    def _workspace_id(self) -> str:
        return str(self.ok("GET", "/v1/workspace")["id"])

    def create(self, name: str = "lookup", **changes: Any) -> Any:
        """Create a function."""
        return self.ok("POST", "/v1/functions", function(name, **changes), status=201)

    def approved(self, name: str = "lookup", **changes: Any) -> Any:
        """Create a function whose version 1 is approved."""
        self.create(name, **changes)
        review = self.ok("POST", f"/v1/functions/{name}/versions/1/submit")
        assert review["status"] == "approved", review
        return review

    def published(self, name: str = "lookup", **changes: Any) -> Any:
        """Create a function whose version 1 is published in production."""
        self.approved(name, **changes)
        return self.ok("POST", f"/v1/functions/{name}/publish", {"version": 1})


#: Requests a second: a test asks as fast as its machine is, and what holds hasty keys up has tests of its own.
UNHURRIED = 100_000


@dataclass
class Served:
    """A served app, and what is behind it."""

    url: str
    settings: Settings
    app: Any
    engine: Engine
    sandbox: FakeSandbox
    contract: Contract
    #: Shared, since making one takes its time.
    http: httpx.Client

    def client(self, token: str | None) -> Client:
        """Make a client for a token."""
        return Client(self, token)

    def tenant(self, principal: str = "owner") -> Client:
        """Make a workspace of its own; returns its admin."""
        new = self.app.state.services.workspaces.create(new_id("tenant"), principal=principal)
        return self.client(new.token)

    def colleague(self, admin: Client, principal: str, *scopes: str, agents: tuple[str, ...] = ()) -> Client:
        """Make another key in an admin's workspace."""
        wanted = {"principal": principal, "scopes": list(scopes), "agents": list(agents)}
        return self.client(admin.ok("POST", "/v1/keys", wanted, status=201)["secret"])


@contextmanager
def serving(
    folder: Path,
    *,
    database_url: str,
    redis_url: str,
    runtime_dir: Path | None = None,
    fake_workers: int = 3,
    sandbox: Any = None,
    ui: bool = False,
    **more: Any,
) -> Iterator[Served]:
    """Serve the app on a port of its own, with some workers over a fake sandbox, unless a real one is given.

    With `ui` it has the web UI, as one app of a process can. What else is given are settings.
    """
    settings = Settings(
        data_dir=folder,
        runtime_dir=runtime_dir or folder / "run",
        database_url=database_url,
        redis_url=redis_url,
        outbound_allow=("127.0.0.1",),
        ui=ui,
        **{"key_rate": UNHURRIED, "workspace_rate": UNHURRIED, **more},
    )
    fake = FakeSandbox()
    app = create_app(settings, ui=ui)
    with (
        reviewers_lent(),
        _listening(app, settings) as url,
        opened(database_url) as engine,
        _working(settings, sandbox or fake, fake_workers),
        plain_client(base_url=url) as http,
    ):
        yield Served(url, settings, app, engine, fake, contract_of(app), http)


@contextmanager
def _listening(app: Any, settings: Settings) -> Iterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="on", **server_options(settings))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="api")
    turn_s = sys.getswitchinterval()
    thread.start()
    try:
        assert wait_for(lambda: server.started or not thread.is_alive())
        assert server.started, "the app did not start"
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
        # An app sets both for its process, which in the product ends with it.
        sys.setswitchinterval(turn_s)
        unfreeze()


@contextmanager
def _working(settings: Settings, sandbox: Sandbox, count: int) -> Iterator[None]:
    """Pop invocation ids off RQ's lists, as a worker does, and execute them."""
    storage, queue, stop = open_storage(settings), open_queue(settings), threading.Event()
    parts = wire_parts(settings, storage, queue)
    wired = wire_executor(parts, policy=policy_version(allow_list(settings)))
    code = wired.kinds[Kind.CODE]
    assert isinstance(code, CodeAttempts)
    executor = replace(wired, kinds={**wired.kinds, Kind.CODE: replace(code, sandbox=sandbox)}, owner="test-worker")

    def work() -> None:
        keys = [f"rq:queue:{name}" for name in QUEUES]
        with Redis.from_url(settings.redis) as redis:
            while not stop.is_set():
                try:
                    popped: Any = redis.blpop(keys, timeout=0.2)  # short: it asks again
                except RedisError:
                    stop.wait(0.2)  # short: it asks again
                    continue
                if popped is not None:
                    executor.execute(popped[1].decode())

    threads = [threading.Thread(target=work, name="worker") for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        parts.close()
