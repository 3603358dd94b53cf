"""What a tenant may send or save is worked on in proportion to its size, or given up: each evaluator, hostile values.

By the ratio of two sizes in one run. Where a schema meets a value, both grow: bounded on one side, it is linear.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from tests.support.growth import SUSPECT, growth

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.conversion import convert
from midcall.domain.errors import MidcallError
from midcall.domain.expanded import Unexpandable, expanded
from midcall.domain.filling import stripped, variables_in, with_secrets
from midcall.domain.javascript_json import NotSerializable, stringify
from midcall.domain.jsonvalue import NotJson, is_deeper, merge_patch, parse_bytes
from midcall.domain.line_diff import unified
from midcall.domain.mock import subset
from midcall.domain.nulls import without_nulls
from midcall.domain.parameter_fields import rows_of, with_rows
from midcall.domain.parameters import masked, prepare, sensitive_values
from midcall.domain.pattern_samples import pattern_sample
from midcall.domain.phases import Phase
from midcall.domain.places import places_of
from midcall.domain.preview import preview
from midcall.domain.redaction import Redaction
from midcall.domain.samples import sample_params, sample_session
from midcall.domain.schema_intake import rebased
from midcall.domain.suggestion import applied, snippet
from midcall.domain.template.body import parse_body
from midcall.domain.template.text import parse_text
from midcall.domain.template.values import TemplateValues
from midcall.domain.template.webhook import parse_webhook
from midcall.domain.test_case import difference
from midcall.domain.visible import visible
from midcall.domain.webhook_payload import arguments_as_query
from midcall.domain.webhook_result import failure_text, read_answer, result_value
from midcall.service.assistant.masking import PromptMasker
from midcall.service.credentials.inline_secrets import kept, shown
from midcall.service.functions.compare import compare
from midcall.service.schemas.schemas import any_schema_faults, fitting_params, schema_faults, taken_schema, value_faults
from midcall.vendors.imports.draft import fitting_name
from midcall.vendors.imports.readers import READERS, ImportVendor

Json = dict[str, Any]
Make = Callable[[int], Any]
SECRET = {"type": "string", "x-midcall": {"sensitive": True}}
CONSTANT = {"x-midcall": {"constant": 1}}
#: Whatever an evaluator may end with.
HONEST = (MidcallError, BudgetSpent, Unexpandable, NotSerializable, NotJson)


def wide(size: int) -> Json:
    """Make an object of many names."""
    return {f"n{number}": number for number in range(size)}


def properties(size: int, each: Any) -> Json:
    """Make a schema of many properties that are alike."""
    return {"type": "object", "properties": {f"n{number}": each for number in range(size)}}


def branches(size: int) -> Json:
    """Make a schema of many branches."""
    return {"type": "object", "allOf": [{"properties": {f"n{number}": {}}} for number in range(size)]}


def chain(size: int) -> Json:
    """Make a schema of definitions, each of which leads to the next."""
    links = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(size)}
    return {"type": "object", "properties": {"n0": {"$ref": "#/$defs/d0"}}, "$defs": {**links, f"d{size}": SECRET}}


SCHEMAS: dict[str, Make] = {
    "many properties": lambda size: properties(size, {"type": "string"}),
    "many secrets": lambda size: properties(size, SECRET),
    "many constants": lambda size: properties(size, CONSTANT),
    "many constants one within the other": lambda size: properties(size // 9, properties(9, CONSTANT)),
    "many branches": branches,
    "many branches that are nothing": lambda size: {"type": "object", "anyOf": [{}] * size},
    "many branches in branches": lambda size: {"type": "object", "allOf": [branches(99)] * (size // 99)},
    "many names in a list": lambda size: {"type": "object", "required": [f"n{number}" for number in range(size)]},
    "one name again and again": lambda size: {"type": "object", "required": ["n"] * size, "properties": {"n": SECRET}},
    "many choices": lambda size: {"type": "object", "properties": {"n": {"enum": [f"{n}" for n in range(size)]}}},
    "many choices in two branches": lambda size: {
        "type": "object",
        "properties": {
            "n": {"allOf": [{"enum": [f"{n}" for n in range(size)]}, {"enum": [f"{n}" for n in range(size)]}]}
        },
    },
    "a long name": lambda size: {"type": "object", "properties": {"n" * size: properties(9, CONSTANT)}},
    "a long pattern": lambda size: properties(3, {"type": "string", "pattern": "a?" * size}),
    "many patterns": lambda size: {"type": "object", "patternProperties": {f"^{n}": SECRET for n in range(size)}},
    "a chain": lambda size: chain(min(size, 200)),
    "fan-out": lambda size: {
        "type": "object",
        "properties": {f"n{number}": {"$ref": "#/$defs/d"} for number in range(size)},
        "$defs": {"d": properties(size, {})},
    },
    "others": lambda size: {**properties(size, {}), "additionalProperties": properties(size, CONSTANT)},
    "branches that nothing fits": lambda size: {
        "type": "object",
        "properties": {"n0": {"anyOf": [{"type": "integer", "minimum": n} for n in range(size)]}},
    },
    "choices that nothing is": lambda size: {
        "type": "object",
        "properties": {"n0": {"type": "array", "items": {"enum": [f"A{n}" for n in range(size)]}}},
    },
    "lists in lists": lambda size: {
        "type": "object",
        "properties": {"n0": {"type": "array", "items": {"anyOf": [{"type": "array", "items": {}}] * size}}},
    },
    "entries": lambda size: {
        "type": "object",
        "properties": {"n0": {"prefixItems": [CONSTANT] * size, "items": SECRET}},
    },
}
#: As authors write them: what is kept of one is another, or nothing.
AUTHORED: dict[str, Make] = {
    **SCHEMAS,
    "references to places": lambda size: {
        "type": "object",
        "properties": {f"n{n}": {"$ref": f"#/properties/n{n - 1}"} if n else {"items": SECRET} for n in range(size)},
    },
    "references to all of it": lambda size: properties(size, {"$ref": "#"}),
    "references into each other": lambda size: {
        "type": "object",
        "properties": {f"n{n}": {"items": {"$ref": f"#/properties/n{(n + 1) % size}"}} for n in range(size)},
    },
    "definitions in circles": lambda size: {
        "type": "object",
        "$defs": {f"d{n}": {"items": {"$ref": f"#/$defs/d{n ^ 1}"}} for n in range(size)},
    },
    "definitions of all definitions": lambda size: {
        "type": "object",
        "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{m}"} for m in range(30)]} for n in range(size // 30)},
    },
    "names of levels": lambda size: {
        "type": "object",
        "$defs": {f"d{'.' * n}2": {} for n in range(min(size, 300))} | {"d": {"items": {"$ref": "#/$defs/d"}}},
    },
    "names alike": lambda size: {
        "type": "object",
        "properties": {f"{'~' if n % 2 else '!'}{n // 2}": {"$ref": "#/properties/!1"} for n in range(size)},
    },
    "words that are none": lambda size: properties(size, {"type": "int", "minimum": "5"}),
}
VALUES: dict[str, Make] = {
    "an object": wide,
    "an object and a null": lambda size: {**wide(size), "null": None},
    "objects": lambda size: {"n0": [{"n0": None, "n1": "a"}] * size},
    "a long name": lambda size: {"n" * size: wide(size)},
    "a long name within": lambda size: {"n0": {"n" * size: wide(size)}},
    "a long text": lambda size: {"n0": "a" * size},
    "marks": lambda size: {"n0": "\u0301\u0316" * size},
    "a list": lambda size: {"n0": ["a"] * size},
    "deep lists": lambda size: {"n0": [[[[["a", None]]]]] * size},
}


def of_schema(schema: Json) -> None:
    """Do all that is done with a schema alone."""
    for work in (
        lambda: schema_faults(schema, "parameters"),
        lambda: taken_schema(schema),
        lambda: rebased(schema, "a"),
        lambda: any_schema_faults(schema, "output_schema"),
        lambda: expanded(schema),
        lambda: visible(schema, discreet=True),
        lambda: places_of(schema),
        lambda: sample_params(schema),
        lambda: sample_session(schema, Phase.DURING_SESSION),
        lambda: with_rows(schema, rows_of(schema)),
    ):
        with suppress(*HONEST):
            work()


def of_both(given: tuple[Json, Json]) -> None:
    """Do all that is done with parameters and their schema, which was taken when it was saved."""
    schema, value = given
    for work in (
        lambda: fitting_params(schema, value, {}),
        lambda: value_faults(schema, value, "params"),
    ):
        with suppress(*HONEST):
            work()


@cache
def size_taken(schema: str, size: int) -> int:
    """Return the largest size, down from one that may be too large, with which a schema can be saved."""
    while size > 1 and schema_faults(SCHEMAS[schema](size), "parameters"):
        size = size * 3 // 4
    return size


@pytest.mark.parametrize("schema", AUTHORED)
def test_a_schema_is_read_in_proportion(schema: str) -> None:
    """Whether it is taken or refused."""
    assert growth(AUTHORED[schema], of_schema, most=16_000) < SUSPECT


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("schema", SCHEMAS)
def test_parameters_are_held_against_any_schema_in_proportion(schema: str, value: str) -> None:
    """What midcall fills, masks and leaves out too."""

    def make(size: int) -> tuple[Json, Json]:
        return SCHEMAS[schema](size_taken(schema, size)), VALUES[value](size)

    assert growth(make, of_both, most=16_000) < SUSPECT


TEXTS: dict[str, Make] = {
    "one letter": lambda size: "a" * size,
    "marks": lambda size: "\u0301\u0316" * size,
    "openings": lambda size: "{{" * size,
    "placeholders": lambda size: "{{a}}" * size,
    "paths": lambda size: "{{a" + ".b" * size + "}}",
    "many paths": lambda size: "{{a.b[0].c | default('')}}" * (size // 20),
    "filters": lambda size: "{{a | default(" * size,
    "a default of blanks": lambda size: "{{a | default(" + " " * size + "}}",
    "blanks in braces": lambda size: "{{" + " " * size,
    "braces as text": lambda size: "{{'{{'}}" * size,
    "lines": lambda size: "a\n" * size,
    "other lines": lambda size: "".join(f"{number % 7}\n" for number in range(size)),
    "quotes": lambda size: '"' * size,
    "backslashes": lambda size: "\\" * size,
    "brackets": lambda size: "[" * size,
    "objects that do not end": lambda size: '{"a":' * size,
    "an object of one name": lambda size: "{" + ",".join(['"a":1'] * size) + "}",
    "an object of many names": lambda size: json.dumps(wide(size)),
    "many lists": lambda size: json.dumps([[]] * size),
    "numbers that are none": lambda size: "[" + ",".join(['{"a":NaN}'] * size) + "]",
    "halves of pairs": lambda size: "\ud83d" * size,
    "digits": lambda size: "1" * size,
    "signatures": lambda size: "def handler(" + "()" * size,
    "a secret again and again": lambda size: "s3cr3t-v4lue " * size,
    "almost a secret": lambda size: "s3cr3t-v4lu" * size,
    "keys": lambda size: "-----BEGIN PRIVATE KEY-----" * size,
    "assignments": lambda size: "password = " * size,
    "fences": lambda size: "```\n" * size,
}
TEMPLATES = {"webhook.url": "https://a.example.com/{{a}}", "webhook.body": '{"a": "{{a}}", "b": "x {{a}}"}'}
ANY_OF_ALL = {
    "type": "object",
    "properties": {
        "a": {
            "anyOf": [
                {"type": "integer"},
                {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
                {"type": "object", "additionalProperties": {"type": "integer"}},
                {"type": "string", "enum": ["a"]},
                {"type": "string", "format": "date"},
            ]
        }
    },
}
NAMES = {"s3cr3t-v4lue", "s3cr3t", "4321", "s" * 300}


def of_text(text: str) -> dict[str, Callable[[], Any]]:
    """Return all that is done with a text that somebody sent, wrote or answered."""
    raw = text.encode("utf-8", "surrogatepass")
    redaction = Redaction(NAMES)
    fill = parse_webhook(url=TEMPLATES["webhook.url"], body=TEMPLATES["webhook.body"], headers={"X-A": "{{a}}"})
    values = TemplateValues(params={"a": text})
    return {
        "parsed": lambda: parse_bytes(raw),
        "answered as JSON": lambda: result_value(200, "application/json", raw),
        "answered": lambda: result_value(200, None, raw),
        "read as an answer": lambda: read_answer(200, "text/html", raw),
        "read as an answer of JSON": lambda: read_answer(200, "application/json", raw),
        "failed": lambda: failure_text("text/html", raw),
        "a template": lambda: parse_text(text, "a", max_chars=len(text)),
        "a body": lambda: parse_body(text),
        "filled into a URL": lambda: fill.url.fill(values),
        "filled into a body": lambda: fill.body and fill.body.fill(values),
        "filled into a header": lambda: [header.fill(values) for header in fill.headers],
        "in a query": lambda: arguments_as_query({"a": text}),
        "masked": lambda: redaction.text(text),
        "masked as the secret": lambda: Redaction([text]).text("a text"),
        "kept from a model": lambda: PromptMasker([list(NAMES)]).text(text),
        "expected": lambda: difference(text, f"{text}!", exact=True),
        "compared": lambda: compare(code(text), code(f"{text}!")),
        "compared in settings": lambda: compare({"a": text}, {"a": f"{text}!"}),
        "a suggestion": lambda: snippet(text),
        "a source with a suggestion": lambda: applied(text, {"suggestion": "Write `def handler(session):` there."}),
        "a suggestion that is put in": lambda: applied("def handler(x):", {"suggestion": f"Write `{text}` there."}),
        "a name": lambda: fitting_name(text),
        "a number": lambda: convert({"type": "integer"}, text),
        "a date": lambda: convert({"format": "date"}, text),
        "a moment": lambda: convert({"format": "date-time"}, text),
        "a time": lambda: convert({"format": "time"}, text),
        "an address": lambda: convert({"format": "email"}, text),
        "a phone number": lambda: convert({"format": "phone"}, text),
        "a choice": lambda: convert({"enum": [text, f"{text}!"]}, text),
        "an example of a pattern": lambda: pattern_sample(text),
        "parameters": lambda: fitting_params(ANY_OF_ALL, {"a": text}, {}),
        "shown": lambda: preview({"a": text}),
    }


def code(source: str) -> Json:
    """Make a version's document."""
    return {"code": {"source": source}}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("work", of_text(""))
