"""The one way in which commands print: whatever a text holds, it does nothing to the terminal."""

import json
from typing import Any

import typer

from midcall.domain.terminal import lines


def say(text: str, *, err: bool = False) -> None:
    """Print a text, to standard error if `err`."""
    typer.echo(lines(text), err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON in ASCII; DEL, the one control character that JSON leaves as it is, is escaped too."""
    typer.echo(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))
