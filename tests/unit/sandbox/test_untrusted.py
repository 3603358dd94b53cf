"""What leaves a sandbox is read within bounds, or not at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.sandbox.untrusted import (
    MAX_DEPTH,
    MAX_MESSAGE_CHARS,
    Unreadable,
    clean_logs,
    clean_text,
    parse_fault,
    parse_value,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    """The round trip loses nothing."""
    assert parse_value(json.dumps(value).encode(), 1 << 20) == value


@given(st.binary(max_size=300))
def test_any_bytes_are_a_value_or_unreadable(data: bytes) -> None:
    """No other exception than Unreadable, and what is read can be written again, strictly."""
    try:
        value = parse_value(data, 1000)
    except Unreadable:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"\xff",
        b"",
        b"{",
        b"1 2",
        b"9" * 5000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_strict_json_is_unreadable(data: bytes) -> None:
    """Not finite, not Unicode, too deep, too long a number, or no JSON at all."""
    with pytest.raises(Unreadable):
        parse_value(data, 1 << 20)


def test_depth_up_to_the_limit_is_read() -> None:
    """MAX_DEPTH levels pass, both here and in the runner."""
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert json.dumps(parse_value(data, 1000)).encode() == data


def test_bytes_over_the_cap_are_not_parsed() -> None:
    """The cap comes first."""
    with pytest.raises(Unreadable, match="longer than 3"):
        parse_value(b"[1]  ", 3)


@given(st.dictionaries(st.sampled_from(["type", "message", "line", "traceback", "kind"]), JSON))
def test_any_fault_becomes_bounded_text(fault: dict[str, Any]) -> None:
    """Whatever a child claims of its error, type and message are short text and the line is a line."""
    kind, error = parse_fault(json.dumps(fault).encode(), 1 << 20)
    assert kind in {"error", "output_limit"}
    assert 0 < len(error.type) <= 200
    assert len(error.message) <= MAX_MESSAGE_CHARS
    assert error.line is None or error.line > 0


def test_text_is_safe_to_store() -> None:
    """NUL and lone surrogates, which PostgreSQL refuses, are replaced; logs that are no UTF-8 still show."""
    assert clean_text("a\0b\ud800c", 100) == "a\ufffdb?c"
    assert clean_logs(b"\xff\0ok\xc3\x28") == "\ufffd\ufffdok\ufffd("
