"""What all pages of one process share."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI
from nicegui import app as nicegui_app
from starlette.requests import HTTPConnection

from midcall.domain.rates import Buckets
from midcall.service.runs.wait import InThread
from midcall.ui.confirmations import Confirmations
from midcall.ui.sign_ins import SignIns
from midcall.web.services import Services
from midcall.web.shared_threads import SharedThreads

PATH = "/ui"
COOKIE = "midcall_ui"
#: `light` or `dark`; without it the browser's own preference counts.
THEME_COOKIE = "midcall_theme"

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True, slots=True)
class Site:
    """The app that serves the UI, and who is signed in."""

    #: Its state has the services once its event loop runs.
    app: FastAPI
    public_url: str | None
    sign_ins: SignIns
    #: How often each client may try to sign in.
    tries: Buckets
    confirmations: Confirmations

    @property
    def services(self) -> Services:
        """Use cases: the same ones that the API calls."""
        found: Services = self.app.state.services
        return found

    @property
    def in_thread(self) -> InThread:
        """The runner of blocking service code, in the threads that the API's calls have."""
        threads: SharedThreads = self.app.state.service_threads
        return threads.run

    @property
    def cookie_path(self) -> str:
        """Where the browser sends the session's cookie: the UI alone."""
        return f"{urlsplit(self.public_url or '').path.rstrip('/')}{PATH}"

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Tell whether a browser's `Origin` is where this UI is served."""
        if self.public_url is not None:
            public = urlsplit(self.public_url)
            if origin == f"{public.scheme}://{public.netloc}":
                return True
        return bool(host) and origin in {f"http://{host}", f"https://{host}"}


def the_site() -> Site:
    """Return this process's site."""
    found: Site = nicegui_app.state.site
    return found


def prefix_of(connection: HTTPConnection) -> str:
    """Return what stands before a page's own path in the browser's address: /ui, and a proxy's prefix before it."""
    given = connection.headers.get("x-forwarded-prefix", "")
    return f"{given if _PREFIX.fullmatch(given) else ''}{connection.scope.get('root_path', '')}"
