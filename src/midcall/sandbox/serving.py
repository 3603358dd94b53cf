"""Puts the parts together: engine, image, pool, self-probe, daemon."""

import threading
from collections.abc import Callable

import structlog

from midcall.sandbox.daemon import Daemon, stop_on_signals
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import PoolUnfit
from midcall.sandbox.image import ensure_image, seccomp_profile
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.pool import Pool
from midcall.sandbox.probe import probe

log = structlog.get_logger(__name__)

#: Connections to the Engine beyond one per run: boots, removals, the sweep.
SPARE_ENGINE_CONNECTIONS = 16


def serve(config: PoolConfig, *, stop: threading.Event | None = None, say: Callable[[str], None] | None = None) -> None:
    """Serve a pool until SIGTERM or SIGINT (or `stop`), then leave no container.

    Call it in the main thread, or hand in `stop`. `say` is told the steps of an image build. Raises ImageMissing,
    EngineFailed, or PoolUnfit where the self-probe found a limit that is not effective.
    """
    stop = stop or stop_on_signals()
    connections = config.max_concurrent + SPARE_ENGINE_CONNECTIONS
    with Engine(url=config.docker_url, timeout_s=config.engine_timeout_s, connections=connections) as engine:
        check_runtime(engine, config.runtime)
        image = config.image or ensure_image(
            engine, base=config.base_image, requirements=config.requirements, say=say or _log_step
        )
        pool = Pool(engine=engine, config=config, image=image, seccomp=seccomp_profile())
        try:
            pool.start()
            probe(pool, config.limits)
            Daemon(pool, config).serve(stop)
        finally:
            pool.close()


def check_runtime(engine: Engine, runtime: str | None) -> None:
    """Raise PoolUnfit for a runtime that the Engine was not told of; names with dots are containerd's to find."""
    if runtime is None or "." in runtime or runtime in (known := engine.runtimes()):
        return
    raise PoolUnfit(
        f"MIDCALL_SANDBOX_RUNTIME is {runtime}, which the Docker Engine does not know; it knows {', '.join(known)}. "
        "Add it to runtimes in the Engine's daemon.json, or unset the variable"
    )


def _log_step(step: str) -> None:
    log.info("image", step=step)
