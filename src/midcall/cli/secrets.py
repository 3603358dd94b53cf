"""`midcall secrets`: the keys that secrets are encrypted with."""

import typer

from midcall.bootstrap.settings import Settings, new_secret_key
from midcall.bootstrap.store import open_storage, wire_cipher
from midcall.cli.say import say
from midcall.service.credentials.rotation import SecretRotation

app = typer.Typer(help="The keys that secrets are encrypted with.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new key; it does nothing until it stands in MIDCALL_SECRET_KEYS or in the file secret.keys."""
    say(new_secret_key())


@app.command("rotate")
def rotate() -> None:
    """Encrypt every stored secret under the first key, while everything runs; exits with 1 where some are not."""
    settings = Settings()
    storage = open_storage(settings)
    try:
        found = SecretRotation(storage=storage, cipher=wire_cipher(settings)).rotate()
    finally:
        storage.close()
    for table in found:
        say(
            f"{table.table}: {table.renewed} encrypted anew, {table.current} under the first key already, "
            f"{table.changed} changed meanwhile, {table.unreadable} unreadable"
        )
    if any(table.unreadable for table in found):
        say("None of the keys opens the unreadable ones: put the key back that does, or save them anew.", err=True)
    elif any(table.changed for table in found):
        say("Some were written meanwhile: run this again.", err=True)
    else:
        say("All secrets are under the first key; the others may go once every process has it first.")
        return
    raise typer.Exit(1)
