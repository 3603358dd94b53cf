"""`midcall api`."""

import uvicorn

from midcall.app import create_app
from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import open_storage

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
