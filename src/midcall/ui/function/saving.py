"""Read and store what the editor works on: the use cases of one function, as it needs them."""

from midcall.domain.jsonvalue import Json
from midcall.service.access.access import Caller
from midcall.service.functions.form import parse_function
from midcall.ui.function.form import APART, changes
from midcall.ui.function.opened import Saved
from midcall.ui.page_context import PageContext

#: What is said when a version was submitted, by its status.
SAID = {
    "approved": "Approved. Next: publish it.",
    "changes_requested": "The review found things to mend.",
    "pending_approval": "Reviewed. It waits for a person now.",
}


def read_saved(context: PageContext, caller: Caller, name: str, number: int | None = None) -> Saved:
    """Read a function, and one of its versions (the latest one)."""
    catalog = context.services.catalog
    view = catalog.get(caller, name)
    return Saved(view, catalog.version(caller, name, view.version.number if number is None else number))


def store(context: PageContext, caller: Caller, saved: Saved, document: Json, latest: int) -> Saved:
    """Save a changed document as the next version, and what is no part of a version beside it.

    Raises StaleVersion if `latest` is not the latest number, InvalidInput for what is no valid function.
    """
    catalog, name = context.services.catalog, saved.view.function.name
    form, changed, number = parse_function(document), changes(saved, document), saved.open.version.number
    if changed - APART:
        number = catalog.add_whole_version(caller, name, form, base=number, if_match=latest).version.number
    if changed & APART:
        catalog.describe(caller, name, display_name=document["display_name"], tags=document["tags"])
    return read_saved(context, caller, name, number)
