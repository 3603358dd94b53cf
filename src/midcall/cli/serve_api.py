"""`midcall api`."""

import uvicorn

from midcall.app import create_app
from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import open_storage

#: Calls under way when the api is told to stop may finish for this long.
STOP_S = 20
#: What a page of the UI may send at once.
MAX_MESSAGE_BYTES = 1024 * 1024


def api() -> None:
    """Serve the HTTP API."""
    settings = Settings()
    set_up_logs(settings, "api")
    # A missing schema or a faulty allow-list is told here in one line, not from inside the server.
    open_storage(settings).close()
    allow_list(settings)
    uvicorn.run(
        create_app(settings, ui=settings.ui),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="websockets-sansio" if settings.ui else "none",
        ws_max_size=MAX_MESSAGE_BYTES,
        timeout_graceful_shutdown=STOP_S,
    )
