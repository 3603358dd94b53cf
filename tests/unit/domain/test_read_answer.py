"""What a target's answer is read as: JSON wherever it is JSON, as far as it can be kept, with a word on the rest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.webhook_result import WebhookAnswer, read_answer

#: Of what is no JSON by its name.
OTHER_TYPES = (
    *("text/html", "text/plain", "text/javascript", "application/javascript", "text/csv", "application/xml"),
    *("application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded", "image/png"),
)
DOCUMENT: Any = {"result": "São", "dynamicVariables": {"a": 1}}
RAW = json.dumps(DOCUMENT, ensure_ascii=False)


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        *((media_type, RAW.encode()) for media_type in OTHER_TYPES),
        ("text/plain", b"\xef\xbb\xbf" + RAW.encode()),
        ("text/plain", b"\r\n\t" + RAW.encode() + b"\n\n"),
        ("text/plain", RAW.encode("utf-16")),
        (None, RAW.encode("utf-16")),
        ("application/json", RAW.encode("utf-16")),
        ("application/json", b"\xef\xbb\xbf \n" + RAW.encode()),
        ("text/html; charset=iso-8859-1", RAW.encode("latin-1")),
        ("text/html; charset=utf-16le", ("\ufeff" + RAW).encode("utf-16-le")),
    ],
)
def test_json_is_json_under_any_type(content_type: str | None, raw: bytes) -> None:
    """PHP says text/html, a store says octet-stream; a mark before it, blanks and charsets change nothing."""
    assert read_answer(200, content_type, raw) == WebhookAnswer(DOCUMENT)


@pytest.mark.parametrize(
    ("content_type", "raw", "text"),
    [
        ("text/plain", b"[Anna] is free at 10", "[Anna] is free at 10"),
        ("text/html", b"{{name}} was never filled", "{{name}} was never filled"),
        ("text/plain", b"5", "5"),
        ("text/plain", b'"ok"', '"ok"'),
        ("text/plain", b"null", "null"),
        (None, b"[Anna] is free", "[Anna] is free"),
        ("application/x-ndjson", b'{"a":1}', '{"a":1}'),
        ("application/jsonl", b'{"a":1}\n{"a":2}', '{"a":1}\n{"a":2}'),
        ("text/plain", b"\xef\xbb\xbfa", "a"),
        ("text/plain; charset=utf-16le", "\ufeffa".encode("utf-16-le"), "a"),
    ],
)
def test_text_that_is_none_stays_as_it_is_and_nobody_is_warned(content_type: str, raw: bytes, text: str) -> None:
    """A bracket makes no JSON."""
    assert read_answer(200, content_type, raw) == WebhookAnswer(text)


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"a": 1,', "line 1 column"),
        (b"{'a': 1}", "line 1 column 2"),
        (b'{"a": 1\n"b": 2}', "line 2 column 1"),
        (b'{"a": 1} {"a": 2}', "Extra data at line 1 column 10"),
        (b"<html>oops</html>", "line 1 column 1"),
        (b'{"a": True}', "line 1 column 7"),
        (b"undefined", "line 1 column 1"),
        (b"NaN", "NaN alone"),
        (b"[" * 100 + b"]" * 100, "64 levels"),
        (b"[" + b"0," * 130_000, "line 1 column 260002"),
    ],
)
def test_what_says_that_it_is_json_and_is_not_is_text_with_a_warning_that_says_where(raw: bytes, where: str) -> None:
    """The call succeeded: the LLM gets to read it, its author to mend it."""
    answer = read_answer(200, "application/json", raw)
    assert answer.value == raw.decode()
    (warning,) = answer.warnings
    assert "JSON" in warning
    assert where in warning


@pytest.mark.parametrize(
    ("raw", "value", "said"),
    [
        (b'{"x":NaN,"y":1}', {"y": 1}, ["NaN", "; x left out"]),
        (b'{"x":-Infinity}', {}, ["-Infinity", "x"]),
        (b'{"x":1e400}', {}, ["1e400", "x"]),
        (b'{"x":' + b"9" * 5_000 + b"}", {}, ["5,000 digits", "x"]),
        (b'{"x":[1,NaN,[Infinity]]}', {"x": [1, None, [None]]}, ["NaN", "null"]),
        (b'[NaN,{"x":NaN,"y":NaN}]', [None, {}], ["NaN", "x (and 1 more)", "null"]),
        (b'{"a":1,"a":2}', {"a": 2}, ["key a stands twice"]),
        (b'{"a":NaN,"a":2}', {"a": 2}, ["NaN", "twice"]),
        (b'{"a":{"b":1,"b":2},"c":{"d":1,"d":3}}', {"a": {"b": 2}, "c": {"d": 3}}, ["b (and 1 more)", "twice"]),
        (b'{"a":"\\ud83d"}', {"a": "\ufffd"}, ["surrogate"]),
        (b'{"a":"S\xe3o"}', {"a": "S\ufffdo"}, ["UTF-8", "byte 7"]),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_what_cannot_be_kept_of_json_is_left_out_and_said(
    raw: bytes, value: Any, said: list[str], content_type: str | None
) -> None:
    """The rest of it is used."""
    answer = read_answer(200, content_type, raw)
    assert answer.value == value
    assert all(words in " ".join(answer.warnings) for words in said), answer


def test_a_text_that_would_have_set_variables_says_why_it_does_not() -> None:
    """Under another type than JSON too, where the word says what was meant."""
    answer = read_answer(200, "text/html", b"{'dynamicVariables': {'a': 1}}")
    assert isinstance(answer.value, str)
    assert "sets no variables" in answer.warnings[0]
    assert "line 1 column 2" in answer.warnings[0]


def test_the_beginning_of_an_answer_is_no_json() -> None:
    """Though it might read as some."""
    assert read_answer(200, "application/json", b"12", whole=False) == WebhookAnswer("12")
    assert read_answer(200, "text/html", b"[1]", whole=False) == WebhookAnswer("[1]")
    assert read_answer(200, None, b"12", whole=False) == WebhookAnswer("12")
    assert read_answer(200, None, b"\xff", whole=False).value["media_type"] == "application/octet-stream"


@pytest.mark.parametrize("raw", [b"", b" ", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"])
def test_json_that_is_blank_is_null(raw: bytes) -> None:
    """As no body at all."""
    assert read_answer(200, "application/json", raw) == WebhookAnswer(None)


nearly_json = st.lists(
    st.sampled_from(
        [b'{"a":', b'{"a":1,"a":', b"[", b"]", b"}", b",", b"NaN", b"1e999", b'"\\ud800"', b'"\\ud800":', b"\xff", b" "]
    ),
    max_size=12,
).map(b"".join)
media_types = st.none() | st.sampled_from(["application/json", *OTHER_TYPES, "text/plain; charset=utf-16"])


@given(media_types, nearly_json | st.binary(max_size=100), st.booleans())
def test_whatever_comes_can_be_kept(content_type: str | None, body: bytes, whole: bool) -> None:  # noqa: FBT001 (drawn)
    """Nothing is raised; value and warnings are JSON in UTF-8."""
    answer = read_answer(200, content_type, body, whole=whole)
    assert json.loads(json.dumps(answer.value, ensure_ascii=False, allow_nan=False).encode()) == answer.value
    assert all(warning.encode() for warning in answer.warnings)
