"""Store what the editor holds, and what is said of it."""

from midcall.domain.jsonvalue import Json
from midcall.service.access.access import Caller
from midcall.service.functions.catalog import SavedFunction
from midcall.service.functions.form import parse_function
from midcall.ui.function.form import changes
from midcall.ui.page_context import PageContext

#: What is said when a version was submitted, by its status.
SAID = {
    "approved": "Approved. Next: publish it.",
    "changes_requested": "The review found things to mend.",
    "pending_approval": "Reviewed. It waits for a person now.",
}


def store(context: PageContext, caller: Caller, saved: SavedFunction, document: Json, latest: int) -> SavedFunction:
    """Save what is changed in a document.

    Raises StaleVersion if `latest` is not the latest number, InvalidInput for what is no valid function.
    """
    name, base = saved.view.function.name, saved.open.version.number
    form, changed = parse_function(document), changes(saved, document)
    return context.services.catalog.save(caller, name, form, changed, base=base, if_match=latest)
