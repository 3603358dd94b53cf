"""Agents."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Show the page."""
    with page_header("Agents", about="Which functions each agent has, in which phase and order."):
        pass
    empty("This page is being built", "Until then the API has all of it: see the API reference.", icon="construction")


PAGES = (Page("/agents", "Agents", build, needs=(Scope.READ,)),)
