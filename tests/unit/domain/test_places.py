"""What `x-midcall` says below the top of a schema is done there, or told to whoever saves it."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain.expanded import Unexpandable
from midcall.domain.filling import MAX_FILLED
from midcall.domain.parameters import MASK, hidden_names, masked, prepare, sensitive_names, sensitive_values
from midcall.domain.phases import Phase
from midcall.domain.places import MAX_DEPTH, places_of
from midcall.domain.samples import sample_params, sample_session
from midcall.domain.visible import visible

Json = dict[str, Any]

CONSTANT: Json = {"type": "string", "x-midcall": {"constant": "acme"}}
TRUSTED: Json = {"type": "string", "x-midcall": {"trusted_only": True}}
FROM: Json = {"type": "integer", "x-midcall": {"from_variable": "account"}}
PIN: Json = {"type": "string", "examples": ["9999"], "x-midcall": {"sensitive": True}}
TEXT: Json = {"type": "string"}
VARIABLES = {"tier": "gold", "account": "12"}


def of(**properties: Any) -> Json:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


#: An object with one of each, and what becomes of it.
INSIDE = of(tenant=CONSTANT, tier=TRUSTED, account=FROM, pin=PIN, note=TEXT)
SENT: Json = {"tenant": "evil", "tier": "evil", "account": 99, "pin": "1234", "note": "n"}
GOT: Json = {"tenant": "acme", "tier": "gold", "account": 12, "pin": "1234", "note": "n"}
DEFS = {"$defs": {"inside": INSIDE, "tenant": CONSTANT, "again": {"$ref": "#/$defs/inside"}}}
REF = {"$ref": "#/$defs/inside"}

WAYS: dict[str, tuple[Json, Any]] = {
    "property": (INSIDE, SENT),
    "deeper": (of(a=of(b=INSIDE)), {"a": {"b": SENT}}),
    "$ref": (REF, SENT),
    "two $refs": ({"$ref": "#/$defs/again"}, SENT),
    "$ref and what is beside it": ({**REF, "maxProperties": 9}, SENT),
    "allOf": ({"allOf": [{"type": "object"}, REF]}, SENT),
    "two branches": ({"allOf": [of(tenant=TEXT, tier=TEXT, account={}, pin=TEXT), INSIDE]}, SENT),
    "items": ({"type": "array", "items": REF}, [SENT, SENT]),
    "prefixItems": ({"type": "array", "prefixItems": [TEXT, REF]}, ["x", SENT]),
    "items of items": ({"type": "array", "items": {"type": "array", "items": INSIDE}}, [[SENT], []]),
    "additionalProperties": ({"type": "object", "additionalProperties": REF}, {"any": SENT}),
    "named beside others": ({**of(known=TEXT), "additionalProperties": REF}, {"known": "x", "any": SENT}),
}


def swapped(value: Any, new: Json) -> Any:
    """Return a value with SENT replaced wherever it stands."""
    if value == SENT:
        return new
    if isinstance(value, dict):
        return {name: swapped(child, new) for name, child in value.items()}
    return [swapped(child, new) for child in value] if isinstance(value, list) else value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("top", [False, True])
def test_whatever_leads_to_it_it_is_filled_masked_and_hidden(way: str, top: bool) -> None:  # noqa: FBT001
    """Below a parameter, and in a branch of the parameters as a whole."""
    below, sent = WAYS[way]
    schema = {**of(p=below), **DEFS} if not top else {"type": "object", "allOf": [of(p=below)], **DEFS}
    assert places_of(schema).faults == ()
    params, faults = prepare(schema, {"p": sent}, VARIABLES)
    assert (params, faults) == ({"p": swapped(sent, GOT)}, ())
    assert masked(places_of(schema), params) == {"p": swapped(sent, {**GOT, "pin": MASK})}
    assert set(sensitive_values(schema, params)) == {"1234"}
    shown = json.dumps(visible(schema))
    assert [name for name in ("tenant", "tier", "account", "acme", "x-midcall") if f'"{name}"' in shown] == []
    assert '"pin"' in shown
    assert "9999" not in json.dumps(visible(schema, discreet=True))
    assert not {"tenant", "tier", "account"} & set(json.dumps(sample_params(schema)).split('"'))
    assert {"tier", "account"} <= sample_session(schema, Phase.DURING_SESSION)["dynamicVariables"].keys()


def test_a_parameter_that_refers_to_what_is_filled_is_filled() -> None:
    """The options of a definition are those of whatever refers to it."""
    schema = {**of(tenant={"$ref": "#/$defs/tenant"}, tier={"allOf": [TRUSTED]}, pin={"allOf": [PIN]}), **DEFS}
    assert prepare(schema, {"tenant": "evil", "tier": "evil", "pin": "1234"}) == ({"tenant": "acme", "pin": "1234"}, ())
    assert hidden_names(schema) == {"tenant", "tier"}
    assert sensitive_names(schema) == {"pin"}


def test_objects_on_the_way_to_a_constant_are_made() -> None:
    """A caller that leaves them out, or sends null, leaves no constant out."""
    schema = of(order=of(scope=of(tenant=CONSTANT, tier=TRUSTED), note=TEXT))
    for sent in ({}, {"order": None}, {"order": {"scope": None}}, {"order": {"scope": {"tenant": "x", "tier": "x"}}}):
        assert prepare(schema, sent) == ({"order": {"scope": {"tenant": "acme"}}}, ())
    only_variables = of(order={**of(tier=TRUSTED, id=TEXT), "required": ["id"]})
    assert prepare(only_variables, {}, VARIABLES) == ({}, ())
    assert prepare(of(order=of(tier=TRUSTED, id=TEXT)), {}, VARIABLES) == ({"order": {"tier": "gold"}}, ())


@pytest.mark.parametrize(
    ("below", "sent", "loc", "msg"),
    [
        ({"properties": {"tenant": CONSTANT}}, "a text", ".p", "give an object"),
        ({"properties": {"tenant": CONSTANT}}, [{}], ".p", "give an object"),
        ({"items": {"type": "object", "properties": {"tenant": CONSTANT}}}, "a text", ".p", "give a list"),
        ({"items": {"properties": {"tier": TRUSTED}}}, [{}, 5], ".p.1", "give an object"),
        ({"additionalProperties": {"properties": {"tier": TRUSTED}}}, {"x": 5}, ".p.x", "give an object"),
    ],
)
def test_a_value_of_another_shape_does_not_get_past_what_is_filled(below: Json, sent: Any, loc: str, msg: str) -> None:
    """Also where the schema allows any type."""
    _, faults = prepare(of(p=below), {"p": sent})
    assert [(fault.loc, fault.msg) for fault in faults] == [(loc, msg)]


def test_what_stands_where_something_sensitive_should_be_is_masked_whole() -> None:
    """JSON in a text, a list for an object: the caller said it, only not as declared."""
    places = places_of(of(p=of(pin=PIN, note=TEXT), q={"type": "array", "items": PIN}))
    sent = {"p": '{"pin": "1234"}', "q": {"0": "1234"}}
    assert masked(places, sent) == {"p": MASK, "q": MASK}
    assert masked(places, {"p": {"pin": {"a": "1234"}, "note": "n"}, "q": ["1", "2"]}) == {
        "p": {"pin": MASK, "note": "n"},
        "q": [MASK, MASK],
    }
    assert masked(places, {"p": None}) == {"p": None}


def test_patterns_mask_every_property_of_their_object() -> None:
    """Which names a pattern finds is the validator's to say; here all are masked."""
    places = places_of(of(p={"type": "object", "patternProperties": {"^pin": PIN}, "properties": {"id": TEXT}}))
    assert places.faults == ()
    assert masked(places, {"p": {"pin_1": "1234", "id": "x"}, "q": 1}) == {"p": {"pin_1": MASK, "id": MASK}, "q": 1}


