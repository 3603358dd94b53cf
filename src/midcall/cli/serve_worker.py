"""`midcall worker`."""

from typing import Annotated

import typer

from midcall import worker as process
from midcall.bootstrap.settings import Settings


def worker(
    *,
    live: Annotated[bool, typer.Option("--live", help="serve live calls alone")] = False,
    count: Annotated[int | None, typer.Option(min=1, max=256, help="processes; default by setting")] = None,
) -> None:
    """Run workers: live calls first, then tests."""
    settings = Settings()
    process.main(settings, live_only=live, count=count or (settings.live_workers if live else max(1, settings.workers)))
