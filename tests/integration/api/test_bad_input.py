"""Whatever is sent, the answer is a clear 4xx that names the field, and nothing is stored by half."""

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.contract import flat
from tests.support.patience import CLIENT_S
from tests.support.serving import Client, Served
from tests.support.world import SOURCE, function

from midcall.app import create_app
from midcall.bootstrap.settings import Settings

MIB = 1024 * 1024
HUGE_INT = "9" * 5_000


@pytest.fixture(scope="module")
def author(served: Served) -> Client:
    """Make a workspace with one published function, for all tests of this file: none of them changes anything."""
    author = served.tenant()
    author.published()
    return author


@pytest.fixture(scope="module")
def stored(author: Client) -> list[dict[str, int]]:
    """Count the rows of all tables, last of all; each test begins where the one before it ended."""
    return [author.row_counts()]


@pytest.fixture(autouse=True)
def _nothing_is_stored_by_half(author: Client, stored: list[dict[str, int]]) -> Iterator[None]:
    """Count them again after each test of this file."""
    yield
    stored.append(author.row_counts())
    before = stored.pop(0)
    assert stored == [before]


def schema(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


def exponential() -> dict[str, Any]:
    """Return a small schema whose references written out have 10**20 parts."""
    definitions = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 10} for n in range(20)}
    return {**schema(a={"$ref": "#/$defs/d0"}), "$defs": {**definitions, "d20": {"type": "string"}}}


def chain(length: int) -> dict[str, Any]:
    """Return a schema whose references lead from one to the next."""
    definitions = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(length)}
    return {**schema(a={"$ref": "#/$defs/d0"}), "$defs": {**definitions, f"d{length}": {}}}


HIDDEN_RECURSION = {"allOf": [{"$ref": "#/$defs/x"}] * 2}

BAD_SCHEMAS: dict[str, tuple[Any, str]] = {
    "no type": ({"properties": {}}, "parameters.type"),
    "type is a list": ({"type": ["object"]}, "parameters.type"),
    "type of something else": ({"type": "array"}, "parameters.type"),
    "text": ("object", "parameters"),
    "number": (5, "parameters"),
    "null": (None, "parameters"),
    "remote reference": (schema(a={"$ref": "http://192.0.2.1/x.json"}), "parameters"),
    "file reference": (schema(a={"$ref": "file:///etc/passwd"}), "parameters"),
    "remote reference in what nothing uses": ({**schema(), "$defs": {"a": {"$ref": "http://x.invalid"}}}, "parameters"),
    "recursive reference to the root": ({**schema(), "allOf": [{"$ref": "#"}]}, "parameters"),
    "recursive reference to itself": (
        {**schema(a={"$ref": "#/$defs/a"}), "$defs": {"a": {"$ref": "#/$defs/a"}}},
        "parameters",
    ),
    "recursion that fans out": ({**schema(), "properties": {f"a{n}": {"$ref": "#"} for n in range(99)}}, "parameters"),
    "recursion inside a resource of its own": (
        {
            **schema(a={"$ref": "#/$defs/a"}),
            "$defs": {
                "x": {},
                "a": {"$id": "http://x.invalid/a", "properties": {"b": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}}},
            },
        },
        "parameters",
    ),
    "exponential references": (exponential(), "parameters"),
    "two thousand references in a row": (chain(1_500), "parameters"),
    "dynamic reference": (schema(a={"$dynamicRef": "#meta"}), "parameters"),
    "anchor": ({**schema(), "$anchor": "here"}, "parameters"),
    "dialect that is no text": ({**schema(), "$schema": 5}, "parameters"),
    "reference to nowhere": (schema(a={"$ref": "#/$defs/none"}), "parameters"),
    "reference that is no text": (schema(a={"$ref": 5}), "parameters.properties.a.$ref"),
    "unknown type": (schema(a={"type": "text"}), "parameters.properties.a.type"),
    "properties is a list": ({"type": "object", "properties": []}, "parameters.properties"),
    "a property is a number": (schema(a=5), "parameters.properties.a"),
    "pattern that is no regex": (schema(a={"pattern": "("}), "parameters.properties.a.pattern"),
    "pattern with a backreference": (schema(a={"pattern": r"(a)\1"}), "parameters.properties.a.pattern"),
    "pattern with a look-behind": (schema(a={"pattern": "(?<=a)b"}), "parameters.properties.a.pattern"),
    "pattern that needs gigabytes": (
        schema(a={"pattern": "((a{1000}){1000}){1000}"}),
        "parameters.properties.a.pattern",
    ),
    "required is no list": ({**schema(), "required": "a"}, "parameters.required"),
    "unknown option": (schema(a={"x-midcall": {"hidden": True}}), "parameters.properties.a.x-midcall.hidden"),
    "option that is no object": (schema(a={"x-midcall": 5}), "parameters.properties.a.x-midcall"),
    "option under a condition": (
        schema(a={"anyOf": [{"x-midcall": {"sensitive": True}}]}),
        "parameters.properties.a.anyOf.x-midcall",
    ),
    "option behind a reference under a condition": (
        {**schema(a={"if": {"$ref": "#/$defs/b"}}), "$defs": {"b": {"x-midcall": {"trusted_only": True}}}},
        "parameters.properties.a.if.x-midcall",
    ),
    "constant for every entry": (
        schema(a={"items": {"x-midcall": {"constant": 1}}}),
        "parameters.properties.a.items.x-midcall",
    ),
    "half a surrogate pair": (schema(a={"description": "\ud800"}), "parameters"),
    "half a surrogate pair in a name": (schema(**{"\udfff": {}}), "parameters"),
    "too large": (schema(a={"description": "x" * 65_536}), "parameters"),
    "100,000 entries": (schema(a={"enum": list(range(100_000))}), "parameters"),
    "5,001 entries": (schema(a={"enum": list(range(5_001))}), "parameters"),
    "fields: unknown type": ([{"name": "a", "type": "text"}], "parameters.0.type"),
    "fields: bad name": ([{"name": "a b", "type": "string"}], "parameters.0.name"),
    "fields: twice": ([{"name": "a", "type": "string"}] * 2, "parameters.1.name"),
    "fields: custom without schema": ([{"name": "a", "type": "custom"}], "parameters.0.jsonSchema"),
    "fields: unknown field": ([{"name": "a", "type": "string", "typo": 1}], "parameters.0.typo"),
    "fields: no name": ([{"type": "string"}], "parameters.0.name"),
    "fields: not an object": ([5], "parameters.0"),
    "fields: required is a text": ([{"name": "a", "type": "string", "required": "yes"}], "parameters.0.required"),
    "fields: 100,000": ([{"name": "a", "type": "string"}] * 20_000, "parameters"),
}

