"""What an LLM may see of a function's parameters: nothing of those that midcall fills itself.

A parameter is hidden by `x-midcall` (`constant`, `from_variable`, `trusted_only`). Its name may stand in many other
places of a schema (`required`, a condition, an example), so all of them are looked at. Where what is left would say
something else than before, it is left out whole: a looser schema costs a refused call at most, since midcall checks
every call against the whole schema anyway.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.expanded import Unexpandable, expanded
from midcall.domain.places import Place, places_of
from midcall.domain.subschemas import KEYWORDS, ONE

_CONDITION = ("if", "then", "else")
_DEPENDENT = ("dependentSchemas", "dependencies")
_CONTAINS = ("contains", "minContains", "maxContains")
#: Keywords that hold values.
_VALUES = ("const", "default", "enum", "examples")

_Names = frozenset[str]
_NONE: _Names = frozenset()
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class _Sight:
    """From where a schema is seen: the places that it may speak of, and the names that nothing may say."""

    places: tuple[Place, ...] = ()
    #: Names that are hidden anywhere; names with which no value is shown.
    anywhere: _Names = _NONE
    untold: _Names = _NONE
    #: Whether values of sensitive properties are left out.
    discreet: bool = False

    @property
    def here(self) -> _Names:
        """The hidden properties of the object that the schema describes."""
        return frozenset(name for place in self.places for name, each in place.properties.items() if each.hidden)

    @property
    def silent(self) -> bool:
        """Whether the value itself is sensitive, and nothing is said of what it may be."""
        return self.discreet and any(place.sensitive for place in self.places)

    def at(self, places: Iterable[Place | None]) -> "_Sight":
        """Look from further down, where sensitive is what is within something sensitive."""
        below = {id(place): place for place in places if place is not None and (place.filled or place.secret)}
        if self.silent:
            below[0] = _SECRET
        return _Sight(tuple(below.values()), self.anywhere, self.untold, self.discreet)


_SECRET = Place(sensitive=True)


def visible(schema: Mapping[str, Any], *, discreet: bool = False) -> dict[str, Any]:
    """Return what an LLM may see of a schema of parameters, references written out; raises Unexpandable.

    With `discreet`, it holds no example, default or choice of what is sensitive either.
    """
    found = places_of(schema)
    if found.lost:
        raise Unexpandable(found.faults[0].msg)
    hidden = found.hidden_names()
    untold = hidden | found.secret_names() if discreet else hidden
    return {
        "type": "object",
        "properties": {},
        **_seen(expanded(schema), _Sight((found.root,), hidden, untold, discreet)),
    }


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without references and without what is no keyword of JSON Schema; raises Unexpandable."""
    return dict(_seen(expanded(schema), _Sight()))


def _seen(schema: Any, sight: _Sight) -> Any:
    """Return a schema without the names that its own object hides, and those hidden further down."""
    if not isinstance(schema, Mapping):
        return schema
    known = {keyword: value for keyword, value in schema.items() if keyword in KEYWORDS}
    if sight.silent:
        known = {keyword: value for keyword, value in known.items() if keyword not in _VALUES}
    looser = _without_conditions(known, sight) if sight.anywhere else known
    written = {keyword: _kept(keyword, looser, sight) for keyword in looser}
    if _mentions(looser.get("anyOf"), sight.anywhere) and any(branch in ({}, True) for branch in written["anyOf"]):
        # One branch asked for hidden names alone; without them it always holds.
        written["anyOf"] = written["unevaluatedProperties"] = _NOTHING
    return {keyword: value for keyword, value in written.items() if value is not _NOTHING}


def _without_conditions(schema: Mapping[str, Any], sight: _Sight) -> dict[str, Any]:
    """Leave out conditions that would mean something else once hidden names are gone from them."""
    left, anywhere = dict(schema), sight.anywhere
    for group in (("not",), _CONDITION, _CONTAINS):
        if _mentions(schema.get(group[0]), anywhere):
            left = {keyword: value for keyword, value in left.items() if keyword not in group}
    if _mentions(schema.get("oneOf"), anywhere):
        # Without the names that told them apart, several branches may hold at once.
        branches = left.pop("oneOf")
        left.setdefault("anyOf", branches)
    if any(name in pattern for pattern in schema.get("patternProperties", {}) for name in anywhere):
        left.pop("patternProperties")
        left.pop("additionalProperties", None)
    if sight.here:
        for keyword in ("propertyNames", "minProperties", "maxProperties"):
            left.pop(keyword, None)
    if left.keys() != schema.keys():
        left.pop("unevaluatedProperties", None)  # what was left out may have been what allowed a property
    return left


