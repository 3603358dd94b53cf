"""`midcall`: one command for each process, and the operator's tools."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from midcall import __version__
from midcall.bootstrap.settings import BadSetting, Settings
from midcall.cli import demo as demo_command
from midcall.cli import doctor as doctor_command
from midcall.cli import files, operator, secrets, serve, vendor_import
from midcall.cli.say import say
from midcall.cli.up import up as run_up
from midcall.domain.errors import MidcallError

app = typer.Typer(
    help="Custom functions for AI agents, on your own machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve.api)
app.command()(serve.worker)
app.command()(serve.pool)
app.command()(serve.migrate)
app.command()(doctor_command.doctor)
app.command()(demo_command.demo)
app.command()(files.review)
app.command(name="run")(files.run)
app.command(name="import")(vendor_import.import_file)
app.add_typer(operator.keys, name="key")
app.add_typer(operator.workspaces, name="workspace")
app.add_typer(secrets.app, name="secrets")
app.add_typer(operator.sandbox, name="sandbox")


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="where the api listens; default 8787")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="database and keys; default .midcall")] = None,
) -> None:
    """Run all of midcall on this machine until Ctrl-C."""
    given = {"port": port, "data_dir": data_dir}
    run_up(Settings(**{name: value for name, value in given.items() if value is not None}))  # type: ignore[arg-type]


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