COOKIES = [
    "# -*- coding: latin-1 -*-",
    "# coding: utf-7",
    "#!/usr/bin/python\n# vim: set fileencoding=punycode :",
    "# coding=raw_unicode_escape",
    "\f# coding: cp037",
    "# -*- coding: UTF-16 -*-",
    "\ufeff# coding: latin-1",
    "# coding: rot13",
    "# coding: utf-8-sig-x",
]

BAD_FUNCTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"surprise": 1}, "surprise"),
    "unknown field with a long name": ({"x" * 1_000: 1}, "x" * 1_000),
    "field in camelCase": ({"displayName": "x"}, "displayName"),
    "name missing": ({"name": None}, "name"),
    "name empty": ({"name": ""}, "name"),
    "name with a space": ({"name": "a b"}, "name"),
    "name with a dash": ({"name": "a-b"}, "name"),
    "name that starts with a digit": ({"name": "1a"}, "name"),
    "name of 64 characters": ({"name": "a" * 64}, "name"),
    "name of a million characters": ({"name": "a" * 900_000}, "name"),
    "name with a newline at its end": ({"name": "lookup2\n"}, "name"),
    "name with NUL": ({"name": "a\0b"}, "name"),
    "name outside ASCII": ({"name": "caf\u00e9"}, "name"),
    "name that looks like ASCII": ({"name": "\u0430bc"}, "name"),
    "name is a number": ({"name": 5}, "name"),
    "reserved name": ({"name": "checkout"}, "name"),
    "description missing": ({"description": None}, "description"),
    "description empty": ({"description": ""}, "description"),
    "description too long": ({"description": "x" * 1_025}, "description"),
    "description with NUL": ({"description": "a\0b"}, "description"),
    "description with half a surrogate pair": ({"description": "a\ud800b"}, "description"),
    "display name with NUL": ({"display_name": "a\0"}, "display_name"),
    "display name too long": ({"display_name": "a" * 201}, "display_name"),
    "tags is a text": ({"tags": "a"}, "tags"),
    "tags too many": ({"tags": ["a"] * 21}, "tags"),
    "100,000 tags": ({"tags": ["a"] * 100_000}, "tags"),
    "tag too long": ({"tags": ["ok", "a" * 51]}, "tags.1"),
    "kind unknown": ({"kind": "wasm"}, "kind"),
    "kind is a list": ({"kind": ["code"]}, "kind"),
    "code missing": ({"code": None}, "code"),
    "code is a text": ({"code": SOURCE}, "code"),
    "code is a list": ({"code": [{"source": SOURCE}]}, "code"),
    "code has an unknown field": ({"code": {"source": SOURCE, "python": "3"}}, "code.python"),
    "source missing": ({"code": {}}, "code.source"),
    "source is a number": ({"code": {"source": 5}}, "code.source"),
    "source is null": ({"code": {"source": None}}, "code.source"),
    "source with NUL": ({"code": {"source": "a = '\0'\n"}}, "code.source"),
    "source with half a surrogate pair": ({"code": {"source": "a = '\ud800'\n"}}, "code.source"),
    "source of 1 MB": ({"code": {"source": "#" * 1_000_000}}, "code.source"),
    "source of 200 KB": ({"code": {"source": "#" * 200_000}}, "code.source"),
    "source one byte too long": ({"code": {"source": "#" * (64 * 1024 + 1)}}, "code.source"),
    "source too long in bytes alone": ({"code": {"source": "#" + "\u00e9" * (32 * 1024)}}, "code.source"),
    "action that is not there": ({"code": {"source": SOURCE, "actions": ["http", "htp"]}}, "code.actions.1"),
    "action with an odd field": (
        {"code": {"source": SOURCE, "actions": [{"name": "http", "a": 1}]}},
        "code.actions.0.a",
    ),
    "action twice": ({"code": {"source": SOURCE, "actions": ["http.get", {"name": "http.get"}]}}, "code.actions"),
    "egress with a scheme": ({"code": {"source": SOURCE, "egress": ["https://example.com"]}}, "code.egress.0"),
    "timeout zero": ({"timeout": 0}, "timeout"),
    "timeout negative": ({"timeout": -1}, "timeout"),
    "timeout too long": ({"timeout": 601}, "timeout"),
    "timeout is a text": ({"timeout": "120"}, "timeout"),
    "timeout is true": ({"timeout": True}, "timeout"),
    "timeout is a fraction": ({"timeout": 1.5}, "timeout"),
    "timeout is huge": ({"timeout": 10**4_000}, "timeout"),
    "timeout is an object": ({"timeout": {}}, "timeout"),
    "retries too many": ({"retries": 6}, "retries"),
    "retries is a flag": ({"retries": False}, "retries"),
    "strict_output is a text": ({"strict_output": "yes"}, "strict_output"),
    "strict_output is a number": ({"strict_output": 1}, "strict_output"),
    "max_result_chars zero": ({"max_result_chars": 0}, "max_result_chars"),
    "message too long": ({"messages": {"returned": "x" * 1_001}}, "messages.returned"),
    "message for no status": ({"messages": {"error": {"abc": "x"}}}, "messages.error.abc"),
    "message with NUL": ({"messages": {"error": {"404": "\0"}}}, "messages.error.404"),
    "messages unknown": ({"messages": {"sorry": "x"}}, "messages.sorry"),
    "started too many": ({"messages": {"started": ["x"] * 21}}, "messages.started"),
    "output schema without type": ({"output_schema": {"properties": {}}}, "output_schema.type"),
    "output schema as faulty fields": ({"output_schema": [{"name": "a", "type": "x"}]}, "output_schema.0.type"),
    **{f"cookie {n}": ({"code": {"source": f"{cookie}\n{SOURCE}"}}, "code.source") for n, cookie in enumerate(COOKIES)},
    **{f"parameters: {name}": ({"parameters": value}, loc) for name, (value, loc) in BAD_SCHEMAS.items()},
}

