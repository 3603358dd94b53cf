"""Tools for one file of code: review it, or run it."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.pool import pool_config
from midcall.bootstrap.settings import Settings, private_directory
from midcall.cli.say import say, say_json
from midcall.domain.errors import SandboxUnavailable
from midcall.domain.function import source_problem
from midcall.domain.ids import new_id
from midcall.domain.jsonvalue import NotJson, parse
from midcall.domain.phases import Phase
from midcall.domain.review import Subject
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.session import session_body
from midcall.domain.times import now_ms
from midcall.reviewer import SubprocessReviewer
from midcall.sandbox.client import PoolClient
from midcall.sandbox.serving import serve

DEFAULT_TIMEOUT_S = 120
#: Seconds for a pool of one's own to start, an image build included.
START_S = 900

SourceFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Python source")]


def review(file: SourceFile) -> None:
    """Review a file; prints the review as JSON, and exits with 1 if it would be refused."""
    reviewer = SubprocessReviewer(children=1, allowed=allow_list(Settings()))
    try:
        findings = reviewer.review(Subject(_source(file)))
    finally:
        reviewer.close()
    status = "approved" if findings.clean else "changes_requested"
    comments = [asdict(comment) for comment in findings.comments]
    shown = {"status": status, "policy": findings.policy, "took_ms": round(findings.took_ms, 2), "comments": comments}
    say_json(shown)
    raise typer.Exit(0 if findings.clean else 1)


def run(
    file: SourceFile,
    session: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="session body as JSON")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=600, help="seconds")] = DEFAULT_TIMEOUT_S,
) -> None:
    """Run a file in the sandbox WITHOUT review and print the report as JSON: the operator's own tool."""
    settings = Settings()
    set_up_logs(settings, "run")  # to standard error: standard output is the report's
    deadline_ms = int(timeout * 1000)
    request = RunRequest(
        run_id=new_id("run"), source=_source(file), session=_session(session, deadline_ms), deadline_ms=deadline_ms
    )
    with _pool(settings) as client:
        report = client.run(request)
    say_json(_shown(report))


@contextlib.contextmanager
def _pool(settings: Settings) -> Iterator[PoolClient]:
    """Use the pool that runs on this host, or one of one's own for as long as this command runs."""
    client = PoolClient(settings.pool_socket)
    try:
        client.status()
    except SandboxUnavailable:
        with _own_pool(settings) as own:
            yield own
    else:
        yield client


@contextlib.contextmanager
def _own_pool(settings: Settings) -> Iterator[PoolClient]:
    with tempfile.TemporaryDirectory(prefix="midcall-run-") as directory:
        socket = private_directory(Path(directory)) / "pool.sock"
        config = replace(pool_config(settings), socket=socket, pool_id=f"run-{os.getpid()}", size=1, max_concurrent=1)
        stop = threading.Event()
        failure: list[Exception] = []

        def serving() -> None:
            try:
                serve(config, stop=stop, say=lambda step: say(step, err=True))
            except Exception as error:  # a thread's edge: told by the command below
                failure.append(error)

        thread = threading.Thread(target=serving, name="pool")
        thread.start()
        try:
            yield _ready(PoolClient(socket), thread, failure)
        finally:
            stop.set()
            thread.join()


def _ready(client: PoolClient, thread: threading.Thread, failure: list[Exception]) -> PoolClient:
    give_up_at = now_ms() + START_S * 1000
    while now_ms() < give_up_at:
        try:
            if client.status().get("ready", True):
                return client
        except SandboxUnavailable:
            thread.join(0.05)
        if not thread.is_alive():
            break
    raise SandboxUnavailable(f"the sandbox pool did not start: {failure[0] if failure else 'no reason given'}")


def _source(file: Path) -> str:
    try:
        source = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not UTF-8 at byte {error.start}") from error
    problem = source_problem(source)
    if problem:
        raise typer.BadParameter(f"{file}: {problem}")
    return source


def _session(file: Path | None, deadline_ms: int) -> dict[str, Any]:
    given: Any = {}
    if file is not None:
        try:
            given = parse(file.read_bytes())
        except NotJson as error:
            raise typer.BadParameter(f"{file}: {error}") from error
    if not isinstance(given, dict):
        raise typer.BadParameter(f"{file}: a session body is a JSON object")
    params = given.get("params")
    body = session_body(
        given,
        session_id="run",
        phase=Phase.DURING_SESSION,
        environment="production",
        params=params if isinstance(params, dict) else {},
        now=now_ms(),
        deadline_ms=deadline_ms,
    )
    return {**body, **given, "deadlineMs": deadline_ms}


def _shown(report: RunReport) -> dict[str, Any]:
    shown = asdict(report)
    waited, inside = shown.pop("waited_ms"), shown.pop("sandbox_ms")
    timings = {"queued_ms": waited, "sandbox_ms": inside, "total_ms": round(waited + inside, 2)}
    return {**shown, "status": report.status.value, "timings": timings}
