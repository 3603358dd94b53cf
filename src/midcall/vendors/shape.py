"""A schema in the few terms that all vendors share, so that each of them has but to write it down.

Read from a schema of `midcall.domain.visible`. What JSON Schema can say in several ways is said in one: `allOf` is
mixed in, `oneOf` is read as `anyOf` (midcall itself checks that one branch alone holds), `const` is an `enum` of one
value, null is a flag, a list of types is a variant each, branches of single values are one `enum`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.vendors.merging import joined, merged
from midcall.vendors.tool import Unfit

#: Keywords of each type that only narrow it down.
LIMITS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
    "boolean": (),
    "null": (),
}
#: Keywords that make a value's shape depend on more than its own place; each format says what it does about them.
_RELATIONS = {
    "object": (
        *("dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "propertyNames"),
        *("additionalProperties", "unevaluatedProperties"),
    ),
    "array": ("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems"),
    "string": ("contentSchema",),
}
_ANYWHERE = ("allOf", "not", "if", "then", "else")
_ABOUT = ("title", "description", "default", "examples")
_SIGNS = {
    "object": ("properties", "required", *_RELATIONS["object"], *LIMITS["object"]),
    "array": ("items", *_RELATIONS["array"], *LIMITS["array"]),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_STRUCTURE = frozenset({*_SIGNS["object"], *_SIGNS["array"], *_ANYWHERE})


@dataclass(frozen=True, slots=True)
class Shape:
    """The values that a schema allows. `type` is one of JSON Schema's seven, or None: any, or one of the `variants`."""

    #: Path of the schema in the function.
    loc: str
    type: str | None = None
    nullable: bool = False
    title: str | None = None
    description: str | None = None
    enum: tuple[Any, ...] = ()
    variants: tuple["Shape", ...] = ()
    properties: Mapping[str, "Shape"] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    #: An object that declares no property, and may have any.
    open: bool = False
    items: "Shape | None" = None
    #: Keywords that only narrow the value down, and `default` and `examples`.
    limits: Mapping[str, Any] = field(default_factory=dict)
    #: Keywords that say more than a place of its own can.
    relations: Mapping[str, Any] = field(default_factory=dict)


def shape_of(schema: Any, loc: str) -> Shape:
    """Read a schema; raises Unfit for one that takes no value."""
    if schema is False:
        raise Unfit(loc, "takes no value at all; remove it")
    whole = {} if schema is True else merged(schema)
    word = next((word for word in ("anyOf", "oneOf") if word in whole), None)
    if word is not None:
        choice = _choice(whole, word, loc)
        if choice is not None:
            return choice
    return _single(whole, loc, unread={word: whole[word] for word in ("anyOf", "oneOf") if word in whole})


def _single(schema: Mapping[str, Any], loc: str, unread: Mapping[str, Any]) -> Shape:
    """Read a schema without its branches, which go with its relations."""
    kinds, enum = _kinds(schema), _enum(schema)
    nullable = "null" in kinds and (enum is None or None in enum)
    values = tuple(value for value in enum or () if value is not None)
    kinds = [kind for kind in kinds if kind != "null" and (enum is None or any(_is(value, kind) for value in values))]
    if enum is not None and not kinds and not nullable:
        raise Unfit(loc, "none of its values (enum, const) is of its type; take one of the two out")
    about = Shape(loc, nullable=nullable, title=schema.get("title"), description=schema.get("description"))
    if len(kinds) == 1:
        return replace(_of_kind(schema, kinds[0], values, loc, unread), **_about(about))
    general = {keyword: schema[keyword] for keyword in ("default", "examples") if keyword in schema}
    if not kinds and nullable:
        return replace(about, type="null", nullable=False)
    variants = tuple(_of_kind(schema, kind, values, loc, {}) for kind in kinds)
    variants = tuple(replace(variant, limits=_without(variant.limits, general)) for variant in variants)
    relations = {**unread, **{word: schema[word] for word in _ANYWHERE if word in schema}}
    return replace(about, variants=variants, limits=general, relations=relations)


def _about(about: Shape) -> dict[str, Any]:
    return {"nullable": about.nullable, "title": about.title, "description": about.description}


def _without(limits: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if name not in names}


def _of_kind(schema: Mapping[str, Any], kind: str, values: Sequence[Any], loc: str, unread: Mapping[str, Any]) -> Shape:
    """Read what a schema says of values of one type."""
    limits = {word: schema[word] for word in (*LIMITS[kind], "default", "examples") if word in schema}
    relations = {word: schema[word] for word in (*_RELATIONS.get(kind, ()), *_ANYWHERE) if word in schema}
    shape = Shape(
        loc,
        type=kind,
        enum=tuple(value for value in values if _is(value, kind)),
        limits=limits,
        relations={**_telling(relations), **unread},
    )
    if kind == "object":
        return _object(shape, schema)
    if kind == "array" and isinstance(schema.get("items"), Mapping) and schema["items"]:
        return replace(shape, items=shape_of(schema["items"], f"{loc}.items"))
    return shape


