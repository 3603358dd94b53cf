"""The server that the demo starts for itself, and ends again."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from midcall.cli.demo.stage import DemoFailed
from midcall.cli.say import say

START_S = 120
STOP_S = 60


@contextlib.contextmanager
def own_server() -> Iterator[tuple[str, str]]:
    """Start `midcall up` on embedded defaults in a directory that is removed again; gives URL and admin key."""
    say("Starting Redis, the sandbox pool, workers and the api …")
    with tempfile.TemporaryDirectory(prefix="midcall-demo-") as directory:
        port = _free_port()
        argv = [sys.executable, "-m", "midcall", "up", "--port", str(port), "--data-dir", directory]
        began = time.monotonic()
        env = _env(directory)
        with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:  # noqa: S603
            try:
                key = _await_key(process, Path(directory) / "admin.key", f"http://127.0.0.1:{port}")
                say(f"Ready after {time.monotonic() - began:.1f} s at http://127.0.0.1:{port}.")
                yield f"http://127.0.0.1:{port}", key
            finally:
                process.terminate()
                process.wait(STOP_S)


def _env(directory: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MIDCALL_")}
    env |= {"MIDCALL_RUNTIME_DIR": f"{directory}/run", "MIDCALL_POOL_ID": f"demo-{os.getpid()}"}
    env |= {"MIDCALL_LOG_LEVEL": "warning", "MIDCALL_POOL_SIZE": "3", "MIDCALL_LIVE_WORKERS": "1"}
    return env | {"MIDCALL_WORKERS": "1", "MIDCALL_SANDBOX_IMAGE": os.environ.get("MIDCALL_SANDBOX_IMAGE", "")}


def _await_key(process: "subprocess.Popen[bytes]", file: Path, url: str) -> str:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise DemoFailed("midcall up ended early; what it said stands above")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", trust_env=False, timeout=2).is_success:
                return file.read_text().strip()
        time.sleep(0.1)
    raise DemoFailed(f"midcall up was not ready after {START_S} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
