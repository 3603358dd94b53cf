"""Sessions."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Show the page."""
    with page_header("Sessions", about="Conversations: what ran in each, and where its variables came from."):
        pass
    empty("This page is being built", "Until then the API has all of it: see the API reference.", icon="construction")


PAGES = (Page("/sessions", "Sessions", build, needs=(Scope.READ,)),)
