"""`midcall pool`."""

import typer

from midcall import pool as process
from midcall.bootstrap.settings import Settings
from midcall.cli.say import say
from midcall.sandbox.errors import EngineFailed, ImageMissing, PoolUnfit


def pool() -> None:
    """Run this host's sandbox pool."""
    try:
        process.main(Settings())
    except (EngineFailed, ImageMissing, PoolUnfit) as error:
        say(f"midcall pool: {error}", err=True)
        raise typer.Exit(1) from error