def _object(shape: Shape, schema: Mapping[str, Any]) -> Shape:
    declared = {name: child for name, child in schema.get("properties", {}).items() if child is not False}
    properties = {name: shape_of(child, f"{shape.loc}.properties.{name}") for name, child in declared.items()}
    closed = any(schema.get(word) is False for word in ("additionalProperties", "unevaluatedProperties"))
    required = schema.get("required", [])
    undeclared = [name for name in required if name not in declared]
    relations = {**shape.relations, **({"required": undeclared} if undeclared else {})}
    return replace(
        shape,
        properties=properties,
        required=frozenset(required) & declared.keys(),
        open=not declared and not closed,
        relations=relations,
    )


def _telling(relations: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing, or only that a list of properties or entries ends there."""
    said = {
        word: value
        for word, value in relations.items()
        if not (word in ("additionalProperties", "unevaluatedProperties", "unevaluatedItems") and value in ({}, True))
        and not (word != "not" and value is False)
    }
    if "if" not in said:
        return _without(said, {"then": None, "else": None})
    return said if "then" in said or "else" in said else _without(said, {"if": None})


# Branches ---------------------------------------------------------------------------------------------------------


def _choice(schema: Mapping[str, Any], word: str, loc: str) -> Shape | None:
    """Read a schema of branches; None where what stands beside them cannot be said in each."""
    beside = {keyword: value for keyword, value in schema.items() if keyword not in (word, *_ABOUT)}
    if beside.keys() & (_STRUCTURE | {"anyOf", "oneOf"}):
        return None
    shapes = []
    for place, branch in enumerate(schema[word]):
        both = joined(beside, branch)
        if both is None:
            return None
        shapes.append(shape_of(both, f"{loc}.{word}.{place}"))
    return _one_or_more(schema, tuple(_flat(shapes)), loc, nullable=any(map(_may_be_null, shapes)))


def _may_be_null(shape: Shape) -> bool:
    return shape.nullable or shape.type == "null"


def _flat(shapes: Sequence[Shape]) -> Iterator[Shape]:
    for shape in shapes:
        if shape.variants and not shape.relations and not shape.limits and not shape.description:
            yield from shape.variants
        elif shape.type != "null":
            yield replace(shape, nullable=False)


def _one_or_more(schema: Mapping[str, Any], shapes: tuple[Shape, ...], loc: str, *, nullable: bool) -> Shape:
    title, description = schema.get("title"), schema.get("description")
    general = {keyword: schema[keyword] for keyword in ("default", "examples") if keyword in schema}
    if not shapes:
        return Shape(loc, type="null", title=title, description=description)
    one = shapes[0] if len(shapes) == 1 else _one_enum(shapes, loc)
    if one is not None:
        return replace(
            one,
            nullable=nullable,
            title=title or one.title,
            description=description or one.description,
            limits={**one.limits, **general},
        )
    return Shape(loc, nullable=nullable, title=title, description=description, variants=shapes, limits=general)


def _one_enum(shapes: tuple[Shape, ...], loc: str) -> Shape | None:
    """Write branches that are single values of one type as one list of values."""
    kinds = {shape.type for shape in shapes}
    if len(kinds) > 1 or not all(shape.enum and not shape.limits and not shape.relations for shape in shapes):
        return None
    if kinds & {"object", "array"}:
        return None
    values = tuple(dict.fromkeys(value for shape in shapes for value in shape.enum))
    meanings = {
        str(shape.enum[0]): shape.description or shape.title
        for shape in shapes
        if len(shape.enum) == 1 and (shape.description or shape.title)
    }
    return Shape(loc, type=kinds.pop(), enum=values, limits={"meanings": meanings} if meanings else {})


# Types ------------------------------------------------------------------------------------------------------------


def _enum(schema: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return the values that a schema lists; None if it lists none."""
    listed = schema.get("enum")
    if "const" not in schema:
        return None if listed is None else list(listed)
    return [schema["const"]] if listed is None or schema["const"] in listed else []


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    """Name the types that a value may have; where a schema names none, those that its other keywords are about."""
    given = schema.get("type")
    if given is not None:
        kinds = list(given) if isinstance(given, list) else [given]
        return [kind for kind in kinds if not (kind == "integer" and "number" in kinds)]
    enum = _enum(schema)
    if enum is not None:
        return list(dict.fromkeys(_kind(value) for value in enum))
    return [kind for kind, signs in _SIGNS.items() if any(sign in schema for sign in signs)]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _is(value: Any, kind: str) -> bool:
    found = _kind(value)
    if found == "number" and kind == "integer":
        return bool(value.is_integer())
    return found == kind or (found == "integer" and kind == "number")
