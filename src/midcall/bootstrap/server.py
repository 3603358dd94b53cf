"""How the api process serves HTTP."""

import resource
from typing import Any

from midcall.bootstrap.settings import Settings
from midcall.web.connections import connections

#: Calls under way when the api is told to stop may finish for this long.
STOP_S = 20
#: What a page of the UI may send at once.
MAX_MESSAGE_BYTES = 1024 * 1024
#: Open files of everything else: databases, Redis, webhooks under way.
OTHER_FILES = 1_024
LEAST_CONNECTIONS = 64


def server_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options, but for where it listens."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # By default uvicorn believes whoever comes from 127.0.0.1; the app asks MIDCALL_TRUSTED_PROXIES.
        "proxy_headers": False,
        "http": connections(_room(settings.max_connections)),
        "ws": "websockets-sansio" if settings.ui else "none",
        "ws_max_size": MAX_MESSAGE_BYTES,
        "timeout_graceful_shutdown": STOP_S,
    }


def _room(connections: int) -> int:
    """Have as many open files as that takes, if this user may; returns how many connections there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    wanted = connections + OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(connections, soft - OTHER_FILES), LEAST_CONNECTIONS)
