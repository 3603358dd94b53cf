"""Variables read from results: RFC 9535 paths and the dotted form, bounded in what they may cost."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.service.response_variables import MAX_PATH_CHARS, MAX_VALUES, extract, path_problem

RESULT = {
    "data": [{"id": 7, "first-name": "Ann", "tags": ["a", "b"]}, {"id": 8}],
    "odd key": {"1": "one"},
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.data[0].id", 7),
        ("$['data'][0]['first-name']", "Ann"),
        ("$['odd key']['1']", "one"),
        ("$.data[-1].id", 8),
        ("$.none", None),
        ("$", RESULT),
        ("data.0.id", 7),
        ("data[0].id", 7),
        ("data.0.first-name", "Ann"),
        ("data.0.tags.1", "b"),
        ("none", None),
    ],
)
def test_a_path_to_one_place_gives_what_is_there(path: str, value: Any) -> None:
    """In both forms; null is a value."""
    assert path_problem(path) is None
    assert extract({"v": path}, RESULT) == ({"v": value}, ())


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.data[*].id", [7, 8]),
        ("$..id", [7, 8]),
        ("$.data[?@.id > 7].id", [8]),
        ("$.data[0:1].id", [7]),
        ("$.data[?length(@.tags) == 2].id", [7]),
        ("$.nothing[*]", []),
    ],
)
def test_a_path_to_many_places_gives_a_list(path: str, values: list[Any]) -> None:
    """Also where it finds one or none, so that its reader knows what to expect."""
    assert path_problem(path) is None
    assert extract({"v": path}, RESULT) == ({"v": values}, ())


@pytest.mark.parametrize("result", [None, 5, "text", [], {}, {"data": "text"}, {"data": []}])
def test_a_path_that_leads_nowhere_is_named(result: Any) -> None:
    """The other variables are set all the same."""
    assert extract({"a": "$.data[0].id", "b": "$"}, result) == ({"b": result}, ("a",))


@pytest.mark.parametrize(
    "path",
    [
        *("", "$.", "$[", "data..id..x", "$.a[?match(@.b, 'x')]", "$.a[?search(@.b, '(a+)+$')]", "a b", "$.a | $.b"),
        *(
            "$.a[?nosuch(@.b)]",
            "{{a}}",
            "$" * 3,
            "x" * (MAX_PATH_CHARS + 1),
            "$..a..b",
            "0.a",
            "$.a & $.b",
            "$\x00",
            "$[1e400]",
            "$[?1e400]",
        ),
    ],
)
def test_a_path_that_cannot_be_is_refused_with_a_reason(path: str) -> None:
    """When the function is saved, not when a caller waits; regular expressions that could take for ever among them."""
    assert path_problem(path)


def test_a_path_collects_so_many_values_at_most() -> None:
    """A result may have far more places than a session has room for."""
    found, _ = extract({"v": "$[*]"}, list(range(100_000)))
    assert found == {"v": list(range(MAX_VALUES))}


def test_a_deep_or_large_result_is_searched_in_bounded_time() -> None:
    """The largest result there is, as deep as any may be."""
    deep: Any = 1
    for _ in range(62):
        deep = {"a": deep}
    wide = {"rows": [{"id": n} for n in range(20_000)], "deep": deep}
    began = time.process_time()
    assert extract({"v": "$..a[?@.a]"}, wide)[1] == ()
    assert extract({"v": "$..id"}, wide)[0]["v"] == list(range(MAX_VALUES))
    assert time.process_time() - began < 5


paths = st.text("$.[]?@'*:0a-, =<>!()\"", max_size=14).map(lambda text: "$" + text) | st.text(max_size=12)
results = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "0", ""]), inner, max_size=3),
    max_leaves=8,
)


@given(path=paths, result=results)
def test_a_path_that_was_taken_can_be_followed_in_anything(path: str, result: Any) -> None:
    """What was saved never makes a run fail: it finds something, or it is named."""
    if path_problem(path) is None:
        found, missing = extract({"v": path}, result)
        assert ("v" in found) != ("v" in missing)
