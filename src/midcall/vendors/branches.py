"""Parameters that only branches declare: most vendors have no branches at the top, and no LLM could give these."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from midcall.vendors.merging import merged


def spread(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Declare at the top of parameters, as optional ones, those that only `anyOf`, `then` and the like declare.

    The branches stay, so that what they ask is told. Of a parameter that several declare, what they agree on is kept.
    """
    whole = merged(schema)
    known = whole.get("properties", {})
    if whole.get("additionalProperties") is False:
        return whole  # nothing that a branch alone declares can be given
    found: dict[str, list[Mapping[str, Any]]] = {}
    for branch in _branches(whole):
        for name, child in branch.get("properties", {}).items():
            if name not in known and isinstance(child, Mapping):
                found.setdefault(name, []).append(child)
    more = {name: common for name, schemas in found.items() if (common := _common(schemas))}
    return {**whole, "properties": {**known, **more}} if more else whole


def lean(value: Any, known: Mapping[str, Any]) -> Any:
    """Leave out of branches the parameters that stand at the top just so: what is left is what a branch asks."""
    if isinstance(value, list):
        return [lean(each, known) for each in value]
    if not isinstance(value, Mapping):
        return value
    left = {name: each for name, each in value.get("properties", {}).items() if known.get(name) != each}
    branch = {word: each for word, each in value.items() if word != "properties"}
    return {**({"properties": left} if left else {}), **branch}


def _branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Walk the schemas of the same object, at any depth, that hold sometimes or that could not be mixed in."""
    below = [child for word in ("anyOf", "oneOf", "allOf") for child in schema.get(word, ())]
    below += [schema[word] for word in ("then", "else") if word in schema]
    below += [child for word in ("dependentSchemas", "dependencies") for child in schema.get(word, {}).values()]
    for child in below:
        if isinstance(child, Mapping):
            branch = merged(child)
            yield branch
            yield from _branches(branch)


def _common(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what schemas agree on; of choices, all of them."""
    first = schemas[0]
    kept = {word: value for word, value in first.items() if all(other.get(word) == value for other in schemas)}
    choices = [each.get("enum", [each["const"]] if "const" in each else None) for each in schemas]
    if len(schemas) > 1 and None not in choices:
        kept["enum"] = list({json.dumps(value): value for some in choices for value in some or ()}.values())
    return kept
