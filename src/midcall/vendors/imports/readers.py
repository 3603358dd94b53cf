"""All vendors whose functions can be imported, by the word that names them in API and command line."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from midcall.vendors.imports import itellico, retell, subverse, vapi, vocobase
from midcall.vendors.imports.draft import ImportedFunction


class ImportVendor(StrEnum):
    """Whose config it is."""

    #: UponAI's too.
    RETELL = "retell"
    VOCOBASE = "vocobase"
    ITELLICO = "itellico"
    SUBVERSE = "subverse"
    VAPI = "vapi"


READERS: Mapping[ImportVendor, Callable[[Any, str | None], ImportedFunction]] = {
    ImportVendor.RETELL: retell.read,
    ImportVendor.VOCOBASE: vocobase.read,
    ImportVendor.ITELLICO: itellico.read,
    ImportVendor.SUBVERSE: subverse.read,
    ImportVendor.VAPI: vapi.read,
}
