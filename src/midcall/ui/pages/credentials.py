"""Credentials."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Show the page."""
    with page_header("Credentials", about="Secrets that functions may use, and never see."):
        pass
    empty("This page is being built", "Until then the API has all of it: see the API reference.", icon="construction")


PAGES = (Page("/credentials", "Credentials", build, needs=(Scope.READ,), for_limited=False),)
