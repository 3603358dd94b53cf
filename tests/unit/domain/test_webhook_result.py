"""Whatever a webhook answers becomes a JSON value."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.jsonvalue import MAX_DEPTH
from midcall.domain.webhook_result import MAX_BINARY_BYTES, MAX_TEXT_BYTES, failure_text, result_value


def encoded(data: bytes, media_type: str) -> dict[str, str]:
    """Write what bytes become."""
    return {"base64": base64.b64encode(data).decode(), "media_type": media_type}


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "image/png"])
def test_an_empty_body_is_null(content_type: str | None) -> None:
    """Of whatever type; so is the body of an answer that can have none."""
    assert result_value(200, content_type, b"") is None
    for status in (204, 205, 304):
        assert result_value(status, content_type, b"x") is None


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/json",
        "application/problem+json",
        "application/vnd.api+json;version=1",
        "application/json;charset=unheard-of",
        None,
        "",
        "nonsense",
        "; charset=utf-8",
    ],
)
def test_json_is_its_value(content_type: str | None) -> None:
    """By its type, or without any where it is JSON; a byte order mark is no part of it."""
    value = {"a": [1, 1.5, None, True, "São"], "n": 12345678901234567890}
    raw = json.dumps(value, ensure_ascii=False).encode()
    assert result_value(200, content_type, raw) == value
    assert result_value(200, content_type, b"\xef\xbb\xbf" + raw) == value
    assert result_value(200, content_type, b'"text"') == "text"


@pytest.mark.parametrize(
    ("charset", "codec"), [("utf-16", "utf-16"), ("ISO-8859-1", "latin-1"), ("utf-16le", "utf-16-le")]
)
def test_json_in_another_charset_is_read_in_it(charset: str, codec: str) -> None:
    """It should be UTF-8; some is not."""
    raw = json.dumps({"a": "São"}, ensure_ascii=False).encode(codec)
    assert result_value(200, f"application/json; charset={charset}", raw) == {"a": "São"}


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>oops</html>",
        b'{"a": 1',
        b'{"a": NaN}',
        b"[-Infinity]",
        b"1e400",
        b'{"a": 1, "a": 2}',
        b"9" * 5_000,
        b'["\\ud800"]',
        b'{"a": {"\\udC00": 1}}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 200_000,
        b" " * MAX_TEXT_BYTES + b"1",
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", None])
def test_what_is_no_strict_json_stays_text(raw: bytes, content_type: str | None) -> None:
    """The LLM gets to read it; nothing guesses what was meant."""
    assert result_value(200, content_type, raw) == raw[:MAX_TEXT_BYTES].decode()


def test_a_pair_of_surrogate_escapes_is_a_character() -> None:
    """Only half of one is no text."""
    assert result_value(200, "application/json", b'"\\ud83d\\ude00"') == "\U0001f600"
    assert result_value(200, "application/json", b'"\\\\ud83d"') == "\\ud83d"


@pytest.mark.parametrize(
    ("content_type", "raw", "text"),
    [
        ("text/plain", "São".encode(), "São"),
        ("text/html; charset=UTF-8", b"\xef\xbb\xbf<p>", "<p>"),
        ("text/plain", b'{"a": 1}', '{"a": 1}'),
        ("text/plain", b"5", "5"),
        ("text/plain", b"a\xffb", "a\ufffdb"),
        ("text/plain; charset=iso-8859-1", b"S\xe3o", "São"),
        ('text/plain; charset="windows-1252"', b"\x80", "€"),
        ("text/csv;header=present; Charset=windows-1251", "да".encode("cp1251"), "да"),
        ("text/plain; charset=Shift_JIS", "日本".encode("shift-jis"), "日本"),
        ("text/plain; charset=utf-16", "a\ud7ff".encode("utf-16"), "a\ud7ff"),
        ("text/plain; charset=rot13", b"abc", "abc"),
        ("text/plain; charset=unicode_escape", b"\\u0041", "\\u0041"),
        ("text/plain; charset=../../x", b"abc", "abc"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/soap+xml", b"<a/>", "<a/>"),
        ("application/x-www-form-urlencoded", b"a=1", "a=1"),
        ("application/x-ndjson", b'{"a":1}\n{"a":2}', '{"a":1}\n{"a":2}'),
        (None, b"a=1", "a=1"),
        (None, "São".encode(), "São"),
    ],
)
def test_text_is_text_in_its_charset(content_type: str | None, raw: bytes, text: str) -> None:
    """A charset that is none of the web's is taken for UTF-8; what does not fit becomes U+FFFD."""
    assert result_value(200, content_type, raw) == text


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("image/png", "image/png"),
        ("Application/PDF; name=x", "application/pdf"),
        ("application/octet-stream", "application/octet-stream"),
        ("multipart/form-data; boundary=x", "multipart/form-data"),
        (None, "application/octet-stream"),
        ("no type", "application/octet-stream"),
    ],
)
def test_bytes_are_base64_with_their_media_type(content_type: str | None, media_type: str) -> None:
    """Every byte of them."""
    data = bytes(range(256))
    assert result_value(200, content_type, data) == encoded(data, media_type)


