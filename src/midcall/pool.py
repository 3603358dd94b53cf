"""The pool daemon's main: the only process that speaks to the Docker Engine."""

from midcall.bootstrap.interpreter import tune_interpreter
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.pool import pool_config
from midcall.bootstrap.settings import Settings, private_directory
from midcall.sandbox.serving import serve

#: A thread that boots or removes a container gives way to one with a call after this long; Python's 5 ms are audible.
SWITCH_S = 0.0005


def main(settings: Settings) -> None:
    """Serve the pool until SIGTERM or SIGINT, then leave no container."""
    set_up_logs(settings, "pool")
    private_directory(settings.runtime)
    tune_interpreter(switch_s=SWITCH_S)
    serve(pool_config(settings))
