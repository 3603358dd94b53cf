"""One command for each process."""

from typing import Annotated

import typer
import uvicorn

from midcall import pool as pool_process
from midcall import worker as worker_process
from midcall.app import create_app
from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import migrate_storage, open_storage
from midcall.cli.say import say
from midcall.sandbox.errors import EngineFailed, ImageMissing, PoolUnfit

#: Calls under way when the api is told to stop may finish for this long.
STOP_S = 20


def api() -> None:
    """Serve the HTTP API."""
    settings = Settings()
    set_up_logs(settings, "api")
    # A missing schema or a faulty allow-list is told here in one line, not from inside the server.
    open_storage(settings).close()
    allow_list(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )


def worker(
    *,
    live: Annotated[bool, typer.Option("--live", help="serve live calls alone")] = False,
    count: Annotated[int | None, typer.Option(min=1, max=256, help="processes; default by setting")] = None,
) -> None:
    """Run workers: live calls first, then tests."""
    settings = Settings()
    worker_process.main(
        settings, live_only=live, count=count or (settings.live_workers if live else max(1, settings.workers))
    )


def pool() -> None:
    """Run this host's sandbox pool."""
    try:
        pool_process.main(Settings())
    except (EngineFailed, ImageMissing, PoolUnfit) as error:
        say(f"midcall pool: {error}", err=True)
        raise typer.Exit(1) from error


def migrate() -> None:
    """Bring the database to the schema of this release."""
    settings = Settings()
    migrate_storage(settings)
    say("The database has the schema of this release.")
