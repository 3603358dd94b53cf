"""A JSON Schema as authors and their libraries write it, made into one that stands alone.

`$schema` is dropped. References to any place of the schema, which zod and others write, become references to
definitions; what comes back to itself is written out some levels deep, below which there is nothing. What cannot be
made so stays as it is, and the check says why it is not taken.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from midcall.domain.subschemas import DEFINITIONS, MANY, NAMED, ONE, rewritten, subschemas

#: Levels that something recursive is written out, the most that fits.
LEVELS = (6, 5, 4, 3, 2)
#: Parts that may be copied.
_MAX_PARTS = 5_000
_MAX_DEPTH = 100
_PLAIN = re.compile(r"#/(\$defs|definitions)/([A-Za-z0-9_.-]+)")
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_WHOLE = "whole"
#: What no value fits.
_NOTHING: dict[str, Any] = {"not": {}}


def taken_in(schema: Mapping[str, Any], fits: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Return a schema that stands alone; `fits` tells whether one is small enough to be taken. Changes nothing."""
    if not _is_walkable(schema):
        return dict(schema)
    whole = rewritten(schema, _without_dialect)
    return _without_circles(_with_definitions(whole), fits)


def rebased(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a schema that will be a property of that name, its references made those of the whole."""
    if not _is_walkable(schema):
        return dict(schema)
    step = name.replace("~", "~0").replace("/", "~1")

    def moved(part: dict[str, Any]) -> dict[str, Any]:
        reference = part.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return part
        return {**part, "$ref": f"#/properties/{step}{reference[1:]}"}

    return rewritten(schema, moved)


def _is_walkable(schema: Any) -> bool:
    """Tell whether a schema can be walked by recursion."""
    level = [schema]
    for _ in range(_MAX_DEPTH):
        level = [child for each in level if isinstance(each, Mapping) for _, child in subschemas(each)]
        if not level:
            return True
    return False


def _without_dialect(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$schema" or not isinstance(value, str)}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for _, child in subschemas(schema):
            yield from _references(child)


def _with_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    """Give each place that is referred to a definition of its own."""
    known = schema.get("$defs", {})
    if not isinstance(known, Mapping):
        return schema
    taken, names = set(known), dict[str, str]()
    for reference in dict.fromkeys(_references(schema)):
        if _PLAIN.fullmatch(reference) is None and _at(schema, reference) is not None:
            names[reference] = _free(reference, taken)
    if not names:
        return schema

    def renamed(part: dict[str, Any]) -> dict[str, Any]:
        name = names.get(part["$ref"]) if isinstance(part.get("$ref"), str) else None
        return part if name is None else {**part, "$ref": f"#/$defs/{name}"}

    whole = rewritten(schema, renamed)
    copies, left = {}, _MAX_PARTS
    for reference, name in names.items():
        target = _at(whole, reference)
        if target is whole:
            target = {word: value for word, value in whole.items() if word not in DEFINITIONS}
        left -= _parts(target)
        if left < 0:
            return schema
        copies[name] = target
    return {**whole, "$defs": {**whole.get("$defs", {}), **copies}}


def _at(schema: Any, reference: str) -> Any:
    """Find the schema that a reference leads to; None where there is none."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    node, held = schema, "one"
    for raw in unquote(reference[1:]).split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if held == "one":
            held = "one" if step in ONE else "many" if step in MANY else "named" if step in NAMED else ""
        elif held:
            held = "one"
        node = _child(node, step) if held else None
    return node if held == "one" and isinstance(node, Mapping | bool) else None


def _child(node: Any, step: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(step)
    short = isinstance(node, list) and step.isdecimal() and len(step) <= len(str(_MAX_PARTS))
    return node[int(step)] if short and int(step) < len(node) else None


def _free(reference: str, taken: set[str]) -> str:
    """Make a name for what a reference leads to, and take it."""
    words = [word for word in reference.split("/")[1:] if word not in {"properties", "$defs", "definitions"}]
    name = _NAME.sub("_", "_".join(words))[:60] or _WHOLE
    if name in taken:
        # So many names are taken that one of these is not.
        name = next(each for n in range(len(taken), 2 * len(taken) + 1) if (each := f"{name}_{n}") not in taken)
    taken.add(name)
    return name


def _parts(schema: Any) -> int:
    return 1 + sum(_parts(child) for _, child in subschemas(schema)) if isinstance(schema, Mapping) else 1


def _without_circles(schema: dict[str, Any], fits: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Write what comes back to itself out, as many levels as fit."""
    places = {
        f"#/{word}/{name}": child
        for word in sorted(DEFINITIONS)
        if isinstance(schema.get(word), Mapping)
        for name, child in schema[word].items()
    }
    leads = {place: {each for each in _references(child) if each in places} for place, child in places.items()}
    circle = _circle(leads)
    if not circle or any(_is_bare(child, circle) for place, child in places.items() if place in circle):
        return schema
    for levels in LEVELS:
        made = _written_out(schema, circle, levels)
        if fits(made):
            return made
    return schema


def _circle(leads: Mapping[str, set[str]]) -> set[str]:
    """Return what comes back to itself, and what stands between two such: without what leads or is led to nowhere."""
    found = set(leads)
    led: dict[str, set[str]] = {place: set() for place in leads}
    for place, others in leads.items():
        for other in others:
            led[other].add(place)
    for ahead, behind in ((leads, led), (led, leads)):
        counts = {place: len(ahead[place] & found) for place in found}
        left = [place for place, count in counts.items() if count == 0]
        for place in left:
            found.discard(place)
            for other in behind[place] & found:
                counts[other] -= 1
                if counts[other] == 0:
                    left.append(other)
    return found


def _is_bare(schema: Any, circle: set[str]) -> bool:
    """Tell whether a schema says of the value itself that it is what comes back to it: no value ends that."""
    if not isinstance(schema, Mapping):
        return False
    branches = schema.get("allOf")
    parts = [schema, *(branches if isinstance(branches, list) else ())]
    return any(isinstance(part, Mapping) and part.get("$ref") in circle for part in parts)


def _written_out(schema: dict[str, Any], circle: set[str], levels: int) -> dict[str, Any]:
    """Copy what is in a circle once for each level; the last of them leads to nothing."""

    def deeper(level: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def change(part: dict[str, Any]) -> dict[str, Any]:
            reference = part.get("$ref")
            if reference not in circle:
                return part
            return _NOTHING if level == levels else {**part, "$ref": f"{reference}{mark}{level + 1}"}

        return change if level < levels else lambda part: _ended(change(part))

    mark = "."
    while any(f"{place}{mark}2" in schema.get(word, ()) for place in _names(circle) for word in DEFINITIONS):
        mark += "."
    made = dict(schema)
    for word in sorted(DEFINITIONS & schema.keys()):
        definitions = dict(schema[word])
        for name, child in schema[word].items():
            if f"#/{word}/{name}" not in circle or not isinstance(child, Mapping):
                continue
            definitions[name] = rewritten(child, deeper(1))
            for level in range(2, levels + 1):
                definitions[f"{name}{mark}{level}"] = rewritten(child, deeper(level))
        made[word] = definitions
    return made


def _names(places: set[str]) -> list[str]:
    return [place.rpartition("/")[2] for place in places]


def _ended(part: dict[str, Any]) -> dict[str, Any]:
    """Say of the last level that nothing stands below it, in the words that every vendor's format has."""
    ended = dict(part)
    if isinstance(part.get("properties"), Mapping):
        ended["properties"] = {
            name: False if child == _NOTHING else child for name, child in part["properties"].items()
        }
    if part.get("items") == _NOTHING:
        # Some formats take no list without a type of its entries.
        ended |= {"items": {"type": "string"}, "maxItems": 0}
    if part.get("additionalProperties") == _NOTHING:
        ended["additionalProperties"] = False
    for word in ("anyOf", "oneOf"):
        if isinstance(part.get(word), list):
            ended[word] = [branch for branch in part[word] if branch != _NOTHING] or [_NOTHING]
            if ended[word] == [{"type": "null"}]:
                # Some formats take no null alone.
                del ended[word]
                ended |= {"type": ["string", "null"], "maxLength": 0}
    return ended
