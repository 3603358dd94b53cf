"""Typed conversion of a whole value beside its schema, at any depth: lists, objects, branches, JSON written as text.

What fits as it was sent stays as it is. `strict` turns conversion off for a parameter and all that is in it.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.conversion import Locale, convert
from midcall.domain.expanded import Unexpandable, expanded
from midcall.domain.jsonvalue import NotJson, parse_text
from midcall.domain.moments import is_date, is_date_time, is_time
from midcall.domain.phone import asks_phone, is_e164
from midcall.domain.places import OPTIONS

#: Parts of a schema that are held against parts of a value.
MAX_STEPS = 200_000
_CHOICES_OF_A_STEP = 4
_LETTERS_OF_A_STEP = 16
_STEPS_OF_A_PHONE = 8
#: Texts of JSON that are read; more is no list or object that an LLM wrote.
_LONGEST_JSON = 256 * 1024

#: What models write for a parameter that they have no value for.
_BLANKS = frozenset({"", "null", "none", "undefined", "nil", "n/a"})
_NULL = "null"
#: Words of Python in what it writes of a list or an object.
_PYTHON = {"None": "null", "True": "true", "False": "false"}
_PYTHON_WORDS = re.compile(r"\b(?:None|True|False)\b(?=\s*[,\]}])")

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (Mapping,),
    "null": (type(None),),
}

_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_date_time,
    "time": is_time,
    "email": lambda text: "@" in text,
}


def converted(schema: Mapping[str, Any], params: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    """Return parameters with what plainly means something of its declared type as that.

    Blank words (`""`, `"null"`) for optional parameters that take no such text count as left out. Where all of it takes
    too many steps, single values at the top alone are converted.
    """
    try:
        whole = expanded(schema)
    except Unexpandable:
        whole = dict(schema)
    try:
        return dict(_Conversion(Budget(MAX_STEPS, seconds=math.inf), locale).object_of(whole, params))
    except BudgetSpent:
        properties = schema.get("properties", {})
        return {
            name: value if is_strict(declared := properties.get(name)) else convert(declared, value, locale)
            for name, value in params.items()
        }


def is_strict(schema: Any) -> bool:
    """Tell whether a schema says that its values are taken as they are sent, or not at all."""
    if not isinstance(schema, Mapping):
        return False
    options = schema.get(OPTIONS)
    return schema.get("strict") is True or (isinstance(options, Mapping) and options.get("strict") is True)


@dataclass(slots=True)
class _Conversion:
    """One value being read beside its schema."""

    budget: Budget
    locale: Locale

    def of(self, schema: Any, value: Any) -> Any:
        self.budget.spend()
        if not isinstance(schema, Mapping) or is_strict(schema):
            return value
        return self._combined(schema, self._own(schema, value))

    def object_of(self, schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
        """Convert what is in an object, and leave out what is blank and optional."""
        if is_strict(schema):
            return dict(value)
        made: dict[str, Any] = self._combined(schema, self._members(schema, value))
        return made

    def _combined(self, schema: Mapping[str, Any], made: Any) -> Any:
        """Convert by the schemas within one as well."""
        for branch in schema.get("allOf", ()):
            made = self.of(branch, made)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                made = self._branch(schema[word], made)
        return made

    def _members(self, schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        required: Sequence[str] = schema.get("required", ())
        needed = frozenset(required)
        self.budget.spend(len(required) // _CHOICES_OF_A_STEP)
        kept = {}
        for name, child in value.items():
            declared = properties.get(name, others)
            made = self.of(declared, child)
            if name not in properties or name in needed or not self._blank(declared, made):
                kept[name] = made
        return kept

    def _blank(self, declared: Any, value: Any) -> bool:
        if not _is_blank(value) or is_strict(declared):
            return False
        return value == _NULL or not self._fits(declared, value)

    def _own(self, schema: Mapping[str, Any], value: Any) -> Any:
        """Convert by the type that a schema says itself."""
        kinds = _kinds(schema)
        if "null" in kinds and (value == _NULL or (_is_blank(value) and "string" not in kinds)):
            return None
        for kind in kinds:
            if _is(kind, value):
                return self._as(kind, schema, value)
        for kind in kinds:
            made = self._as(kind, schema, value)
            if _is(kind, made):
                return made
        return value if kinds else self._as(None, schema, value)

    def _as(self, kind: str | None, schema: Mapping[str, Any], value: Any) -> Any:
        if kind == "object":
            found = self._read(value, "{")
            return self._members(schema, found) if isinstance(found, Mapping) else value
        if kind == "array":
            return self._list(schema, self._read(value, "["))
        self.budget.spend(_cost(schema))
        return convert({**schema, "type": kind}, value, self.locale)

    def _list(self, schema: Mapping[str, Any], value: Any) -> Any:
        """Convert a list's entries; what would fit as its one entry becomes that."""
        first, rest = schema.get("prefixItems", ()), schema.get("items")
        if isinstance(value, list):
            return [self.of(first[index] if index < len(first) else rest, entry) for index, entry in enumerate(value)]
        if first or value is None or _is_blank(value):
            return value
        for entries in ([value], self._pieces(value)):
            made = [self.of(rest, entry) for entry in entries]
            if entries and all(self._fits(rest, entry) for entry in made):
                return made
        return value

    def _branch(self, branches: Sequence[Any], value: Any) -> Any:
        """Convert by the first branch that a value fits, or can be made to fit."""
        takers = [branch for branch in branches if not (isinstance(branch, Mapping) and branch.get("type") == "null")]
        if len(takers) < len(branches):
            if value == _NULL:
                return None
            if value is None:
                return value
        for branch in takers:
            if self._fits(branch, value):
                return self.of(branch, value)
        for branch in takers:
            made = self.of(branch, value)
            if self._fits(branch, made):
                return made
        if len(takers) < len(branches) and _is_blank(value):
            return None
        return self.of(takers[0], value) if len(takers) == 1 else value

    def _fits(self, schema: Any, value: Any) -> bool:
        """Tell whether a value seems to fit; what only the check can tell, such as patterns, counts as fitting."""
        self.budget.spend()
        if not isinstance(schema, Mapping):
            return schema is not False
        kinds = _kinds(schema, inferred=False)
        if kinds and not any(_is(kind, value) for kind in kinds):
            return False
        if not self._is_choice(schema, value) or not _within(schema, value):
            return False
        if isinstance(value, Mapping) and not self._members_fit(schema, value):
            return False
        if isinstance(value, list) and not all(self._fits(schema.get("items"), entry) for entry in value):
            return False
        return all(self._fits(branch, value) for branch in schema.get("allOf", ())) and all(
            any(self._fits(branch, value) for branch in schema[word]) for word in ("anyOf", "oneOf") if word in schema
        )

    def _members_fit(self, schema: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        self.budget.spend(len(required) // _CHOICES_OF_A_STEP)
        if any(name not in value for name in required):
            return False
        return all(self._fits(properties.get(name, schema.get("additionalProperties")), value[name]) for name in value)

    def _is_choice(self, schema: Mapping[str, Any], value: Any) -> bool:
        choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if not isinstance(choices, list):
            return True
        self.budget.spend(len(choices) // _CHOICES_OF_A_STEP)
        return any(each == value and isinstance(each, bool) == isinstance(value, bool) for each in choices)

    def _read(self, value: Any, opening: str) -> Any:
        """Read JSON that was written as text; anything else stays."""
        if not isinstance(value, str) or len(value) > _LONGEST_JSON or not value.lstrip().startswith(opening):
            return value
        self.budget.spend(len(value) // _LETTERS_OF_A_STEP)
        try:
            return parse_text(value if '"' in value else _as_json(value))
        except NotJson:
            return value

    def _pieces(self, value: Any) -> list[str]:
        """Return the parts of a text between commas and blanks; `1,200` may be one number."""
        if not isinstance(value, str) or ", " not in value:
            return []
        self.budget.spend(len(value) // _LETTERS_OF_A_STEP)
        return value.split(", ")


def _as_json(text: str) -> str:
    """Write what Python writes of a value as JSON would have it."""
    return _PYTHON_WORDS.sub(lambda word: _PYTHON[word[0]], text.replace("'", '"'))


def _kinds(schema: Mapping[str, Any], *, inferred: bool = True) -> tuple[str, ...]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return (kind,)
    if isinstance(kind, list):
        return tuple(each for each in kind if isinstance(each, str))
    if inferred and ("properties" in schema or "additionalProperties" in schema):
        return ("object",)
    return ("array",) if inferred and ("items" in schema or "prefixItems" in schema) else ()


def _is(kind: str, value: Any) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, ()))


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= len("undefined") and value.strip().lower() in _BLANKS


def _within(schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a single value keeps the limits that can be seen without a pattern."""
    if isinstance(value, str):
        in_length = bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
        return in_length and _is_written(schema, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True


def _is_written(schema: Mapping[str, Any], value: str) -> bool:
    """Tell whether a text is written as its format has it."""
    if value.strip() == "" and ("pattern" in schema or "format" in schema):
        return False
    check = _FORMATS.get(str(schema.get("format")), is_e164 if asks_phone(schema) else None)
    return check is None or check(value)


def _cost(schema: Mapping[str, Any]) -> int:
    """Return the steps of converting one value: choices are spelt alike letter by letter, a phone number is parsed."""
    choices = schema.get("enum", ())
    letters = sum(len(each) for each in choices if isinstance(each, str)) if isinstance(choices, list) else 0
    phone = _STEPS_OF_A_PHONE if asks_phone(schema) else 0
    return len(schema) // _CHOICES_OF_A_STEP + len(choices) + letters // _LETTERS_OF_A_STEP + phone
