"""Commands and processes print through one gate each, and nothing that strangers wrote acts on a terminal."""

import ast
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx
import pytest
import structlog
from tests.support.logs import set_up_logs as set_up_logs_of_tests

from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.cli import say as gate
from midcall.cli.demo.stage import Stage

#: Clears the screen, sets the window's title, types, turns the line round, and begins what looks like a line of ours.
HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\rgone\n2026-01-01T00:00:00Z [error    ] forged"
SOURCES = Path(gate.__file__).parent


@contextmanager
def logs(folder: Path, form: Literal["console", "json"]) -> Iterator[None]:
    """Set up the logs of a process as they are asked for, on what is standard error now, and take them back."""
    before = logging.root.handlers[:]
    logging.root.handlers.clear()
    set_up_logs(Settings(data_dir=folder, log_format=form), "test")
    try:
        yield
    finally:
        logging.root.handlers[:] = before
        set_up_logs_of_tests()
        structlog.contextvars.clear_contextvars()


def acting(text: str) -> set[str]:
    """Return what acts in a text that was printed; the renderer's own colours are off."""
    return {letter for letter in text if letter < " " or "\x7f" <= letter <= "\x9f" or letter == "\u202e"} - {"\n"}


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCES)))
def test_no_command_prints_past_the_gate(file: Path) -> None:
    """`typer.echo`, `print` and the streams themselves are for `say.py` alone."""
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    named = {ast.unparse(call) for call in calls}
    past = {"print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write", "sys.stderr.write"} & named
    assert past == set() or file.name == "say.py"


def test_what_a_command_says_only_stands_there(capsys: pytest.CaptureFixture[str]) -> None:
    """To both streams; the line feeds of its own texts stay."""
    gate.say(f"midcall: {HOSTILE}")
    gate.say(HOSTILE, err=True)
    printed = capsys.readouterr()
    assert acting(printed.out + printed.err) == set()
    assert r"\x1b[2J" in printed.out


def test_json_is_printed_in_ascii_and_read_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """`midcall run` and `midcall review` print what code wrote."""
    gate.say_json({"logs": HOSTILE + "\x7f", "é": 1})
    printed = capsys.readouterr().out
    assert acting(printed) == set()
    assert json.loads(printed) == {"logs": HOSTILE + "\x7f", "é": 1}


def test_the_demo_shows_a_servers_texts_in_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs, names and messages of whatever server it plays against."""
    with httpx.Client() as client:
        stage = Stage(client)
        stage.title(HOSTILE)
        stage.say(HOSTILE)
        stage.fact("log", HOSTILE)
    printed = capsys.readouterr().out
    assert acting(printed) == set()
    assert not any(line.startswith("2026") for line in printed.splitlines())


def test_a_processs_log_has_one_line_for_an_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values, exceptions and what libraries log: nothing acts, and no further line looks like an event."""
    with logs(tmp_path, "console"):
        log = structlog.get_logger()
        log.warning("told", reason=HOSTILE, word="\x1b[31m", several=[HOSTILE], error=ValueError(HOSTILE))
        log.warning("failed", exc_info=ValueError(HOSTILE))
        logging.getLogger("library").warning("said %s", HOSTILE)
    printed = capsys.readouterr().err
    assert acting(printed) == set()
    assert len([line for line in printed.splitlines() if line.startswith("20")]) == 2
    assert printed.count("forged") == 5


def test_a_log_in_json_has_one_line_for_an_event_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Machines read it; it is ASCII all the same."""
    with logs(tmp_path, "json"):
        structlog.get_logger().warning("told", reason=HOSTILE)
    printed = capsys.readouterr().err
    assert acting(printed) == set()
    assert json.loads(printed)["reason"] == HOSTILE
