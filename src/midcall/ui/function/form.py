"""Everything that the editor holds, as one document and back."""

from collections.abc import Sequence

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import Json, canonical
from midcall.service.credentials.inline_secrets import shown
from midcall.service.functions.catalog import SavedFunction
from midcall.ui.function.inputs import Section
from midcall.ui.function.source import SourceEditor


class SourceSection:
    """The source as a part of the editor."""

    def __init__(self, editor: SourceEditor) -> None:
        self.editor = editor

    def write(self, document: Json) -> None:
        """Show a document's source in the editor."""
        self.editor.write((document.get("code") or {}).get("source", ""))

    async def read(self, document: Json) -> None:
        """Put the source, as it stands in the browser, into a document."""
        document["code"] = {**(document.get("code") or {}), "source": await self.editor.read()}


async def read_all(sections: Sequence[Section], start: Json) -> Json:
    """Read every section onto a copy of a document; raises InvalidInput with the faults of all of them."""
    document, faults = dict(start), list[Fault]()
    for section in sections:
        try:
            await section.read(document)
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults=faults)
    return document


def document_of(saved: SavedFunction) -> Json:
    """Return what is saved as the editor shows it, secrets masked."""
    function = saved.view.function
    return {
        **shown(saved.open.version.stored),
        "name": function.name,
        "display_name": function.display_name,
        "tags": list(function.tags),
    }


def changes(saved: SavedFunction, document: Json) -> frozenset[str]:
    """Return the fields in which a document is another than what is saved."""
    before = document_of(saved)
    # As JSON, where true is not 1.
    return frozenset(
        name
        for name in before.keys() | document.keys()
        if canonical({name: before.get(name)}) != canonical({name: document.get(name)})
    )


def reviewable(document: Json) -> Json:
    """Return a document that can be reviewed though its name and description may be missing yet."""
    return {
        **document,
        "name": document.get("name") or "draft",
        "description": document.get("description") or "A draft that is being reviewed.",
    }
