"""The pool daemon's main: the only process that speaks to the Docker Engine."""

from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.pool import pool_config
from midcall.bootstrap.settings import Settings, private_directory
from midcall.sandbox.serving import serve


def main(settings: Settings) -> None:
    """Serve the pool until SIGTERM or SIGINT, then leave no container."""
    set_up_logs(settings, "pool")
    private_directory(settings.runtime)
    serve(pool_config(settings))