def test_a_text_is_worked_on_in_proportion(work: str, text: str) -> None:
    """Whatever it is taken for."""

    def done(made: Callable[[], Any]) -> None:
        with suppress(*HONEST):
            made()

    assert growth(lambda size: of_text(TEXTS[text](size))[work], done, most=64_000) < SUSPECT


DOCUMENTS: dict[str, Make] = {
    **VALUES,
    "many texts": lambda size: {"a": ["s3cr3t-v4lue"] * size},
    "many names": lambda size: {f"s3cr3t-v4lue{number}": number for number in range(size)},
    "many nulls": lambda size: {f"n{number}": None for number in range(size)},
    "deep": lambda size: nested(size, 60),
}


def nested(size: int, depth: int) -> Json:
    """Make objects within objects, with long names."""
    value: Any = wide(size // 2)
    for _ in range(depth):
        value = {"n" * (size // 2 // depth): value}
    found: Json = {"n0": value}
    return found


def of_document(document: Json) -> dict[str, Callable[[], Any]]:
    """Return all that is done with a JSON value that somebody sent, wrote or answered."""
    other = json.loads(json.dumps(document))
    other["one more"] = 1
    schema = {"type": "object", "additionalProperties": properties(1, CONSTANT), "properties": {"n0": SECRET}}
    place = places_of(schema).root
    webhook = {"webhook": {"headers": document, "query": document, "auth": document, "body": document}}
    return {
        "expected": lambda: difference(document, other, exact=True),
        "expected as a part": lambda: difference(document, other, exact=False),
        "written": lambda: stringify(document),
        "as deep as": lambda: is_deeper(document, 64),
        "merged": lambda: merge_patch(document, other),
        "a mock": lambda: subset(document, other, Budget(100_000, seconds=60)),
        "masked": lambda: Redaction(NAMES).value(document),
        "masked as secrets": lambda: Redaction([document]).value(other),
        "kept from a model": lambda: PromptMasker([list(NAMES)]).value(document),
        "compared": lambda: compare(document, other),
        "shown": lambda: preview(document),
        "a body": lambda: parse_body(document),
        "in a query": lambda: arguments_as_query(document),
        "prepared": lambda: prepare(schema, document, document),
        "stripped": lambda: stripped(place, document),
        "masked by a schema": lambda: masked(places_of(schema), document),
        "secrets by a schema": lambda: sensitive_values(schema, document),
        "with secrets": lambda: with_secrets(place, document, lambda value: value),
        "variables": lambda: variables_in(place, document),
        "without nulls": lambda: without_nulls(schema, document),
        "inline secrets": lambda: (shown(webhook), kept(webhook, lambda value, _: value)),
        "an import": lambda: [READERS[vendor](document, None) for vendor in ImportVendor],
        "in an import": lambda: READERS[ImportVendor.RETELL](
            {"name": "f", "headers": document, "parameters": document}, "f"
        ),
    }


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("work", of_document({}))
def test_a_value_is_worked_on_in_proportion(work: str, document: str) -> None:
    """Whatever it is taken for."""

    def done(made: Callable[[], Any]) -> None:
        with suppress(*HONEST):
            made()

    assert growth(lambda size: of_document(DOCUMENTS[document](size))[work], done, most=16_000) < SUSPECT


def test_many_lines_that_are_alike_are_compared_within_the_budget() -> None:
    """Comparing is quadratic by nature; it is the budget that ends it."""
    with suppress(BudgetSpent):
        list(unified(["a", "b"] * 2_000, ["b", "a"] * 2_000))
