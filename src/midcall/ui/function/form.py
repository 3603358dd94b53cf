"""Everything that the editor holds, as one document and back."""

from collections.abc import Sequence

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.patch import patch_between, unsayable
from midcall.service.credentials.inline_secrets import shown
from midcall.ui.function.opened import Json, Saved
from midcall.ui.function.sheet import Section
from midcall.ui.function.source import SourceEditor

#: What is no part of a version.
APART = ("display_name", "tags")
#: Where null means something.
_FREE = ("parameters", "output_schema")


class Source:
    """The source as a part of the editor."""

    def __init__(self, editor: SourceEditor) -> None:
        self.editor = editor

    def write(self, document: Json) -> None:
        """Show it."""
        self.editor.write((document.get("code") or {}).get("source", ""))

    async def read(self, document: Json) -> None:
        """Read it."""
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


def document_of(saved: Saved) -> Json:
    """Return what is saved as the editor shows it, secrets masked."""
    function = saved.view.function
    return {
        **shown(saved.open.version.stored),
        "name": function.name,
        "display_name": function.display_name,
        "tags": list(function.tags),
    }


def changes(saved: Saved, document: Json) -> Json:
    """Return the merge patch that makes a document of what is saved; raises InvalidInput for what none can say."""
    patch = patch_between(document_of(saved), document)
    nulls = [path for name in _FREE if name in patch for path in unsayable({name: patch[name]}, document)]
    body = patch.get("webhook", {}).get("body")
    if isinstance(body, dict):
        nulls += unsayable(body, document["webhook"]["body"], "webhook.body")
    if nulls:
        raise InvalidInput(
            faults=[Fault(path, "a new null cannot be saved here; leave the field out") for path in nulls]
        )
    return patch


def reviewable(document: Json) -> Json:
    """Return a document that can be reviewed though its name and description may be missing yet."""
    return {
        **document,
        "name": document.get("name") or "draft",
        "description": document.get("description") or "A draft that is being reviewed.",
    }