#: Merged onto a function that is fine, these leave it fine or are another fault: null takes a field out of a patch,
#: display name and tags are no part of a version.
FINE_IN_A_PATCH = {"source missing", "parameters: no type"} | {
    name
    for name, (changes, _) in BAD_FUNCTIONS.items()
    if None in changes.values() or not {"tags", "display_name"}.isdisjoint(changes)
}


def bad_function(changes: dict[str, Any]) -> dict[str, Any]:
    """Return a function's body with a fault in it; None takes a field out, but for parameters."""
    body = function(**({"name": "new"} | changes))
    return {name: value for name, value in body.items() if value is not None or name == "parameters"}


@pytest.mark.parametrize("fault", BAD_FUNCTIONS)
def test_a_function_with_a_fault_names_its_field_and_is_not_stored(author: Client, fault: str) -> None:
    """422, the path of the field, and a word on what to do."""
    changes, loc = BAD_FUNCTIONS[fault]
    body = json.dumps(bad_function(changes)).encode()
    found = author.problem(422, "POST", "/v1/functions", content=body)
    assert found["code"] == "invalid"
    assert [error["loc"] for error in found["errors"]] == [loc]
    assert all(error["msg"] for error in found["errors"])
    assert len(found["errors"][0]["msg"]) < 500


