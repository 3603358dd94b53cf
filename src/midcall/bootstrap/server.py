"""How the api process serves HTTP."""

from typing import Any

from midcall.bootstrap.settings import Settings

#: Calls under way when the api is told to stop may finish for this long.
STOP_S = 20
#: What a page of the UI may send at once.
MAX_MESSAGE_BYTES = 1024 * 1024


def server_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options, but for where it listens."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # By default uvicorn believes whoever comes from 127.0.0.1; the app asks MIDCALL_TRUSTED_PROXIES.
        "proxy_headers": False,
        "ws": "websockets-sansio" if settings.ui else "none",
        "ws_max_size": MAX_MESSAGE_BYTES,
        "timeout_graceful_shutdown": STOP_S,
    }
