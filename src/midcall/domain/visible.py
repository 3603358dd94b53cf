"""What an LLM may see of a function's parameters: nothing of those that midcall fills itself.

A parameter is hidden by `x-midcall` (`constant`, `from_variable`, `trusted_only`). Its name may stand in many other
places of a schema (`required`, a condition, an example), so all of them are looked at. Where what is left would say
something else than before, it is left out whole: a looser schema costs a refused call at most, since midcall checks
every call against the whole schema anyway.
"""

from collections.abc import Callable, Mapping
from typing import Any

from midcall.domain.expanded import expanded
from midcall.domain.parameters import is_hidden
from midcall.domain.subschemas import KEYWORDS, ONE, subschemas

_CONDITION = ("if", "then", "else")
_DEPENDENT = ("dependentSchemas", "dependencies")
_CONTAINS = ("contains", "minContains", "maxContains")

_Names = frozenset[str]
_NONE: _Names = frozenset()
_NOTHING = object()


def visible(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an LLM may see of a schema of parameters, references written out; raises Unexpandable."""
    whole = expanded(schema)
    return {"type": "object", "properties": {}, **_seen(whole, _hidden_here(whole), _hidden_anywhere(whole))}


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without references and without what is no keyword of JSON Schema; raises Unexpandable."""
    return dict(_seen(expanded(schema), _NONE, _NONE))


def _hides(schema: Any) -> bool:
    branches = schema.get("allOf", ()) if isinstance(schema, Mapping) else ()
    return is_hidden(schema) or any(_hides(branch) for branch in branches)


def _hidden_names(schema: Mapping[str, Any]) -> _Names:
    return frozenset(name for name, declared in schema.get("properties", {}).items() if _hides(declared))


def _hidden_here(schema: Any) -> _Names:
    """Find the hidden properties of the object that a schema describes, in whatever branch they are declared."""
    if not isinstance(schema, Mapping):
        return _NONE
    branches = [branch for keyword in ("allOf", "anyOf", "oneOf") for branch in schema.get(keyword, ())]
    branches += [schema[keyword] for keyword in ("not", *_CONDITION) if keyword in schema]
    branches += [branch for keyword in _DEPENDENT for branch in schema.get(keyword, {}).values()]
    return _hidden_names(schema).union(*map(_hidden_here, branches))


def _hidden_anywhere(schema: Any) -> _Names:
    if not isinstance(schema, Mapping):
        return _NONE
    return _hidden_names(schema).union(*(_hidden_anywhere(child) for _, child in subschemas(schema)))


def _seen(schema: Any, here: _Names, anywhere: _Names) -> Any:
    """Return a schema without the names in `here`, which its own object hides, and those hidden further down."""
    if not isinstance(schema, Mapping):
        return schema
    known = {keyword: value for keyword, value in schema.items() if keyword in KEYWORDS}
    looser = _without_conditions(known, here, anywhere) if anywhere else known
    written = {keyword: _kept(keyword, value, here, anywhere) for keyword, value in looser.items()}
    if _mentions(looser.get("anyOf"), anywhere) and any(branch in ({}, True) for branch in written["anyOf"]):
        # One branch asked for hidden names alone; without them it always holds.
        written["anyOf"] = written["unevaluatedProperties"] = _NOTHING
    return {keyword: value for keyword, value in written.items() if value is not _NOTHING}


def _without_conditions(schema: Mapping[str, Any], here: _Names, anywhere: _Names) -> dict[str, Any]:
    """Leave out conditions that would mean something else once hidden names are gone from them."""
    left = dict(schema)
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
    if here:
        for keyword in ("propertyNames", "minProperties", "maxProperties"):
            left.pop(keyword, None)
    if left.keys() != schema.keys():
        left.pop("unevaluatedProperties", None)  # what was left out may have been what allowed a property
    return left


def _kept(keyword: str, value: Any, here: _Names, anywhere: _Names) -> Any:
    """Return what stays of a keyword's value, or _NOTHING."""
    keep = _KEEP.get(keyword)
    return value if keep is None else keep(value, here, anywhere)


def _value(value: Any, _here: _Names, anywhere: _Names) -> Any:
    return _NOTHING if _has_key(value, anywhere) else value


def _examples(value: list[Any], _here: _Names, anywhere: _Names) -> Any:
    return [example for example in value if not _has_key(example, anywhere)] or _NOTHING


def _required(value: list[str], here: _Names, _anywhere: _Names) -> Any:
    return [name for name in value if name not in here] or _NOTHING


def _branches(value: list[Any], here: _Names, anywhere: _Names) -> Any:
    return [_seen(branch, here, anywhere) for branch in value]


def _all_of(value: list[Any], here: _Names, anywhere: _Names) -> Any:
    return [branch for branch in _branches(value, here, anywhere) if branch != {}] or _NOTHING


def _dependent(value: Mapping[str, Any], here: _Names, anywhere: _Names) -> Any:
    kept = {
        name: _required(child, here, anywhere) if isinstance(child, list) else _seen(child, here, anywhere)
        for name, child in value.items()
        if name not in here
    }
    return {name: child for name, child in kept.items() if child is not _NOTHING} or _NOTHING


def _child(value: Any, _here: _Names, anywhere: _Names) -> Any:
    return _seen(value, _hidden_here(value), anywhere)


def _entries(value: list[Any], here: _Names, anywhere: _Names) -> Any:
    return [_child(child, here, anywhere) for child in value]


def _properties(value: Mapping[str, Any], here: _Names, anywhere: _Names) -> Any:
    return {name: _child(child, here, anywhere) for name, child in value.items() if name not in here}


_KEEP: Mapping[str, Callable[[Any, _Names, _Names], Any]] = {
    **dict.fromkeys(ONE, _child),
    **dict.fromkeys(("not", *_CONDITION), _seen),
    **dict.fromkeys(("anyOf", "oneOf"), _branches),
    **dict.fromkeys(("dependentRequired", *_DEPENDENT), _dependent),
    **dict.fromkeys(("properties", "patternProperties"), _properties),
    **dict.fromkeys(("const", "default", "enum"), _value),
    "allOf": _all_of,
    "examples": _examples,
    "prefixItems": _entries,
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
