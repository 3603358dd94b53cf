"""`midcall api`."""

import uvicorn

from midcall.app import create_app
from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.interpreter import loading
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.server import server_options
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import open_storage


def api() -> None:
    """Serve the HTTP API."""
    settings = Settings()
    set_up_logs(settings, "api")
    # A missing schema or a faulty allow-list is told here in one line, not from inside the server.
    open_storage(settings).close()
    allow_list(settings)
    with loading():
        app = create_app(settings, ui=settings.ui)
    uvicorn.run(app, host=settings.host, port=settings.port, **server_options(settings))
