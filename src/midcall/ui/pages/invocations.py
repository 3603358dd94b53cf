"""Invocations."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Show the page."""
    with page_header("Invocations", about="Every run: its logs, actions, timings and outcome."):
        pass
    empty("This page is being built", "Until then the API has all of it: see the API reference.", icon="construction")


PAGES = (Page("/invocations", "Invocations", build, needs=(Scope.READ,)),)
