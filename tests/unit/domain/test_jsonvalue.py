"""JSON is read strictly and written in one way."""

import json
import timeit
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.jsonvalue import (
    MAX_DEPTH,
    MAX_VALUES,
    NotJson,
    _measured,
    canonical,
    depth_of,
    digest,
    is_deeper,
    merge_patch,
    parse,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_what_json_can_say_is_read_as_it_was_written(value: Any) -> None:
    """Whatever Python's own writer makes is read back."""
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False, indent=1).encode(errors="surrogatepass")) == value


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "line 1 column 1"),
        (b"{", "line 1 column 2"),
        (b"\xff", "UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "UTF-8 at byte 1"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"-Infinity", "-Infinity"),
        (b"1e400", "1e400"),
        (b"[-1e999999999999]", "-1e999999999999"),
        (b"9" * 5_000, "not JSON that can be read"),
        (b'{"a": 1, "a": 1}', "'a' stands twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "'a' stands twice"),
        (b'"a\x00b"', "control character"),
        (b"[1] [2]", "Extra data"),
        (b"[" * 65 + b"]" * 65, "nested more than 64"),
        (b"[" * 1_000_000, "nested more than 64"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(raw: bytes, says: str) -> None:
    """The message says what is wrong and is short."""
    with pytest.raises(NotJson, match=says.replace("-", r"\-")) as caught:
        parse(raw)
    assert len(str(caught.value)) < 200


def test_a_repeated_key_among_many_is_found_as_fast_as_they_are_read() -> None:
    """Twenty thousand keys, of which the last comes twice, cost a few times what they cost by themselves.

    Counting each of them among all took a thousand times as long, in whichever process was sent such a body.
    """
    keys = ",".join(f'"{number}":1' for number in range(20_000))
    good, repeated = f"{{{keys}}}".encode(), f'{{{keys},"19999":2}}'.encode()

    def refuse() -> None:
        with pytest.raises(NotJson, match="'19999' stands twice"):
            parse(repeated)

    read_s, refused_s = (min(timeit.repeat(do, number=1, repeat=3)) for do in (lambda: parse(good), refuse))
    assert refused_s < 50 * read_s


def test_nesting_is_counted_alike_before_and_after_parsing() -> None:
    """Whether the innermost list holds something or not."""
    for depth in (MAX_DEPTH, MAX_DEPTH + 1):
        for inner in ("", "1", '"a"', "{}"):
            raw = "[" * (depth - (inner == "{}")) + inner + "]" * (depth - (inner == "{}"))
            assert is_deeper(json.loads(raw), MAX_DEPTH) is (depth_of(raw.encode()) > MAX_DEPTH)


def test_nesting_up_to_the_limit_is_read() -> None:
    """64 levels, in any mixture."""
    parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    parse(b'{"a":[' * (MAX_DEPTH // 2) + b"]}" * (MAX_DEPTH // 2))


def test_brackets_inside_texts_do_not_nest() -> None:
    """Escapes are followed, so a quote in a text does not end it."""
    assert depth_of(json.dumps({"a": '[[[{{{"\\'}).encode()) == 1
    assert parse(json.dumps(["[" * 10_000]).encode()) == ["[" * 10_000]
    assert depth_of(b'"\\\\" [[') == 2


def test_the_depth_is_counted_no_further_than_asked() -> None:
    """A megabyte of brackets costs as much as the first few."""
    assert depth_of(b"[" * 1_000_000, limit=5) == 6


@pytest.mark.parametrize("one", [b"0", b"{}", b"[]", b'{"a":0}', b'"a"'])
def test_more_values_than_may_be_are_refused_before_any_is_made(one: bytes) -> None:
    """A parser would hold all threads up while it makes them."""
    assert len(parse(b"[" + b",".join([one] * (MAX_VALUES // 3)) + b"]")) == MAX_VALUES // 3
    many = b"[" + b",".join([one] * 2 * MAX_VALUES) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises(NotJson, match="more than 250000 values"):
            parse(many)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_texts_full_of_commas_are_no_values() -> None:
    """A transcript may be long, and what its texts hold parts nothing."""
    long = ['a, [b], {c} \\" ' * MAX_VALUES]
    assert parse(json.dumps(long).encode()) == long


@given(values)
def test_no_text_holds_more_values_than_are_counted(value: Any) -> None:
    """Nor is the depth another than that of what is read."""
    raw = json.dumps(value).encode()
    depth, counted = _measured(raw, MAX_DEPTH, len(raw))
    assert (depth, counted + 1 >= count(value)) == (nesting(value), True)


def count(value: Any) -> int:
    """Count a value and all that it holds."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, inner))


def nesting(value: Any) -> int:
    """Count how deep lists and objects are nested."""
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(nesting, inner), default=0) if isinstance(value, dict | list) else 0


@given(values)
def test_the_canonical_form_is_ascii_and_the_same_for_equal_objects(value: Any) -> None:
    """The order in which names came does not matter, and the form reads back as the value."""
    first = {"b": value, "a": 1, "\u00e9": [value]}
    second = {"\u00e9": [value], "a": 1, "b": value}
    assert canonical(first) == canonical(second)
    assert canonical(first).isascii()
    assert json.loads(canonical(first)) == first
    assert digest(first) == digest(second)


def test_the_digest_is_the_one_that_is_on_record() -> None:
    """Approvals outlive releases: the digest of a value must never change."""
    value = {"b": [1, 1.5, None, True], "a": "\u00e9\ud800"}
    assert canonical(value) == b'{"a":"\\u00e9\\ud800","b":[1,1.5,null,true]}'
    assert digest(value) == "37acc56c191668e1ab9a95b3a01ca3179767d706c8cf972d58abedee05d93912"


@pytest.mark.parametrize(("one", "other"), [({"a": 1}, {"a": 1.0}), ({"a": 0}, {"a": False}), ({"a": "1"}, {"a": 1})])
def test_values_that_python_thinks_equal_have_digests_of_their_own(one: dict[str, Any], other: dict[str, Any]) -> None:
    """1, 1.0 and true are three things in JSON."""
    assert digest(one) != digest(other)


def test_a_number_that_json_has_not_has_no_canonical_form() -> None:
    """It can never get as far as a digest."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


#: RFC 7396, appendix A: original, patch, result.
RFC_7396 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7396)
def test_a_merge_patch_gives_what_the_rfc_says(original: Any, patch: Any, result: Any) -> None:
    """Every example of RFC 7396, and neither input is changed."""
    before = json.dumps([original, patch])
    assert merge_patch(original, patch) == result
    assert json.dumps([original, patch]) == before


def without_nulls(value: Any) -> bool:
    """Tell whether no object in a value has a null."""
    if isinstance(value, dict):
        return all(child is not None and without_nulls(child) for child in value.values())
    return True


@given(values.filter(without_nulls), values.filter(without_nulls))
def test_a_patch_without_nulls_is_all_there_afterwards(original: Any, patch: Any) -> None:
    """Applying it again changes nothing more."""
    once = merge_patch(original, patch)
    assert merge_patch(once, patch) == once
