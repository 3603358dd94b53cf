"""One function: its editor."""

from midcall.domain.workspace import Scope
from midcall.ui.page import Page
from midcall.ui.parts.empty import empty
from midcall.ui.parts.header import page_header
from midcall.ui.visit import Visit

_BACK = (("Functions", "/functions"),)


async def new(_visit: Visit) -> None:
    """Begin a new function."""
    with page_header("New function", back=_BACK):
        pass
    empty("The editor is being built", "Until then, create functions over the API.", icon="construction")


async def edit(visit: Visit, name: str) -> None:
    """Show a function."""
    view = await visit.call(Scope.READ, lambda caller: visit.services.catalog.get(caller, name))
    with page_header(view.function.display_name, back=_BACK):
        pass
    empty("The editor is being built", "Until then, change functions over the API.", icon="construction")


PAGES = (
    # The names of functions are words of letters, digits and underscores: none of them has a dash.
    Page("/new-function", "New function", new, needs=(Scope.WRITE,)),
    Page("/functions/{name}", "Function", edit),
)