def _kept(keyword: str, schema: Mapping[str, Any], sight: _Sight) -> Any:
    """Return what stays of a keyword's value, or _NOTHING."""
    keep = _KEEP.get(keyword)
    if keep is not None:
        return keep(schema[keyword], sight)
    if keyword in ONE or keyword == "patternProperties":
        return _nameless(keyword, schema, sight)
    return schema[keyword]


def _value(value: Any, sight: _Sight) -> Any:
    return _NOTHING if _has_key(value, sight.untold) else value


def _examples(value: list[Any], sight: _Sight) -> Any:
    return [example for example in value if not _has_key(example, sight.untold)] or _NOTHING


def _required(value: list[str], sight: _Sight) -> Any:
    here = sight.here
    return [name for name in value if name not in here] or _NOTHING


def _branches(value: list[Any], sight: _Sight) -> Any:
    return [_seen(branch, sight) for branch in value]


def _all_of(value: list[Any], sight: _Sight) -> Any:
    return [branch for branch in _branches(value, sight) if branch != {}] or _NOTHING


def _dependent(value: Mapping[str, Any], sight: _Sight) -> Any:
    here = sight.here
    kept = {
        name: _required(child, sight) if isinstance(child, list) else _seen(child, sight)
        for name, child in value.items()
        if name not in here
    }
    return {name: child for name, child in kept.items() if child is not _NOTHING} or _NOTHING


def _nameless(keyword: str, schema: Mapping[str, Any], sight: _Sight) -> Any:
    """Return what stays of a schema of entries, or of properties that it does not name: of all that it may be about."""
    value, named = schema[keyword], schema.get("properties", {})
    if keyword in {"items", "unevaluatedItems", "contains"}:
        start = len(schema.get("prefixItems", ())) if keyword == "items" else 0
        below = sight.at(each for place in sight.places for each in (*place.prefix[start:], place.rest))
        return _seen(value, below)
    left_out = named if keyword == "additionalProperties" else {}
    below = sight.at(
        each
        for place in sight.places
        for each in (place.others, *(each for name, each in place.properties.items() if name not in left_out))
    )
    if keyword == "patternProperties":
        return {pattern: _seen(child, below) for pattern, child in value.items()}
    return _seen(value, below)


def _entries(value: list[Any], sight: _Sight) -> Any:
    return [_seen(child, sight.at(place.entry(index) for place in sight.places)) for index, child in enumerate(value)]


def _properties(value: Mapping[str, Any], sight: _Sight) -> Any:
    here = sight.here
    return {
        name: _seen(child, sight.at(place.named(name) for place in sight.places))
        for name, child in value.items()
        if name not in here
    }


_KEEP: Mapping[str, Callable[[Any, _Sight], Any]] = {
    **dict.fromkeys(("not", *_CONDITION), _seen),
    **dict.fromkeys(("anyOf", "oneOf"), _branches),
    **dict.fromkeys(("dependentRequired", *_DEPENDENT), _dependent),
    **dict.fromkeys(("const", "default", "enum"), _value),
    "allOf": _all_of,
    "examples": _examples,
    "prefixItems": _entries,
    "properties": _properties,
    "required": _required,
}


def _mentions(schema: Any, names: _Names) -> bool:
    """Tell whether a name stands anywhere in a schema, as a key or as a text: rather too often than too seldom."""
    if isinstance(schema, Mapping):
        return any(name in names or _mentions(child, names) for name, child in schema.items())
    if isinstance(schema, list):
        return any(_mentions(child, names) for child in schema)
    return isinstance(schema, str) and schema in names


def _has_key(value: Any, names: _Names) -> bool:
    """Tell whether a plain value has a name among its keys."""
    if isinstance(value, Mapping):
        return any(name in names or _has_key(child, names) for name, child in value.items())
    return isinstance(value, list) and any(_has_key(child, names) for child in value)
