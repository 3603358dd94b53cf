"""A `midcall up` of one's own to measure against."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from midcall.sandbox.client import PoolClient

START_S, STOP_S = 180, 180


#: The code that is measured, and its parameter.
DOUBLE = "def handler(session):\n    return {'doubled': session['params']['number'] * 2}\n"
NUMBER = ({"name": "number", "type": "integer"},)


@dataclass(frozen=True)
class Server:
    """What a benchmark needs of a running midcall."""

    #: Process id of `midcall up`.
    pid: int
    client: httpx.Client
    key: str
    url: str
    #: The settings it was started with, for other commands on the same installation.
    env: Mapping[str, str]
    pool: PoolClient
    image: str
    #: The interpreter's path inside the image.
    python: str = "/sandbox/python"

    def publish(
        self, name: str, source: str, *, parameters: Sequence[Mapping[str, Any]] = NUMBER, **fields: Any
    ) -> None:
        """Create a code function, by default with an integer parameter `number`, and publish it."""
        function = {
            "name": name,
            "description": "A function that is measured.",
            "kind": "code",
            "parameters": list(parameters),
            "code": {"source": source},
            **fields,
        }
        self._publish(function)

    def publish_webhook(self, name: str, url: str, *, method: str = "POST") -> None:
        """Create a webhook function without parameters, and publish it."""
        description, webhook = "A webhook that is measured.", {"url": url, "method": method}
        self._publish({"name": name, "description": description, "kind": "webhook", "webhook": webhook})

    def _publish(self, function: dict[str, Any]) -> None:
        name = function["name"]
        self.call("/v1/functions", function)
        review = self.call(f"/v1/functions/{name}/versions/1/submit", None)
        if review["status"] != "approved":
            raise RuntimeError(f"the review refused the measured function: {review}")
        self.call(f"/v1/functions/{name}/publish", {"version": 1})

    def docker_run(self) -> None:
        """Run the interpreter of the sandbox image with `docker run`; the image has no other program."""
        argv = ["docker", "run", "--rm", "--network", "none", "--entrypoint", self.python, self.image, "-c", "pass"]
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def workspace(self, name: str) -> str:
        """Make another workspace; returns its admin's key."""
        argv = [sys.executable, "-m", "midcall", "workspace", "create", name]
        made = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=True)
        return made.stdout.strip()

    def invoke(self, name: str, params: dict[str, Any], *, status: str = "succeeded") -> None:
        """Invoke and insist on a status, by default on success."""
        outcome = self.call(f"/v1/functions/{name}/invoke", {"params": params})
        if outcome["status"] != status:
            raise RuntimeError(f"the invoke ended with {outcome}")

    def call(self, path: str, body: Any) -> Any:
        """POST and return the answer; raises for any error status."""
        return self.client.post(path, json=body).raise_for_status().json()


@contextlib.contextmanager
def midcall_up(**settings: str) -> Iterator[Server]:
    """Start midcall on embedded defaults in a directory that is removed again."""
    with tempfile.TemporaryDirectory(prefix="midcall-bench-") as directory:
        port = free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("MIDCALL_")}
        env |= {
            "MIDCALL_DATA_DIR": directory,
            "MIDCALL_RUNTIME_DIR": f"{directory}/run",
            "MIDCALL_POOL_ID": f"bench-{os.getpid()}",
            "MIDCALL_LOG_LEVEL": "warning",
            **settings,
        }
        argv = [sys.executable, "-m", "midcall", "up", "--port", str(port), "--data-dir", directory]
        with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                yield _connected(process, Path(directory), port, env)
            finally:
                process.terminate()
                process.wait(STOP_S)


def _connected(process: "subprocess.Popen[bytes]", directory: Path, port: int, env: Mapping[str, str]) -> Server:
    url = f"http://127.0.0.1:{port}"
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", trust_env=False).is_success:
                key = (directory / "admin.key").read_text().strip()
                headers = {"Authorization": f"Bearer {key}"}
                client = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
                pool = PoolClient(directory / "run" / "pool.sock")
                return Server(process.pid, client, key, url, env, pool, image=pool.status()["image"])
        time.sleep(0.1)
    raise RuntimeError("midcall did not become ready")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
