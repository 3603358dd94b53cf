"""Put the UI into the api's app, at /ui."""

import os
import time
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from midcall.domain.rates import Buckets
from midcall.ui.sign_ins import SignIns

#: Tries to sign in that a client has at once, and gets back in a second.
TRIES, TRIES_PER_S = 5.0, 1.0

_HOME = "ui/functions"


def mount(app: FastAPI, *, data_dir: Path, public_url: str | None) -> None:
    """Serve the UI from an app; one app of a process can have it, since NiceGUI has one app of its own."""
    # Read when NiceGUI is imported. Nothing of ours is stored there: sessions are kept in memory.
    os.environ["NICEGUI_STORAGE_PATH"] = str(data_dir / "ui")

    from nicegui import app as pages  # noqa: PLC0415 (the reason is above)
    from nicegui import ui  # noqa: PLC0415

    from midcall.ui.assets import FOLDER  # noqa: PLC0415
    from midcall.ui.confirmations import Confirmations, add_confirm  # noqa: PLC0415
    from midcall.ui.edge import watch  # noqa: PLC0415
    from midcall.ui.guard import Guard  # noqa: PLC0415
    from midcall.ui.page import add_page  # noqa: PLC0415
    from midcall.ui.pages import PAGES  # noqa: PLC0415
    from midcall.ui.parts.defaults import set_defaults  # noqa: PLC0415
    from midcall.ui.sign_in import add_sign_in  # noqa: PLC0415
    from midcall.ui.site import PATH, Site  # noqa: PLC0415
    from midcall.ui.sockets import bind  # noqa: PLC0415

    if hasattr(pages.state, "site"):
        raise RuntimeError("this process serves a UI already; make its other apps with ui=False")
    clock = time.monotonic
    tries = Buckets(TRIES, TRIES_PER_S, clock)
    site = Site(
        app=app, public_url=public_url, sign_ins=SignIns(clock), tries=tries, confirmations=Confirmations(clock)
    )
    pages.state.site = site
    watch()
    set_defaults()
    bind(site)
    add_home(app)
    pages.add_static_files("/static", FOLDER)
    add_sign_in(pages, site)
    add_confirm(pages, site.confirmations)
    for page in PAGES:
        add_page(page)
    # A proxy that lets no WebSocket through is told so by the browser; polling would be a second way in to guard.
    pages.config.socket_io_js_transports = ["websocket"]
    # The first added is the innermost: it sees pages before they are compressed.
    pages.add_middleware(Guard, site=site)
    ui.run_with(
        app,
        mount_path=PATH,
        title="midcall",
        favicon=FOLDER / "icon.svg",
        dark=None,
        language="en-US",
        # No polling of bound attributes: bind to elements' own properties, which tell of changes themselves.
        binding_refresh_interval=None,
        # A phone that was away for less keeps its page, and what is typed into it.
        reconnect_timeout=30.0,
        tailwind=False,
        show_welcome_message=False,
    )


def add_home(app: FastAPI) -> None:
    """Lead from / and /ui to the first page; addresses are relative, for proxies with a path of their own."""

    async def home(request: Request) -> Response:
        to = "functions" if request.url.path.endswith("/ui/") else _HOME
        return Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": to})

    for path in ("/", "/ui", "/ui/"):
        app.add_api_route(path, home, include_in_schema=False)
