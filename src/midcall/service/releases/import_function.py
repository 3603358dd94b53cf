"""Use case of imports: another vendor's config becomes a function of ours, looked at first or saved as a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.service.access.access import Caller
from midcall.service.credentials.inline_secrets import kept, restored
from midcall.service.functions.catalog import Catalog
from midcall.service.functions.form import FunctionForm, parse_function
from midcall.service.functions.review_version import Reviews
from midcall.vendors.imports.config import ImportNote
from midcall.vendors.imports.draft import ImportedFunction
from midcall.vendors.imports.readers import READERS, ImportVendor


@dataclass(frozen=True, slots=True)
class ImportView:
    """The result of an import. `config` is the version's document, its secrets are references to be masked.

    It is None where the vendor's config is nothing that midcall has; `notes` say why. `review` is there unless the
    function was created: then it is submitted for one.
    """

    config: Mapping[str, Any] | None
    notes: Sequence[ImportNote]
    display_name: str = ""
    review: Mapping[str, Any] | None = None
    created: bool = False


@dataclass(frozen=True, slots=True)
class FunctionImports:
    """Imports functions. Faults' paths lead into the vendor's config, as `config.url`."""

    catalog: Catalog
    reviews: Reviews

    def preview(self, caller: Caller, vendor: ImportVendor, config: Mapping[str, Any], name: str | None) -> ImportView:
        """Say what would become of a config; nothing is saved. Raises InvalidInput."""
        imported = _read(vendor, config, name)
        if imported.document is None:
            return ImportView(None, imported.notes)
        try:
            form = parse_function(imported.document)
            document = restored(form.config().to_stored(), {})
            review = self.reviews.preview(caller, form)
        except InvalidInput as error:
            raise _placed(error, imported) from error
        masked = kept(document, lambda _value, _loc: "preview")
        return ImportView(masked, imported.notes, _display_name(form), review)

    def create(self, caller: Caller, vendor: ImportVendor, config: Mapping[str, Any], name: str | None) -> ImportView:
        """Store what became of a config as version 1 of a new function, a draft; raises InvalidInput, NameTaken."""
        imported = _read(vendor, config, name)
        if imported.document is None:
            return ImportView(None, imported.notes)
        try:
            view = self.catalog.create(caller, parse_function(imported.document), own_words=False)
        except InvalidInput as error:
            raise _placed(error, imported) from error
        return ImportView(view.version.stored, imported.notes, view.function.display_name, created=True)


def _display_name(form: FunctionForm) -> str:
    return form.display_name or form.name


def _read(vendor: ImportVendor, config: Mapping[str, Any], name: str | None) -> ImportedFunction:
    try:
        return READERS[vendor](config, name)
    except InvalidInput as error:
        raise InvalidInput(faults=[Fault(_below_config(fault.loc), fault.msg) for fault in error.faults]) from error


def _placed(error: InvalidInput, imported: ImportedFunction) -> InvalidInput:
    """Lead faults of our document back to where they came from; what is made up by us is named as `function.…`."""
    faults = []
    for fault in error.faults:
        loc = imported.place(fault.loc)
        faults.append(Fault(loc if loc.startswith("function.") else _below_config(loc), fault.msg))
    return InvalidInput(error.message, faults=faults)


def _below_config(loc: str) -> str:
    return f"config.{loc}" if loc else "config"
