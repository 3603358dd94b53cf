"""`midcall demo`: the main job, played for a person to read."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from midcall.cli.demo_sources import FAULTY, MENDED, PARAMETERS

START_S = 120
STOP_S = 60
#: Callers speak between two calls; meanwhile the pool warms the next sandbox.
PACE_S = 1.0
_RULE = "─" * 100


def demo(
    url: Annotated[str | None, typer.Option(help="play against a server that runs already")] = None,
    key: Annotated[str | None, typer.Option(help="its admin key", envvar="MIDCALL_KEY")] = None,
) -> None:
    """Write a function with a fault, see it reviewed, mend it, publish, test and invoke it; leaves nothing behind."""
    if (url is None) != (key is None):
        raise typer.BadParameter("--url and --key go together")
    if url and key:
        _play(url, key)
        return
    with _server() as (own_url, own_key):
        _play(own_url, own_key)
    typer.echo("\nEverything is stopped again: no process, no container, no file is left.")


def _play(url: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        story = _Story(client, f"quote_price_{os.getpid()}")
        try:
            story.submit_faulty()
            story.submit_mended()
            story.publish()
            story.test()
            story.invoke()
            story.invoke_wrongly()
            story.look_back()
        finally:
            story.clean_up()


class _Story:
    """The demo's steps, one method each."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name
        self._step = 0
        self._invocation = ""

    def submit_faulty(self) -> None:
        """Create the function with a fault in it and print the review."""
        self._title("A function is written, with a fault in it, and submitted for review")
        self._call(
            "POST",
            "/v1/functions",
            {
                "name": self._name,
                "display_name": "Quote Price",
                "description": "Quote the price of an order, when the caller asks what it will cost.",
                "kind": "code",
                "parameters": PARAMETERS,
                "timeout": 10,
                "code": {"source": FAULTY},
            },
        )
        self._show_review(FAULTY, self._call("POST", f"/v1/functions/{self._name}/versions/1/submit"))

    def submit_mended(self) -> None:
        """Make version 2 with the fault mended."""
        self._title("The author follows the suggestions: version 2")
        self._call("POST", f"/v1/functions/{self._name}/versions", {"code": {"source": MENDED}})
        self._show_review(MENDED, self._call("POST", f"/v1/functions/{self._name}/versions/2/submit"))

    def publish(self) -> None:
        """Publish version 2."""
        self._title("Version 2 is published: from now on it is what agents call")
        function = self._call("POST", f"/v1/functions/{self._name}/publish", {"version": 2})
        self._say(f"published: {function['published']}, sha256 {function['versions'][1]['sha256'][:16]}…")

    def test(self) -> None:
        """Run Test and print the report."""
        self._title("Test: one run in a throwaway container, everything shown")
        body = {"params": {"quantity": 3, "unit_price": "19.90"}, "session": {"direction": "inbound"}}
        report = self._call("POST", f"/v1/functions/{self._name}/test", body)
        self._say(f"status    {report['status']}")
        self._say(f"result    {_compact(report['result'])}")
        self._say(f"variables {_compact(report['dynamicVariables'])}")
        for line in report["logs"].splitlines():
            self._say(f"log       {line}")
        self._say(f"timings   {_timings(report)}")

    def invoke(self) -> None:
        """Invoke as an agent would."""
        self._title("Invoke: what an agent gets while its caller waits on the line")
        path, body = f"/v1/functions/{self._name}/invoke", {"params": {"quantity": "12", "unit_price": 4.5}}
        self._call("POST", path, body)  # the first call of a fresh process pays for its connections
        time.sleep(PACE_S)
        began = time.perf_counter()
        outcome = self._call("POST", path, body)
        took_ms = (time.perf_counter() - began) * 1000
        self._invocation = outcome["invocation_id"]
        self._say(f'sent      {_compact(body["params"])}   ("12" is text: converted to the declared integer)')
        self._say(f"status    {outcome['status']}")
        self._say(f"result    {_compact(outcome['result'])}")
        self._say(f"variables {_compact(outcome['dynamicVariables'])}")
        self._say(f"timings   {_timings(outcome)}; {took_ms:.1f} ms seen by this client over HTTP")

    def invoke_wrongly(self) -> None:
        """Invoke with a parameter missing, then with one that makes the code raise."""
        self._title("When it goes wrong, the agent still has something to say")
        for params in ({"quantity": 2}, {"quantity": 2, "unit_price": 0}):
            outcome = self._call("POST", f"/v1/functions/{self._name}/invoke", {"params": params})
            self._say(f"sent      {_compact(params)}")
            self._say(f"status    {outcome['status']}")
            self._say(f"for LLM   {outcome['result']}" if outcome["result"] else f"to say    {outcome['message']}")
            self._say(f"error     {outcome['error']['type']}: {outcome['error']['message']}\n")

    def look_back(self) -> None:
        """Read the invocation on record."""
        self._title("On record: who ran which bytes, and what came of it")
        record = self._call("GET", f"/v1/invocations/{self._invocation}")
        for field in ("id", "function", "version", "sha256", "status", "principal", "started_at", "sandbox_id"):
            self._say(f"{field:<10}{record[field]}")

    def clean_up(self) -> None:
        """Archive the function, if it came to be."""
        self._client.delete(f"/v1/functions/{self._name}")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._client.request(method, path, json=body)
        if answer.is_error:
            raise typer.BadParameter(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def _show_review(self, source: str, review: dict[str, Any]) -> None:
        lines = source.splitlines()
        for comment in review["comments"]:
            line, column = comment["line"], comment["column"]
            width = comment["end_column"] - column if comment["end_line"] == line else 1
            self._say(f"{line:>4} │ {lines[line - 1]}")
            self._say(f"     │ {' ' * (column - 1)}{'^' * max(1, width)}")
            self._say(f"     │ {comment['severity']} {comment['rule']}: {comment['message']}")
            self._say(f"     │ → {comment['suggestion']}\n")
        self._say(f"review: {review['status']} after {review['took_ms']} ms, policy {review['policy']}")

    def _title(self, text: str) -> None:
        self._step += 1
        typer.echo(f"\n{_RULE}\n{self._step}. {text}\n{_RULE}")

    def _say(self, text: str) -> None:
        typer.echo(f"   {text}")


@contextlib.contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """Start `midcall up` on embedded defaults in a directory that is removed again; gives URL and admin key."""
    typer.echo("Starting Redis, the sandbox pool, workers and the api …")
    with tempfile.TemporaryDirectory(prefix="midcall-demo-") as directory:
        port = _free_port()
        argv = [sys.executable, "-m", "midcall", "up", "--port", str(port), "--data-dir", directory]
        env = {name: value for name, value in os.environ.items() if not name.startswith("MIDCALL_")}
        env |= {"MIDCALL_RUNTIME_DIR": f"{directory}/run", "MIDCALL_POOL_ID": f"demo-{os.getpid()}"}
        env |= {"MIDCALL_LOG_LEVEL": "warning", "MIDCALL_POOL_SIZE": "2", "MIDCALL_LIVE_WORKERS": "1"}
        env |= {"MIDCALL_WORKERS": "1", "MIDCALL_SANDBOX_IMAGE": os.environ.get("MIDCALL_SANDBOX_IMAGE", "")}
        began = time.monotonic()
        with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:  # noqa: S603
            try:
                key = _await_key(process, Path(directory) / "admin.key", f"http://127.0.0.1:{port}")
                typer.echo(f"Ready after {time.monotonic() - began:.1f} s at http://127.0.0.1:{port}.")
                yield f"http://127.0.0.1:{port}", key
            finally:
                typer.echo("\nStopping …")
                process.terminate()
                process.wait(STOP_S)


def _await_key(process: "subprocess.Popen[bytes]", file: Path, url: str) -> str:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise typer.BadParameter("midcall up ended early; what it said stands above")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", trust_env=False, timeout=2).is_success:
                return file.read_text().strip()
        time.sleep(0.1)
    raise typer.BadParameter(f"midcall up was not ready after {START_S} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _timings(answer: dict[str, Any]) -> str:
    timings = answer["timings"]
    queued, inside, total = timings["queued_ms"], timings["sandbox_ms"], timings["total_ms"]
    return f"{queued:.0f} ms queued, {inside:.1f} ms in the sandbox, {total:.0f} ms in all"
