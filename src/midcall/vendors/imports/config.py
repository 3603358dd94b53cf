"""Read a vendor's config field by field: what has the wrong type is a fault, what nobody took is a note."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.javascript_json import NotSerializable, stringify

#: A config with more fields than that which midcall does not know is none of that vendor's.
MAX_NOTES = 200
MAX_FAULTS = 100
#: Of one list; no list of ours may be longer either.
MAX_ENTRIES = 200
#: No time and no count in a config is larger.
MAX_NUMBER = 1_000_000_000
_SHOWN_CHARS = 80

UNKNOWN = "midcall knows no such field; it was not carried over"


@dataclass(frozen=True, slots=True)
class ImportNote:
    """A loss or a change of meaning in an import; `loc` is the path in the vendor's config."""

    loc: str
    msg: str


@dataclass(slots=True)
class ImportFindings:
    """The notes and faults that are found while one config is read."""

    notes: list[ImportNote] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def note(self, loc: str, msg: str) -> None:
        """Tell of something that was not carried over as it is; raises InvalidInput where there is no end of it."""
        if len(self.notes) == MAX_NOTES:
            told = f"more than {MAX_NOTES} fields cannot be carried over; is this the config of one function there?"
            raise InvalidInput(faults=[Fault("", told)])
        self.notes.append(ImportNote(loc, msg))

    def fault(self, loc: str, msg: str) -> None:
        """Tell of something that has to be put right first; raises InvalidInput where that is enough to begin with."""
        self.faults.append(Fault(loc, msg))
        if len(self.faults) == MAX_FAULTS:
            raise InvalidInput(faults=self.faults)


class Config:
    """One object of a vendor's config. What is null counts as left out."""

    def __init__(self, fields: Mapping[str, Any], findings: ImportFindings, loc: str = "") -> None:
        self.findings = findings
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._loc = loc
        self._taken: set[str] = set()
        self._below: list[Config] = []

    def at(self, name: str) -> str:
        """Return a field's path."""
        short = name if len(name) <= _SHOWN_CHARS else name[:_SHOWN_CHARS] + "…"
        return f"{self._loc}.{short}" if self._loc else short

    def has(self, name: str) -> bool:
        """Tell whether a field is there."""
        return name in self._fields

    def value(self, name: str) -> Any:
        """Take a field of any type; None if it is not there."""
        self._taken.add(name)
        return self._fields.get(name)

    def text(self, name: str) -> str | None:
        """Take a field that is a text; None where it is missing, or of another type, which is noted as a fault."""
        value = self.value(name)
        if value is None or isinstance(value, str):
            return value
        self.findings.fault(self.at(name), "must be a text")
        return None

    def plain(self, name: str) -> str | None:
        """Take a text; a number or a boolean is the text that it is in JSON (`limit=100`)."""
        value = self.value(name)
        if isinstance(value, bool | int | float):
            try:
                return stringify(value)
            except NotSerializable as error:
                self.findings.fault(self.at(name), str(error))
                return None
        return self.text(name)

    def flag(self, name: str) -> bool | None:
        """Take a field that is a boolean; None where it is missing, or of another type, which is noted as a fault."""
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return value
        self.findings.fault(self.at(name), "must be true or false")
        return None

    def number(self, name: str) -> float | None:
        """Take a field that is a number; None where it is missing, or of another type, which is noted as a fault."""
        value = self.value(name)
        if value is None or (type(value) in (int, float) and abs(value) <= MAX_NUMBER):
            return value  # type: ignore[no-any-return]
        self.findings.fault(self.at(name), f"must be a number, {MAX_NUMBER:,} at most")
        return None

    def child(self, name: str) -> "Config":
        """Take an object; an empty one if it is not there."""
        value = self.value(name)
        if value is not None and not isinstance(value, Mapping):
            self.findings.fault(self.at(name), "must be an object")
        return self._child(value if isinstance(value, Mapping) else {}, self.at(name))

    def children(self, name: str) -> list["Config"]:
        """Take a list of objects; an empty one if it is not there."""
        return [self._child(value, loc) for loc, value in self._items(name) if self._is_object(loc, value)]

    def texts(self, name: str) -> list[str]:
        """Take a list of texts."""
        found = []
        for loc, value in self._items(name):
            if isinstance(value, str):
                found.append(value)
            else:
                self.findings.fault(loc, "must be a text")
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """Take names and texts: an object, or a list of `{name | key, value}`."""
        if isinstance(self._fields.get(name), list):
            found: dict[str, str] = {}
            for one in self.children(name):
                word = "key" if one.has("key") else "name"
                key, value = one.text(word), one.plain("value")
                if key is None or value is None:
                    self.findings.fault(one.at("value" if key is not None else word), "required; add it")
                elif key in found:
                    self.findings.fault(one.at(word), "there twice; keep one")
                else:
                    found[key] = value
            return found
        listed = self.child(name)
        texts = {key: listed.plain(key) for key in listed.names()}
        return {key: value for key, value in texts.items() if value is not None}

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return tuple(self._fields)

    def leave(self, name: str, why: str) -> None:
        """Leave a field behind, and say why if it is there."""
        if self.value(name) is not None:
            self.findings.note(self.at(name), why)

    def finish(self) -> None:
        """Tell of every field that nobody took, here and below."""
        for name in self._fields:
            if name not in self._taken:
                self.findings.note(self.at(name), UNKNOWN)
        for child in self._below:
            child.finish()

    def _child(self, fields: Mapping[str, Any], loc: str) -> "Config":
        child = Config(fields, self.findings, loc)
        self._below.append(child)
        return child

    def _items(self, name: str) -> Iterator[tuple[str, Any]]:
        value = self.value(name)
        if value is not None and not isinstance(value, list):
            self.findings.fault(self.at(name), "must be a list")
        if isinstance(value, list) and len(value) > MAX_ENTRIES:
            self.findings.fault(self.at(name), f"more than {MAX_ENTRIES:,} entries; remove some")
            return
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield f"{self.at(name)}.{index}", item

    def _is_object(self, loc: str, value: Any) -> bool:
        if not isinstance(value, Mapping):
            self.findings.fault(loc, "must be an object")
        return isinstance(value, Mapping)
