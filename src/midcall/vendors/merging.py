"""`allOf` taken apart: several schemas of one value written as one, where that loses nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from midcall.domain.expanded import ANNOTATIONS

#: Keywords that mean something together with their neighbours; one schema alone may have any of a group.
_GROUPS = (
    frozenset({"if", "then", "else"}),
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"prefixItems", "unevaluatedItems"}),
)
#: Keywords that look at which properties stand beside them.
_CLOSING = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
_VALUES = frozenset({"const", "enum"})


class _Clash(Exception):
    """Two schemas that cannot be written as one."""


def merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with the branches of its `allOf` mixed in; those that do not mix stay there."""
    whole = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    left = []
    for branch in schema.get("allOf", ()):
        try:
            whole = _both(whole, merged(branch) if isinstance(branch, Mapping) else branch)
        except _Clash:
            left.append(branch)
    return {**whole, "allOf": left} if left else whole


def joined(one: Mapping[str, Any], other: Any) -> dict[str, Any] | None:
    """Write two schemas of the same value as one, or return None."""
    try:
        return _both(one, other)
    except _Clash:
        return None


def _both(one: Any, other: Any) -> dict[str, Any]:
    one, other = ({} if schema is True else schema for schema in (one, other))
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        raise _Clash
    _check_neighbours(one, other)
    if one.keys() & _VALUES and other.keys() & _VALUES:
        one, other = _with_enum(one), _with_enum(other)
    whole = dict(one)
    for keyword, value in other.items():
        whole[keyword] = _one_of(keyword, one[keyword], value) if keyword in one else value
    return whole


def _with_enum(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write a constant as a list of one value, so that it meets other lists."""
    if "const" not in schema:
        return schema
    values = [schema["const"]] if schema["const"] in schema.get("enum", [schema["const"]]) else []
    return {**{keyword: value for keyword, value in schema.items() if keyword != "const"}, "enum": values}


def _check_neighbours(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    if any(one.keys() & group and other.keys() & group for group in _GROUPS):
        raise _Clash
    if ("prefixItems" in one and "items" in other) or ("items" in one and "prefixItems" in other):
        raise _Clash
    # An outer `unevaluatedProperties` sees into the branches, so that it may stay when they are mixed in.
    if _closes(one, other, _CLOSING - {"unevaluatedProperties"}) or _closes(other, one, _CLOSING):
        raise _Clash


def _closes(one: Mapping[str, Any], other: Mapping[str, Any], words: frozenset[str]) -> bool:
    """Tell whether a schema says something of properties that it does not declare, and the other one does."""
    if not one.keys() & words:
        return False
    return any(other.get(word, {}).keys() - one.get(word, {}).keys() for word in ("properties", "patternProperties"))


def _one_of(keyword: str, one: Any, other: Any) -> Any:
    if one == other or keyword in ANNOTATIONS:
        return one
    rule = _RULES.get(keyword)
    if rule is None:
        raise _Clash
    return rule(one, other)


def _properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        **{name: _both(one[name], child) if name in one else child for name, child in other.items()},
    }


def _types(one: Any, other: Any) -> Any:
    first, second = (kind if isinstance(kind, list) else [kind] for kind in (one, other))
    found = [kind for kind in first if kind in second or (kind == "integer" and "number" in second)]
    found += [kind for kind in second if kind == "integer" and "number" in first and "integer" not in first]
    if not found:
        raise _Clash
    return found[0] if len(found) == 1 else found


def _common(one: list[Any], other: list[Any]) -> list[Any]:
    found = [value for value in one if value in other]
    if not found:
        raise _Clash
    return found


_RULES: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _common,
    "properties": _properties,
    "items": _both,
    "required": lambda one, other: [*one, *(name for name in other if name not in one)],
    "uniqueItems": lambda one, other: one or other,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
