"""`midcall`: one command for each process, and the operator's tools."""

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from midcall import __version__
from midcall.bootstrap.interpreter import loading
from midcall.bootstrap.settings import BadSetting
from midcall.cli.say import say
from midcall.domain.errors import MidcallError

#: Where each command, or group of them, stands. Its module is loaded when it is called for: the pool would otherwise
#: load the web framework and the database's drivers, which it must not need, and take a second longer to be back.
COMMANDS = {
    "api": "midcall.cli.serve_api:api",
    "worker": "midcall.cli.serve_worker:worker",
    "pool": "midcall.cli.serve_pool:pool",
    "migrate": "midcall.cli.migrate:migrate",
    "doctor": "midcall.cli.doctor:doctor",
    "demo": "midcall.cli.demo:demo",
    "review": "midcall.cli.function:review",
    "run": "midcall.cli.function:run",
    "import": "midcall.cli.vendor_import:import_file",
    "up": "midcall.cli.up:run",
    "key": "midcall.cli.operator:keys",
    "workspace": "midcall.cli.operator:workspaces",
    "secrets": "midcall.cli.secrets:app",
    "sandbox": "midcall.cli.operator:sandbox",
}


class Commands(TyperGroup):
    """The commands of the table, beside those that are declared here. Typed loosely: typer keeps its click private."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name them in the order of the table."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the one that is called for."""
        return load(cmd_name) if cmd_name in COMMANDS else super().get_command(ctx, cmd_name)


def load(name: str) -> Any:
    """Import a command of the table, or a group of them."""
    module, _, attribute = COMMANDS[name].partition(":")
    with loading():
        found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    help="Custom functions for AI agents, on your own machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def midcall() -> None:
    """Take no options of its own."""


@app.command()
def version() -> None:
    """Print the version."""
    say(__version__)


def main() -> None:
    """Run the command line; what is wrong is told in one line, without a traceback."""
    try:
        app()
    except (BadSetting, MidcallError) as error:
        say(f"midcall: {error}", err=True)
        sys.exit(1)