def test_long_answers_are_cut_and_say_so() -> None:
    """Bytes in base64 stay below the bound of a result; a text that was cut inside a character loses that one."""
    data = b"\xff" * MAX_BINARY_BYTES
    assert result_value(200, "image/png", data) == encoded(data, "image/png")
    assert result_value(200, "image/png", data + b"x") == encoded(data, "image/png") | {"truncated": True}
    assert result_value(200, "text/plain", b"x" * (MAX_TEXT_BYTES + 1)) == "x" * MAX_TEXT_BYTES
    for raw in ("é" * MAX_TEXT_BYTES).encode(), b"a" + ("é" * MAX_TEXT_BYTES).encode():
        for kept in raw, raw[:MAX_TEXT_BYTES]:
            assert result_value(200, None, kept).lstrip("a") == "é" * ((MAX_TEXT_BYTES - len(raw) % 2) // 2)


content_types = (
    st.none()
    | st.text(max_size=30)
    | st.sampled_from(["application/json", "text/plain", "image/png"])
    | st.builds(
        "text/plain; charset={}".format, st.sampled_from(["utf-16", "gbk", "big5", "iso-2022-jp", "idna", "koi8-r"])
    )
)


@given(
    st.integers(200, 299), content_types, st.binary(max_size=200) | st.text(max_size=50).map(json.dumps).map(str.encode)
)
def test_whatever_comes_becomes_a_value_that_can_be_stored(status: int, content_type: str | None, body: bytes) -> None:
    """Nothing is raised, and the value is JSON in UTF-8."""
    value: Any = result_value(status, content_type, body)
    assert json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) == value
    text = failure_text(content_type, body, max_chars=20)
    assert len(text) <= 20 or text.startswith("(")
    text.encode()


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/json", b'{"error": "no such order"}', '{"error": "no such order"}'),
        ("text/html", "<h1>é</h1>".encode(), "<h1>é</h1>"),
        (None, b"gone\xff", "gone\ufffd"),
        ("image/png", b"12345", "(5 bytes of image/png)"),
        ("image/png", b"", ""),
        ("text/plain", b"x" * 10_000, "x" * 4_000),
        ("text/plain", ("é" * 10_000).encode(), "é" * 4_000),
        ("text/plain; charset=utf-16", ("\U0001f600" * 10_000).encode("utf-16"), "\U0001f600" * 3_999 + "\ufffd"),
    ],
)
def test_a_failures_body_is_text_of_bounded_length(content_type: str | None, body: bytes, text: str) -> None:
    """As it was sent, so that its author recognises it."""
    assert failure_text(content_type, body) == text


def test_who_asks_may_have_more_of_it() -> None:
    """Text and JSON alike, up to the bytes that are asked for; a webhook's result stays as short as it was."""
    raw = b'"' + b"a" * MAX_TEXT_BYTES + b'"'
    assert result_value(200, "application/json", raw, max_bytes=2 * MAX_TEXT_BYTES) == "a" * MAX_TEXT_BYTES
    assert result_value(200, None, raw, max_bytes=2 * MAX_TEXT_BYTES) == "a" * MAX_TEXT_BYTES
    assert len(result_value(200, "text/plain", raw, max_bytes=2 * MAX_TEXT_BYTES)) == len(raw)
    assert len(result_value(200, "application/json", raw)) == MAX_TEXT_BYTES
    assert len(result_value(200, "text/plain", raw, max_bytes=10)) == 10