REFUSED: dict[str, tuple[Json, str, str]] = {
    "the whole": ({**of(), "x-midcall": {"sensitive": True}}, ".x-midcall", "put it on each property"),
    **{
        word: (of(p={word: [PIN]}), f".properties.p.{word}.x-midcall", f'stands under "{word}"')
        for word in ("anyOf", "oneOf")
    },
    **{
        word: (of(p={word: of(t=TRUSTED)}), f".properties.p.{word}.properties.t.x-midcall", f'stands under "{word}"')
        for word in ("not", "if", "then", "else")
    },
    "dependentSchemas": (
        of(p={"dependentSchemas": {"a": of(t=TRUSTED)}}),
        ".properties.p.dependentSchemas.properties.t.x-midcall",
        'stands under "dependentSchemas"',
    ),
    "a $ref under a condition": (
        {**of(p={"anyOf": [{"$ref": "#/$defs/d"}]}), "$defs": {"d": of(t=TRUSTED)}},
        ".properties.p.anyOf.properties.t.x-midcall",
        'stands under "anyOf"',
    ),
    **{
        word: (of(p={word: PIN}), f".properties.p.{word}.x-midcall", "only a check can tell")
        for word in ("contains", "unevaluatedItems", "unevaluatedProperties")
    },
    **{
        word: (of(p={word: CONSTANT}), f".properties.p.{word}", "has no meaning in here")
        for word in ("propertyNames", "contentSchema")
    },
    "patternProperties": (
        of(p={"patternProperties": {"^a": of(t=TRUSTED)}}),
        ".properties.p.patternProperties.^a.properties.t.x-midcall",
        "write the names out",
    ),
    "others beside patterns": (
        of(p={"patternProperties": {"^a": {}}, "additionalProperties": of(t=TRUSTED)}),
        ".properties.p.additionalProperties.properties.t.x-midcall",
        "write the names out",
    ),
    "each entry": (of(p={"items": CONSTANT}), ".properties.p.items.x-midcall", "on the list or object as a whole"),
    "first entries": (
        of(p={"prefixItems": [TRUSTED]}),
        ".properties.p.prefixItems.0.x-midcall",
        "on the list or object as a whole",
    ),
    "others": (
        {**of(), "additionalProperties": {"allOf": [FROM]}},
        ".additionalProperties.allOf.0.x-midcall",
        "on the list or object as a whole",
    ),
    "no such option": (
        of(p=of(q={"x-midcall": {"hide": 1}})),
        ".properties.p.properties.q.x-midcall.hide",
        "there are",
    ),
    "no object": (of(p={"items": {"x-midcall": True}}), ".properties.p.items.x-midcall", "give an object"),
    "no truth": (
        of(p=of(q={"x-midcall": {"trusted_only": "yes"}})),
        ".properties.p.properties.q.x-midcall.trusted_only",
        "give true or false",
    ),
    "two constants": (
        of(p={"allOf": [CONSTANT, {"x-midcall": {"constant": 1}}]}),
        ".properties.p.allOf.1.x-midcall.constant",
        "another constant",
    ),
    "two variables": (
        of(p={"allOf": [FROM, {"x-midcall": {"from_variable": "other"}}]}),
        ".properties.p.allOf.1.x-midcall",
        "name one of them",
    ),
    "within a constant": (
        of(p={**of(t=TRUSTED), "x-midcall": {"constant": {}}}),
        ".properties.p",
        "one constant as a whole",
    ),
    "a constant in what may be left out": (
        of(p={**of(t=CONSTANT, id=TEXT), "required": ["id"]}),
        ".properties.p",
        'add "p" to "required"',
    ),
    "comes back": (
        {**of(p={"$ref": "#/$defs/p"}), "$defs": {"p": of(p={"$ref": "#/$defs/p"}, t=CONSTANT)}},
        "",
        "comes back to itself",
    ),
    "dynamic": (of(p={"allOf": [CONSTANT, {"$dynamicRef": "#x"}]}), "", "depends on where it is used"),
    "nowhere": (of(p={"$ref": "#/$defs/none"}, q=CONSTANT), "", "leads nowhere"),
}
#: Those that leave no doubt about what is filled, only about what was meant.
CLEAR = {"the whole", "anyOf", "oneOf", "contains", "unevaluatedItems", "unevaluatedProperties", "no such option"} | {
    "no object", "no truth", "two constants", "two variables", "within a constant", "a constant in what may be left out"
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_enforced_is_told_with_the_cure(case: str) -> None:
    """And a version that was saved before takes no calls where something may come from the LLM that must not."""
    schema, loc, msg = REFUSED[case]
    found = places_of(schema)
    assert [fault.loc for fault in found.faults] == [f"parameters{loc}"]
    assert msg in found.faults[0].msg
    assert found.closed is (case not in CLEAR)
    _, faults = prepare(schema, {"p": {"t": "evil"}}, VARIABLES)
    assert bool(faults) is found.closed


@pytest.mark.parametrize(
    "below",
    [
        {"anyOf": [PIN, {"type": "integer"}]},
        {"if": of(pin=PIN)},
        {"contains": PIN},
        {"unevaluatedProperties": PIN},
        {"propertyNames": PIN},
        {"not": {"items": PIN}},
    ],
)
def test_in_doubt_it_is_masked(below: Json) -> None:
    """A version that was saved before there was a fault shows nothing that it would hide if the condition held."""
    for sent in ({"pin": "1234"}, ["1234"], "1234"):
        shown = masked(places_of(of(p=below)), {"p": sent, "q": "n"})
        assert "1234" not in json.dumps(shown)
        assert shown["q"] == "n"


def test_a_schema_that_cannot_be_walked_shows_nothing_and_takes_nothing() -> None:
    """All parameters are masked; no LLM is shown any."""
    schema = {**of(p={"$ref": "#/$defs/p"}), "$defs": {"p": of(p={"$ref": "#/$defs/p"}, t=PIN)}}
    assert masked(places_of(schema), {"p": {"p": "1234"}, "q": 5}) == {"p": MASK, "q": MASK}
    assert sensitive_names(schema) == {"p"}
    assert prepare(schema, {"p": 1})[1]
    with pytest.raises(Unexpandable):
        visible(schema)


def fan(levels: int, leaf: Json) -> Json:
    """Return a schema whose references fan out: two from each level to the next."""
    defs = {f"d{n}": of(a={"$ref": f"#/$defs/d{n + 1}"}, b={"$ref": f"#/$defs/d{n + 1}"}) for n in range(levels)}
    return {**of(p={"$ref": "#/$defs/d0"}), "$defs": {**defs, f"d{levels}": leaf}}


def nested(levels: int, leaf: Json) -> Json:
    """Return a schema of so many objects within objects."""
    return leaf if levels == 0 else of(a=nested(levels - 1, leaf))


HOSTILE: dict[str, Json] = {
    "fan of properties": fan(60, of(k=CONSTANT)),
    "fan of secrets": fan(60, PIN),
    "fan of branches": {
        **of(p={"$ref": "#/$defs/d0"}),
        "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": CONSTANT},
    },
    "many properties": of(**{f"p{n}": CONSTANT if n % 2 else PIN for n in range(10_000)}),
    "many names and branches": {
        "type": "object",
        "allOf": [{"additionalProperties": of(k=CONSTANT, **{f"x{n}": PIN})} for n in range(500)],
        "properties": {f"p{n}": TEXT for n in range(4_000)},
    },
    "many entries": of(p={"allOf": [{"items": of(k=PIN)}] * 200, "prefixItems": [of(k=CONSTANT)] * 3_000}),
    "deep": nested(400, CONSTANT),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_schemas_cost_no_more_than_seconds(case: str) -> None:
    """Where they are too much, nothing is filled and everything masked."""
    began = time.process_time()
    schema = HOSTILE[case]
    found = places_of(schema)
    params, faults = prepare(schema, {"p": {"a": {"a": "1234"}}}, VARIABLES)
    masked(found, {"p": {"a": {"a": "1234"}}})
    found.hidden_names()
    sample_session(schema, Phase.DURING_SESSION)
    assert computed_since(began) < 5
    if found.lost:
        assert faults
        assert set(masked(found, params).values()) == {MASK}


def test_a_list_does_not_multiply_what_is_filled() -> None:
    """Entries are the caller's to send; what midcall puts into each of them is bounded."""
    many = of(p={"items": of(**{f"k{n}": CONSTANT for n in range(20)})})
    assert [fault.msg for fault in prepare(many, {"p": [{}] * MAX_FILLED})[1]][:1] == [
        "midcall would have to fill in too much; send fewer entries"
    ]
    large = of(p={"items": of(k={"x-midcall": {"constant": "x" * 60_000}})})
    assert prepare(large, {"p": [{}] * 10})[1] == ()
    assert prepare(large, {"p": [{}] * 100})[1] != ()


def test_depth_is_bounded() -> None:
    """As deep as a schema can be saved."""
    assert places_of(nested(MAX_DEPTH - 1, CONSTANT)).faults == ()
    assert places_of(nested(MAX_DEPTH + 1, CONSTANT)).lost


# Properties: any schema, any value.

_NAMES = ("a", "b", "hidden_c", "hidden_v", "hidden_t")
_OPTIONS = {
    "hidden_c": {"constant": "CONSTANT"},
    "hidden_v": {"from_variable": "v"},
    "hidden_t": {"trusted_only": True},
}
_FILLED: Json = {"v": "FILLED", "hidden_t": "FILLED"}
_DEFINED = {
    "plain": of(a=TEXT),
    "inside": of(
        a={"x-midcall": {"sensitive": True}}, **{name: {"x-midcall": option} for name, option in _OPTIONS.items()}
    ),
}


def _object(properties: Json, words: Json) -> Json:
    hiding = {name: {**schema, "x-midcall": _OPTIONS[name]} if name in _OPTIONS else schema
              for name, schema in properties.items()}  # fmt: skip
    return {"properties": hiding, **words}


def _wider(children: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    branches = st.lists(children, min_size=1, max_size=2)
    words = st.fixed_dictionaries(
        {},
        optional={
            "items": children,
            "prefixItems": branches,
            "additionalProperties": children,
            "allOf": branches,
            "anyOf": branches,
            "not": children,
            "patternProperties": st.fixed_dictionaries({"^b": children}),
            "contains": children,
            "unevaluatedProperties": children,
            "required": st.lists(st.sampled_from(("a", "b")), max_size=1),
        },
    )
    few = words.map(lambda found: dict(list(found.items())[:2]))
    return st.builds(_object, st.dictionaries(st.sampled_from(_NAMES), children, max_size=3), few)


_leaf: st.SearchStrategy[Json] = st.sampled_from(
    [{}, {"type": "string"}, {"x-midcall": {"sensitive": True}}, *({"$ref": f"#/$defs/{name}"} for name in _DEFINED)]
)
schemas = (
    _wider(st.recursive(_leaf, _wider, max_leaves=6))
    .map(lambda schema: {**schema, "type": "object", "$defs": _DEFINED})
    .map(lambda schema: json.loads(json.dumps(schema)))
)
_marked = st.integers(100, 999).map(lambda number: f"SENT{number}")
values = st.dictionaries(
    st.sampled_from(_NAMES),
    st.recursive(
        _marked | st.none(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


class Oracle:
    """Reads a schema beside a value, with no memory and no order: slow, and plain enough to be believed."""

    def __init__(self, root: Json) -> None:
        self.root = root

    def same(self, schema: Any, *, sometimes: bool) -> list[Json]:
        """Return all schemas that speak of one value; those that do so under a condition too, if asked for."""
        if not isinstance(schema, dict):
            return []
        inside = list(schema.get("allOf", ()))
        if "$ref" in schema:
            inside.append(self.root["$defs"][schema["$ref"].rpartition("/")[2]])
        if sometimes:
            inside += [*schema.get("anyOf", ()), *([schema["not"]] if "not" in schema else ())]
        return [schema, *(each for child in inside for each in self.same(child, sometimes=sometimes))]

    def below(self, schemas: list[Json], key: str | int, *, sometimes: bool) -> list[Json]:
        """Return all schemas that speak of a property, or of an entry."""
        found: list[Any] = []
        for schema in schemas:
            if isinstance(key, str):
                properties = schema.get("properties", {})
                found.append(properties.get(key, schema.get("additionalProperties")))
                if sometimes:
                    found += [*schema.get("patternProperties", {}).values(), schema.get("unevaluatedProperties")]
            else:
                first = schema.get("prefixItems", [])
                found.append(first[key] if key < len(first) else schema.get("items"))
                found.append(schema.get("contains") if sometimes else None)
        return [each for child in found for each in self.same(child, sometimes=sometimes)]

    def secrets(self, schemas: list[Json], value: Any) -> list[Any]:
        """Return every text that some schema calls sensitive, under whatever condition."""
        if any(schema.get("x-midcall", {}).get("sensitive") for schema in schemas):
            return [text for text in json.dumps(value).split('"') if text.startswith("SENT")]
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [
            text for key, child in children for text in self.secrets(self.below(schemas, key, sometimes=True), child)
        ]

    def has_constant(self, schemas: list[Json]) -> bool:
        """Tell whether an object of these schemas always has a constant in it."""
        names = {name for schema in schemas for name in schema.get("properties", {})}
        return "hidden_c" in names or any(
            self.has_constant(self.below(schemas, name, sometimes=False)) for name in names
        )

    def check(self, schemas: list[Json], value: Any) -> None:
        """Hold a value that reaches a function against what always holds."""
        names = {name for schema in schemas for name in schema.get("properties", {})}
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name in names if isinstance(value, dict) else ():
            if name == "hidden_c":
                assert value["hidden_c"] == "CONSTANT"
            elif name in _OPTIONS:
                assert value.get(name, "FILLED") == "FILLED" or not isinstance(value[name], str)
                assert "SENT" not in json.dumps(value.get(name))
            elif self.has_constant(self.below(schemas, name, sometimes=False)):
                assert isinstance(value[name], dict)
        for key, child in children:
            if key not in _OPTIONS:
                self.check(self.below(schemas, key, sometimes=False), child)


_BOTH = of(a={"properties": {"hidden_c": CONSTANT}, "prefixItems": [{}, {"$ref": "#/$defs/inside"}]})


@given(schema=schemas, sent=values)
@example(schema={**_BOTH, "$defs": _DEFINED}, sent={"a": ["SENT100"]})
@settings(max_examples=400, deadline=None)
def test_whatever_the_schema_it_is_enforced_or_refused(schema: Json, sent: Json) -> None:
    """Every constant is there, no hidden value is the LLM's, none is shown, and nothing sensitive is on record."""
    oracle = Oracle(schema)
    params, faults = prepare(schema, sent, _FILLED)
    places = places_of(schema)
    whole = oracle.same(schema, sometimes=True)
    for kept in (params, sent):
        shown = json.dumps(masked(places, kept))
        assert [
            secret for secret in oracle.secrets(whole, kept) if secret in shown and not _elsewhere(secret, kept)
        ] == []
    if not faults:
        oracle.check(oracle.same(schema, sometimes=False), params)
    if not places.lost:
        text = json.dumps(visible(schema))
        assert [name for name in places.hidden_names() if f'"{name}"' in text] == []
        assert "CONSTANT" not in text


def _elsewhere(secret: str, value: Any) -> bool:
    """Tell whether a text stands twice: once, perhaps, where nothing is sensitive."""
    return json.dumps(value).count(secret) > 1
