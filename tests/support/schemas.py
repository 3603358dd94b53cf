"""Schemas of parameters for property tests: with hidden ones in every place where a name or a value can stand."""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

#: Hidden names and values are marked, so that a test finds them wherever they stand.
VISIBLE_NAMES = ("a", "b", "c")
HIDDEN_NAMES = ("hidden_k", "hidden_t")
SECRET = "SECRET"  # noqa: S105 (a mark)
MARKS = ("hidden_", SECRET, "x-midcall")

_values = st.sampled_from(["x", "y", 1, 2, True, None])
_names = st.sampled_from([*VISIBLE_NAMES, *HIDDEN_NAMES])
_hidden: st.SearchStrategy[Json] = st.sampled_from(
    [
        {"x-midcall": {"constant": f"{SECRET}1"}},
        {"type": "string", "const": f"{SECRET}2", "x-midcall": {"from_variable": "hidden_v"}},
        {"type": "string", "default": f"{SECRET}3", "x-midcall": {"trusted_only": True}},
        {"allOf": [{"type": "string"}, {"x-midcall": {"constant": f"{SECRET}4"}}]},
        {"$ref": "#/$defs/hidden_d"},
        {"$ref": "#/$defs/hidden_d", "description": f"{SECRET}6"},
    ]
)
_leaves: st.SearchStrategy[Json] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 1},
        {"type": "string", "enum": ["x", "y"], "x-midcall": {"sensitive": True}},
        {"const": "x"},
        {"type": ["string", "null"], "description": "Anything."},
        {"$ref": "#/$defs/seen"},
        {"oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "string"}},
        {},
    ]
)
DEFINITIONS: Json = {
    "seen": {"type": "string", "maxLength": 5},
    "hidden_d": {"type": "string", "x-midcall": {"constant": f"{SECRET}5"}},
}


def _value_of(name: str) -> st.SearchStrategy[Any]:
    return st.just(f"{SECRET}9") if name in HIDDEN_NAMES else _values


def _objects() -> st.SearchStrategy[Json]:
    """Make plain objects that name hidden properties too."""
    return st.lists(_names, max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: _value_of(name) for name in names})
    )


def _parts() -> st.SearchStrategy[Json]:
    """Make schemas that say something of some properties of an object, hidden ones among them."""
    asked = st.dictionaries(_names, _values.map(lambda value: {"const": value}), max_size=2)
    needed = st.lists(_names, max_size=2, unique=True)
    return st.builds(
        lambda properties, required: {
            **({"properties": properties} if properties else {}),
            **({"required": required} if required else {}),
        },
        asked,
        needed,
    )


_branches = st.lists(_parts(), min_size=1, max_size=3)
_some_names = st.lists(_names, max_size=3, unique=True)
_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _branches),
    **dict.fromkeys(("not", "if", "then", "else"), _parts()),
    "dependentRequired": st.dictionaries(_names, _some_names, max_size=2),
    "dependentSchemas": st.dictionaries(_names, _parts(), max_size=2),
    "propertyNames": st.just({"enum": [*VISIBLE_NAMES, *HIDDEN_NAMES]}),
    "patternProperties": st.just({"^hidden_k$": {"const": f"{SECRET}7"}, "^d": {"type": "string"}}),
    "additionalProperties": st.sampled_from([False, True, {"type": "string"}]),
    "unevaluatedProperties": st.sampled_from([False, True]),
    "minProperties": st.integers(0, 3),
    "maxProperties": st.integers(2, 5),
    "required": _some_names,
    "examples": st.lists(_objects(), max_size=2),
    "default": _objects(),
    "enum": st.lists(_objects(), min_size=1, max_size=2),
    "x-own": st.just({"note": SECRET}),
    "$comment": st.just(SECRET),
}


def _described(properties: Json, conditions: Json) -> Json:
    return {"type": "object", "properties": properties, **conditions}


def _level(children: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    # Every object hides both names: one that is hidden nowhere may be seen.
    hidden = dict.fromkeys(HIDDEN_NAMES, _hidden)
    properties = st.fixed_dictionaries(hidden, optional=dict.fromkeys(VISIBLE_NAMES, children))
    chosen = st.lists(st.sampled_from(list(_CONDITIONS)), max_size=3, unique=True).flatmap(
        lambda words: st.fixed_dictionaries({word: _CONDITIONS[word] for word in words})
    )
    return st.builds(_described, properties, chosen)


def hiding() -> st.SearchStrategy[Json]:
    """Make schemas of parameters with hidden ones, at the top and further down."""
    children = st.recursive(_leaves, _level, max_leaves=4)
    return _level(children).map(lambda schema: {**schema, "$defs": DEFINITIONS})


def sendable() -> st.SearchStrategy[Json]:
    """Make objects that may or may not fit a schema of `hiding`."""
    scalars = _values | st.sampled_from([[], ["x"]])
    secrets = st.sampled_from([f"{SECRET}{n}" for n in range(10)])
    hidden = dict.fromkeys(HIDDEN_NAMES, secrets)
    inner = st.fixed_dictionaries({}, optional=dict.fromkeys((*VISIBLE_NAMES, "d"), scalars) | hidden)
    return st.fixed_dictionaries({}, optional=dict.fromkeys((*VISIBLE_NAMES, "d"), scalars | inner) | hidden)