@pytest.mark.parametrize("fault", [name for name in BAD_FUNCTIONS if name not in FINE_IN_A_PATCH])
def test_the_same_fault_is_found_in_a_patch_and_in_a_draft(author: Client, fault: str) -> None:
    """What cannot be created cannot be patched in either, nor reviewed."""
    changes, loc = BAD_FUNCTIONS[fault]
    patch = json.dumps(changes).encode()
    found = author.problem(422, "POST", "/v1/functions/lookup/versions", content=patch)
    assert {error["loc"].split(".")[0] for error in found["errors"]} == {loc.split(".")[0]}
    if not fault.startswith(("reserved", "kind")):
        draft = json.dumps({**function(), **changes}).encode()
        found = author.problem(422, "POST", "/v1/review", content=draft)
        assert [error["loc"] for error in found["errors"]] == [loc]


def test_every_fault_is_told_at_once(author: Client) -> None:
    """Nobody likes to mend one fault after the other."""
    body = function(name="a b", timeout=0, surprise=1, code={})
    found = author.problem(422, "POST", "/v1/functions", body)
    assert {error["loc"] for error in found["errors"]} == {"name", "timeout", "surprise", "code.source"}


NOT_JSON: dict[str, bytes] = {
    "words": b"hello",
    "a form": b"name=lookup&kind=code",
    "cut short": b'{"name": "a"',
    "trailing comma": b'{"name": "a",}',
    "single quotes": b"{'name': 'a'}",
    "comment": b'{"name": "a"} // b',
    "two values": b"{} {}",
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": json.dumps({"name": "a"}).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "NUL": b"\0",
    "NUL in a text": b'{"name": "a\0b"}',
    "newline in a text": b'{"name": "a\nb"}',
    "NaN": b'{"timeout": NaN}',
    "Infinity": b'{"timeout": Infinity}',
    "-Infinity": b'{"timeout": -Infinity}',
    "1e400": b'{"timeout": 1e400}',
    "-1e400": b'{"params": {"a": [-1e400]}}',
    "5,000 digits": b'{"timeout": ' + HUGE_INT.encode() + b"}",
    "duplicate key": b'{"name": "a", "name": "b"}',
    "duplicate key deep down": b'{"code": {"x": [{"source": "a", "source": "b"}]}}',
    "duplicate key in two spellings": b'{"name": "a", "\\u006eame": "b"}',
    "10,000 lists deep": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "100,000 lists open": b"[" * 100_000,
    "65 deep": b"[" * 65 + b"]" * 65,
    "white space": b" \n ",
    "nothing but a quote": b'"',
}
WRITING = ["/v1/functions", "/v1/functions/lookup/versions", "/v1/functions/lookup/invoke", "/v1/review", "/v1/keys"]


@pytest.mark.parametrize("path", WRITING)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", None])
def test_what_is_not_json_is_a_400_on_every_route(author: Client, path: str, content_type: str | None) -> None:
    """Whatever the content type says, the bytes decide, and the answer says what is wrong with them."""
    headers = {"content-type": content_type} if content_type else {}
    for name, body in NOT_JSON.items():
        found = author.problem(400, "POST", path, content=body, headers=headers)
        assert found["code"] == "bad_json", name
        assert len(found["detail"]) < 300, name


@pytest.mark.parametrize("path", [*WRITING, "/v1/functions/lookup/test", "/v1/functions/lookup/publish"])
@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'"text"', b"true", b"[{}]"])
def test_json_that_is_no_object_is_a_422(author: Client, path: str, body: bytes) -> None:
    """A body is an object everywhere."""
    author.problem(422, "POST", path, content=body)


@pytest.mark.parametrize("path", WRITING)
def test_an_empty_body_is_a_422(author: Client, path: str) -> None:
    """Nothing is not an object either."""
    author.problem(422, "POST", path, content=b"")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", "nonsense"])
