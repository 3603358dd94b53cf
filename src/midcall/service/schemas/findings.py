"""One finding of the validator: which part of a value it is about, all that is said of that part, and what may be told.

Nothing sensitive may be, and nothing that midcall fills: paths end where such a thing begins, since names in it are
values of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from midcall.domain.moments import days_of
from midcall.domain.pattern_samples import pattern_sample
from midcall.domain.places import Place
from midcall.domain.schema_description import SchemaDescription, kinds_of, sample_of_kind, word
from midcall.domain.subschemas import MANY, NAMED, ONE

#: Keywords whose schemas speak of what is in the value.
_DOWN = frozenset(
    {
        *("additionalProperties", "contains", "items", "patternProperties", "prefixItems", "properties"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
#: Structure that says nothing of the value itself once one part of it has been found wanting.
_STRUCTURE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref"})
_BRANCHES = 8
_TWO_READINGS = 2
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_NUMBERS = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class RejectedValue:
    """The part of a value that does not fit. `secret`: nothing of it may be told; `filled`: midcall fills it."""

    value: Any
    loc: str
    place: Place | None
    secret: bool = False
    filled: bool = False

    @property
    def discreet(self) -> bool:
        """Whether no choice may be told: it is for something sensitive, here or further down."""
        return self.secret or (self.place is not None and self.place.secret)


@dataclass(frozen=True, slots=True)
class SchemaFinding:
    """One finding, and the schemas that speak of the value that it is about, the outermost first.

    `keyword` is the one that the value breaks, in the last of them. `verb` is what whoever reads it is to do.
    """

    error: jsonschema_rs.ValidationError
    words: SchemaDescription
    verb: str
    seen: RejectedValue
    said: Sequence[Mapping[str, Any]]
    keyword: str

    @property
    def kind(self) -> str:
        """The validator's word for the kind of error."""
        return self.error.kind.name

    @property
    def last(self) -> Mapping[str, Any]:
        """The schema that holds the keyword."""
        return self.said[-1] if self.said else {}

    def told(self, schema: Any) -> str:
        """Say what a schema wants of this value."""
        return self.words.wanted(schema, secret=self.seen.discreet)

    def whole(self) -> dict[str, Any]:
        """Return what is said of the value as one schema."""
        whole: dict[str, Any] = {}
        for schema in (each for said in self.said for each in (*_beside(said, self.words), said)):
            whole |= {name: value for name, value in schema.items() if name not in _STRUCTURE}
        if self.keyword in {"anyOf", "oneOf"}:
            whole[self.keyword] = self.last.get(self.keyword)
        return whole

    def give(self) -> str:
        """Say what to give, with an example where there is one, and what was sent."""
        whole = self.whole()
        wanted = f"{self.verb} {self.told(whole)}"
        example = self.example(self.said, whole)
        if example is None and self.kind == "type":
            example = sample_of_kind(whole)
        if example is None and "pattern" in whole and not self.seen.secret:
            wanted += self._about()
        return f"{wanted}{such(example, wanted)}{self.sent()}"

    def example(self, said: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> Any:
        """Return an example of what schemas say of one value; where they name none, one of their pattern."""
        found = self.words.example(said, secret=self.seen.discreet)
        return _fitting(whole) if found is None and isinstance(whole.get("pattern"), str) else found

    def sent(self) -> str:
        """Quote what was sent, where it is short and may be told, and say which readings it has."""
        value = self.seen.value
        if self.seen.secret or isinstance(value, Mapping | list) or value is None or value == "":
            return ""
        told = word(value)
        if not told.isprintable():
            return ""
        if not isinstance(value, str):
            return f" (not {told})"
        readings = self._readings(value)
        if len(readings) == _TWO_READINGS:
            return f'; "{told}" may be {readings[0]} or {readings[1]}: ask which is meant'
        return f' (not "{told}")'

    def _readings(self, value: str) -> Sequence[str]:
        if any("date" in str(schema.get("format")) for schema in self.said):
            return days_of(value)
        if _THOUSANDS.fullmatch(value.strip()) and any(_NUMBERS & set(kinds_of(schema)) for schema in self.said):
            return value.replace(",", "").strip(), str(float(value.replace(",", ".")))
        return ()

    def _about(self) -> str:
        """Return what the author says of the value, where no example shows its form."""
        found = [each["description"] for each in self.said if isinstance(each.get("description"), str)]
        return f" ({found[0]:.150})" if found and not any(name in found[0] for name in self.words.untold) else ""


def nearer(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Of branches none of which holds, return the findings of the one that the value is of the type of."""
    context = getattr(error.kind, "context", None)
    if error.kind.name not in {"anyOf", "oneOf"} or not context:
        return []
    here = list(error.instance_path)
    close = [
        found
        for found in context
        if found and all(list(each.instance_path) != here or each.kind.name == "required" for each in found)
    ]
    return list(close[0]) if len(close) == 1 else []


def seen_at(place: Place, value: Any, path: Sequence[str | int], loc: str) -> RejectedValue:
    """Follow the path to what does not fit, no further than to what is sensitive or filled."""
    at: Place | None = place
    secret = place.sensitive
    for step in path:
        if secret:
            break
        if at is not None:
            at = at.named(step) if isinstance(step, str) else at.entry(step)
        loc = f"{loc}.{step}"
        value = _inside(value, step)
        secret = at is not None and at.sensitive
        if at is not None and at.hidden:
            return RejectedValue(value, loc, at, secret=True, filled=True)
    # What stands where something sensitive should be is sensitive as a whole.
    whole = at is not None and at.secret and not isinstance(value, Mapping | list)
    return RejectedValue(value, loc, at, secret=secret or whole)


def said_at(words: SchemaDescription, path: Sequence[str | int]) -> tuple[list[Mapping[str, Any]], str]:
    """Follow a path of keywords; returns the schemas that speak of the value it ends at, and the last keyword."""
    node: Any = words.root
    said: list[Mapping[str, Any]] = [words.root]
    left = list(path)
    keyword = ""
    while left and isinstance(node, Mapping):
        step = left.pop(0)
        keyword = str(step)
        if step == "propertyNames":
            break
        if step == "$ref":
            node = words.target(node.get("$ref"))
        elif step in NAMED | MANY and left:
            node = _inside(node.get(step), left.pop(0))
        elif step in ONE and left:
            node = node.get(step)
        else:
            break
        if step in _DOWN and (left or node is False):
            said = []
        if isinstance(node, Mapping):
            said.append(node)
    return said, keyword


def such(example: Any, told: str) -> str:
    """Add an example, unless one of the choices that are told is it."""
    if example is None or ("one of: " in told and word(example) in told):
        return ""
    return f", such as {word(example)}"


def _beside(schema: Mapping[str, Any], words: SchemaDescription) -> Iterator[Mapping[str, Any]]:
    """Yield what `allOf` and a reference say of the same value."""
    branches = schema.get("allOf")
    for branch in [schema, *(branches[:_BRANCHES] if isinstance(branches, list) else ())]:
        if isinstance(branch, Mapping) and "$ref" in branch:
            target = words.target(branch["$ref"])
            yield target if isinstance(target, Mapping) else {}
        if isinstance(branch, Mapping) and branch is not schema:
            yield branch


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping) and isinstance(step, str):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def _fitting(schema: Mapping[str, Any]) -> str | None:
    """Make an example of a pattern, if it holds against the schema's own keywords."""
    made = pattern_sample(schema["pattern"])
    if made is None:
        return None
    asked = {name: schema[name] for name in ("pattern", "minLength", "maxLength", "format") if name in schema}
    options = jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20)
    return made if jsonschema_rs.Draft202012Validator(asked, pattern_options=options).is_valid(made) else None
