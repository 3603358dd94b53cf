"""Our function as it grows while a vendor's config is read: what is common to all vendors."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import RESERVED_NAMES, name_problem
from midcall.domain.function_config import Kind
from midcall.domain.http_headers import OWN_NAMES
from midcall.domain.retry import delay_ms
from midcall.vendors.imports.config import Config, ImportFindings, ImportNote

MAX_NAME, MAX_DISPLAY_NAME, MAX_DESCRIPTION = 63, 200, 1_024
#: Seconds.
MIN_TIMEOUT, MAX_TIMEOUT = 1, 600
MAX_RETRIES = 5
MS_PER_S = 1_000

_OTHER = re.compile(r"[^A-Za-z0-9_]+")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Parts that the longest path of a place has: `webhook.auth.token`.
_DEEPEST = 3

UNFILLED = "midcall says texts as they are and fills no {{…}} in them"


@dataclass(frozen=True, slots=True)
class ImportedFunction:
    """The result of an import: our document (None where it is nothing that midcall has) and what was lost.

    `places` leads from paths in the document to paths in the config, for faults that are found later.
    """

    document: Mapping[str, Any] | None
    notes: tuple[ImportNote, ...]
    places: Mapping[str, str]

    def place(self, loc: str) -> str:
        """Return where in the config a path of the document came from; `function.…` for what came from nowhere."""
        parts = loc.split(".", _DEEPEST)  # what follows is somebody's key, dots and all
        for length in range(min(len(parts), _DEEPEST), 0, -1):
            found = self.places.get(".".join(parts[:length]))
            if found is not None:
                return ".".join([found, *parts[length:]])
        return f"function.{loc}" if loc else ""


class FunctionDraft:
    """A function that is being put together from one config of `vendor`, to be called `name` if that is given."""

    def __init__(self, vendor: str, config: Config, name: str | None = None) -> None:
        self.vendor = vendor
        self.config = config
        self.findings: ImportFindings = config.findings
        self._chosen = name
        self._theirs = ""
        self._document: dict[str, Any] = {}
        self._places: dict[str, str] = {}

    def put(self, path: str, value: Any, loc: str = "") -> None:
        """Put a value at a path such as `webhook.url`, taken from `loc` of the config; None is left out."""
        if value is None:
            return
        *above, last = path.split(".")
        there = self._document
        for name in above:
            there = there.setdefault(name, {})
        there[last] = value
        if loc:
            self._places[path] = loc

    def note(self, loc: str, msg: str) -> None:
        """Tell of something that was not carried over as it is."""
        self.findings.note(loc, msg)

    def name(self, field: str, config: Config | None = None) -> None:
        """Take the name; one that does not fit is changed, and stays as the display name."""
        config = config or self.config
        loc, given = config.at(field), config.text(field)
        if given is None and self._chosen is None:
            self.findings.fault(loc, "required; add it")
            return
        name = fitting_name(given or "") if self._chosen is None else self._chosen
        self.put("name", name, loc)
        if given and name != given:
            self._theirs = given
            self.put("display_name", given[:MAX_DISPLAY_NAME], loc)
            why = "as was asked for" if self._chosen else name_problem(given)
            self.note(loc, f"called {name} here: {why}")

    def description(self, field: str, config: Config | None = None) -> None:
        """Take the description; one is made up where there is none, and a long one is cut."""
        config = config or self.config
        loc, given = config.at(field), config.text(field)
        if not given:
            self.put("description", f"Imported from {self.vendor}; say here when the agent should call it.", loc)
            self.note(loc, "has none; write down when the agent should call it")
            return
        if len(given) > MAX_DESCRIPTION:
            self.note(loc, f"cut after {MAX_DESCRIPTION:,} characters")
        if "{{" in given:
            self.note(loc, "midcall fills no {{…}} in descriptions")
        self.put("description", given[:MAX_DESCRIPTION], loc)

    def schema(self, path: str, field: str, config: Config | None = None) -> None:
        """Take a JSON Schema; one of another dialect is read as 2020-12."""
        config = config or self.config
        given = config.value(field)
        if given is None:
            return
        if not isinstance(given, Mapping):
            self.findings.fault(config.at(field), "must be a JSON Schema object")
            return
        schema = dict(given)
        dialect = schema.get("$schema", _DIALECT)
        if dialect != _DIALECT:
            del schema["$schema"]
            self.note(f"{config.at(field)}.$schema", "read as JSON Schema 2020-12, the one that midcall takes")
        self.put(path, schema, config.at(field))

    def headers(self, field: str, config: Config | None = None) -> Mapping[str, str]:
        """Take the headers, without those that midcall writes itself; returns them."""
        config = config or self.config
        found = {}
        for name, value in config.pairs(field).items():
            if name.lower() in OWN_NAMES:
                self.note(f"{config.at(field)}.{name}", "midcall sets this header itself; it was not carried over")
            else:
                found[name] = value
        self.put("webhook.headers", found, config.at(field))
        return found

    def said(self, text: str | None, loc: str) -> str | None:
        """Return a text that the agent says, None for an empty one; a note tells of placeholders in it."""
        if text and "{{" in text:
            self.note(loc, UNFILLED)
        return text or None

    def bounded(self, value: float | None, loc: str, least: int, most: int) -> int | None:
        """Round up to a whole number within bounds; a note tells where that is another one."""
        if value is None:
            return None
        whole = min(max(math.ceil(value), least), most)
        if whole != value:
            self.note(loc, f"{value:g} became {whole}: midcall takes whole numbers from {least} to {most}")
        return whole

    def finish(self) -> ImportedFunction:
        """Return what came of it; raises InvalidInput with all faults of the config."""
        self.config.finish()
        if self._theirs and self._document.get("webhook", {}).get("payload") == "call":
            self.note(self._places["name"], "the target is told the new name as well, in the body's `name`")
        if self.findings.faults:
            raise InvalidInput(faults=self.findings.faults)
        kind = Kind.CODE if "code" in self._document else Kind.WEBHOOK
        return ImportedFunction({"kind": kind.value, **self._document}, tuple(self.findings.notes), self._places)


def begin(config: Any) -> Config:
    """Begin to read a config; raises InvalidInput unless it is an object."""
    if not isinstance(config, Mapping):
        raise InvalidInput(faults=[Fault("", "give the config of one function, a JSON object")])
    return Config(config, ImportFindings())


def nothing(config: Config, loc: str, msg: str) -> ImportedFunction:
    """Return what came of a config that is nothing midcall has."""
    if config.findings.faults:
        raise InvalidInput(faults=config.findings.faults)
    return ImportedFunction(None, (*config.findings.notes, ImportNote(loc, msg)), {})


def fitting_name(given: str) -> str:
    """Return a name that midcall takes, the same one if it does."""
    # Of a name that is too long anyhow, no more is read: putting many accents in order takes time quadratic in them.
    name = given[: 2 * MAX_NAME]
    if name_problem(name) and name not in RESERVED_NAMES:
        ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        name = _OTHER.sub("_", ascii_only).strip("_").lower()[:MAX_NAME] or "imported_function"
        name = f"_{name}"[:MAX_NAME] if name[0].isdigit() else name
    return f"{name}_function" if name in RESERVED_NAMES else name


def whole_timeout(attempt: int, retries: int) -> int:
    """Return the seconds in which all attempts fit, with the waits between them; they may be over MAX_TIMEOUT."""
    waits = sum(delay_ms(number) for number in range(1, retries + 1))
    return attempt * (retries + 1) + math.ceil(waits / MS_PER_S)
