"""Where schemas stand inside a JSON Schema (2020-12, and the two older words for definitions and dependencies)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

#: Keywords whose value is a schema, a list of schemas, or a schema for each name; all others hold plain values.
ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
DEFINITIONS = frozenset({"$defs", "definitions"})
NAMED = DEFINITIONS | {"dependencies", "dependentSchemas", "patternProperties", "properties"}

_ABOUT = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")
_OBJECTS = ("minProperties", "maxProperties", "required", "dependentRequired")
_ARRAYS = ("minItems", "maxItems", "uniqueItems", "minContains", "maxContains")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_TEXTS = ("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType")

#: Every keyword that says something about a value, references and definitions left out. All else in a schema is a note
#: of its author's: `x-midcall`, other extensions, comments.
KEYWORDS = (ONE | MANY | NAMED - DEFINITIONS).union(
    ("type", "enum", "const"), _ABOUT, _OBJECTS, _ARRAYS, _NUMBERS, _TEXTS
)


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Walk the schemas right below a schema, each with its keyword."""
    for keyword, value in schema.items():
        if keyword in ONE:
            yield keyword, value
        elif keyword in MANY and isinstance(value, list):
            yield from ((keyword, child) for child in value)
        elif keyword in NAMED and isinstance(value, Mapping):
            yield from ((keyword, child) for child in value.values())


def rewritten(schema: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return a schema in which each schema, itself included, is what `change` makes of it; the innermost come first."""

    def inside(child: Any) -> Any:
        return rewritten(child, change) if isinstance(child, Mapping) else child

    def value_of(keyword: str, value: Any) -> Any:
        if keyword in ONE:
            return inside(value)
        if keyword in MANY and isinstance(value, list):
            return [inside(child) for child in value]
        if keyword in NAMED and isinstance(value, Mapping):
            return {name: inside(child) for name, child in value.items()}
        return value

    return change({keyword: value_of(keyword, value) for keyword, value in schema.items()})
