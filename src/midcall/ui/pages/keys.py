"""Keys."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Show the page."""
    with page_header("Keys", about="Who may call this workspace's API, and what they may do."):
        pass
    empty("This page is being built", "Until then the API has all of it: see the API reference.", icon="construction")


PAGES = (Page("/keys", "Keys", build, needs=(Scope.ADMIN,), for_limited=False),)