def test_json_of_another_content_type_is_read_all_the_same(author: Client, content_type: str) -> None:
    """What `curl -d` sends works; here up to the fault that is in it."""
    headers = {"content-type": content_type}
    found = author.problem(422, "POST", "/v1/functions", content=b'{"surprise": 1}', headers=headers)
    assert "surprise" in {error["loc"] for error in found["errors"]}


def big(size: int = 2 * MIB) -> bytes:
    """Return a JSON body of that many bytes."""
    return b'{"name": "' + b"a" * (size - 12) + b'"}'


@pytest.mark.parametrize("path", WRITING)
def test_a_body_of_two_megabytes_is_a_413(author: Client, path: str) -> None:
    """By its declared length, and by its bytes where none is declared."""
    assert author.problem(413, "POST", path, content=big())["code"] == "too_large"
    pieces = (big()[start : start + 65_536] for start in range(0, 2 * MIB, 65_536))
    assert author.problem(413, "POST", path, content=pieces)["code"] == "too_large"


def test_a_body_of_just_the_limit_is_read(author: Client) -> None:
    """One byte more is too much."""
    author.problem(422, "POST", "/v1/functions", content=big(MIB))
    author.problem(413, "POST", "/v1/functions", content=big(MIB + 1))


def test_the_413_comes_before_a_body_without_end(served: Served, author: Client) -> None:
    """The server stops reading; it does not wait for the rest."""
    address = urlsplit(served.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=CLIENT_S)
    connection.putrequest("POST", "/v1/functions")
    connection.putheader("Authorization", f"Bearer {author.token}")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    "name",
    ["%00", "a%00b", "..", "%2e%2e", "a b", "a%0Ab", "%ff", "\u00e9", "x" * 200, "x" * 5_000, "'%20OR%201=1", "%"],
)
def test_a_name_that_cannot_be_is_a_4xx_wherever_it_stands(author: Client, name: str) -> None:
    """NUL, dots, quotes, bad encodings, very long ones: never a 5xx."""
    for method, path in [
        ("GET", f"/v1/functions/{name}"),
        ("DELETE", f"/v1/functions/{name}"),
        ("POST", f"/v1/functions/{name}/invoke"),
        ("POST", f"/v1/functions/{name}/test"),
        ("POST", f"/v1/functions/{name}/versions"),
        ("GET", f"/v1/functions/{name}/versions/1"),
        ("GET", f"/v1/invocations/{name}"),
        ("DELETE", f"/v1/keys/{name}"),
        ("POST", f"/v1/keys/{name}/rotate"),
    ]:
        body: dict[str, Any] | None = {} if method == "POST" else None
        assert author.send(method, path, json=body).status_code in {404, 405, 422}, (method, path)


@pytest.mark.parametrize(
    "number", ["0", "-1", "1.5", "one", "2147483648", "9" * 40, "9" * 5_000, "%00", "1e3", "0x1", "true"]
)
def test_a_version_number_that_cannot_be_is_a_422(author: Client, number: str) -> None:
    """Zero, negative, huge, no number."""
    for method, tail in [("GET", ""), ("POST", "/submit"), ("POST", "/approve"), ("POST", "/reject")]:
        found = author.problem(422, method, f"/v1/functions/lookup/versions/{number}{tail}")
        assert [error["loc"] for error in found["errors"]] == ["number"]


@pytest.mark.parametrize("version", [0, -1, 2**31, 10**400, "1", True, 1.0, 1.5, [], {}])
def test_a_version_to_publish_or_test_that_cannot_be_is_a_422(author: Client, version: object) -> None:
    """The same in a body."""
    for path in ("/v1/functions/lookup/publish", "/v1/functions/lookup/test"):
        found = author.problem(422, "POST", path, {"version": version})
        assert [error["loc"] for error in found["errors"]] == ["version"]


