"""Wiring of the pool daemon: settings to one frozen value, and nothing that holds a secret."""

from midcall.bootstrap.settings import Settings
from midcall.sandbox.limits import PoolConfig

DEFAULT_DOCKER_URL = "unix:///var/run/docker.sock"


def pool_config(settings: Settings) -> PoolConfig:
    """Read the pool's part of the settings."""
    return PoolConfig(
        socket=settings.pool_socket,
        pool_id=settings.pool_label,
        image=settings.sandbox_image,
        requirements=settings.sandbox_requirements,
        size=settings.pool_size,
        max_concurrent=settings.pool_max_busy,
        docker_url=settings.docker_url or DEFAULT_DOCKER_URL,
        peer_uid=settings.pool_peer_uid,
        runtime=settings.sandbox_runtime,
        jails=settings.jails,
    )