@pytest.mark.parametrize("environment", ["", "Production", "a b", "1a", "a" * 64, "a\0", "production\n", 5, None])
def test_an_environment_that_cannot_be_is_a_422(author: Client, environment: object) -> None:
    """Lower case, digits, dash and underscore."""
    found = author.problem(422, "POST", "/v1/functions/lookup/publish", {"version": 1, "environment": environment})
    assert [error["loc"] for error in found["errors"]] == ["environment"]
    author.problem(422, "POST", "/v1/functions/lookup/invoke", {"environment": environment})


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=" + "9" * 5_000, "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=%20b", "cursor"),
        ("cursor=a%2Fb", "cursor"),
        ("cursor=" + "a" * 201, "cursor"),
        ("cursor=%ff", "cursor"),
    ],
)
def test_a_page_that_cannot_be_is_a_422(author: Client, query: str, loc: str) -> None:
    """On every listing."""
    for path in ("/v1/functions", "/v1/invocations", "/v1/keys", "/v1/agents", "/v1/sessions", "/v1/audit"):
        found = author.problem(422, "GET", f"{path}?{query}")
        assert [error["loc"] for error in found["errors"]] == [loc]


def test_a_cursor_of_nothing_ends_the_list(author: Client) -> None:
    """A cursor is where to go on; what stood there may be gone."""
    for path in ("/v1/functions", "/v1/keys"):
        assert author.ok("GET", f"{path}?cursor=zzzz") == {"items": [], "next_cursor": None}
    assert author.ok("GET", "/v1/invocations?cursor=0") == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["status=lost", "phase=midway", "function=%00", "function=" + "a" * 64, "status=%00"])
def test_a_filter_that_cannot_be_is_a_422(author: Client, query: str) -> None:
    """Unknown statuses and phases say which there are."""
    found = author.problem(422, "GET", f"/v1/invocations?{query}")
    assert [error["loc"] for error in found["errors"]] == [query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize(
    "query",
    [
        *("kind=", "kind=%25", "kind=Version", "kind=a.b.c", "kind=" + "a" * 41, "kind=%00", "function=%00"),
        *("cursor=x", "cursor=" + "9" * 19),
    ],
)
def test_a_filter_of_the_audit_trail_that_cannot_be_is_a_422(author: Client, query: str) -> None:
    """A kind is a noun, or a noun and a verb; a cursor is what the page before said."""
    found = author.problem(422, "GET", f"/v1/audit?{query}")
    assert [error["loc"] for error in found["errors"]] == [query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"params": []}, "params"),
        ({"params": "x"}, "params"),
        ({"params": None}, "params"),
        ({"session": []}, "session"),
        ({"session": {"dynamicVariables": []}}, "session.dynamicVariables"),
        ({"session": {"sessionId": 5}}, "session.sessionId"),
        ({"session": {"sessionId": ""}}, "session.sessionId"),
        ({"session": {"sessionId": "x" * 201}}, "session.sessionId"),
        ({"session": {"phase": "midway"}}, "session.phase"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_call_that_is_wrong_names_the_field(author: Client, body: object, loc: str) -> None:
    """Unknown fields are refused but for those of the session body."""
    for path in ("/v1/functions/lookup/invoke", "/v1/functions/lookup/test"):
        found = author.problem(422, "POST", path, body)
        assert [error["loc"] for error in found["errors"]] == [loc]


@pytest.mark.parametrize("body", [{"comment": "x" * 1_001}, {"comment": 5}, {"comment": "a\0"}, {"surprise": 1}])
def test_a_decision_that_is_wrong_names_the_field(author: Client, body: dict[str, object]) -> None:
    """Before it is looked at whether there is anything to decide on."""
    found = author.problem(422, "POST", "/v1/functions/lookup/versions/1/approve", body)
    assert [error["loc"] for error in found["errors"]] == [next(iter(body))]


WRITES = [
    (method, route.path)
    for route in flat(create_app(Settings()).routes)
    for method in sorted(route.methods or ())
    if route.dependant.body_params and not route.path.startswith("/v1/adapters/{adapter_id}/")
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_body_of_faults_alone_is_told_of_in_a_few(author: Client, method: str, path: str) -> None:
    """Making each of them took the event loop a second and more, and megabytes of an answer."""
    where = re.sub(r"\{\w+\}", "1", path)
    answer = author.send(method, where, json={f"k{number:x}": 0 for number in range(80_000)})
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert len(answer.content) < 64 * 1024


def test_a_list_of_faults_alone_is_told_of_in_a_few(author: Client) -> None:
    """The first one is enough."""
    found = author.problem(422, "POST", "/v1/keys", {"principal": "p", "scopes": [0] * 200_000})
    assert len(found["errors"]) == 1


def test_there_are_writes() -> None:
    """The others are tried because they are there."""
    assert {("POST", "/v1/functions"), ("PUT", "/v1/agents/{name}"), ("POST", "/v1/keys")} <= set(WRITES)
