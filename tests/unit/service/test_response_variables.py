"""Variables read from results: RFC 9535 paths and the dotted form, bounded in what they may cost."""

import itertools
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain.budget import Budget
from midcall.service.runs.response_variables import MAX_PATH_CHARS, MAX_STEPS, MAX_VALUES, extract, path_problem

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
    assert extract({"v": path}, RESULT) == ({"v": value}, {})


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
    assert extract({"v": path}, RESULT) == ({"v": values}, {})


@pytest.mark.parametrize("result", [None, 5, "text", [], {}, {"data": "text"}, {"data": []}])
def test_a_path_that_leads_nowhere_is_named(result: Any) -> None:
    """The other variables are set all the same."""
    assert extract({"a": "$.data[0].id", "b": "$"}, result) == (
        {"b": result},
        {"a": "its path finds nothing in the result"},
    )


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
            "$.a[*][?count($.a[*])==0]",
            "$.a[?@.b[*]]",
            "$.a[?@..b]",
            "$.a[?@[?@.b[0:2]]]",
            "$.a[?value($..b)==1]",
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
    assert extract({"v": "$..a[?@.a]"}, wide)[1] == {}
    assert extract({"v": "$..id"}, wide)[0]["v"] == list(range(MAX_VALUES))
    assert computed_since(began) < 5


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
        found, unset = extract({"v": path}, result)
        assert ("v" in found) != ("v" in unset)


HOSTILE: dict[str, tuple[str, Any]] = {
    "a search for each value": ("$.a[*][?count($.a[*])==0]", {"a": [[0]] * 2_000}),
    "unions that multiply": ("$" + "[*,*,*,*]" * 20 + "[?@.a]", [[[[[[[[0] * 10] * 5] * 5] * 5] * 5] * 5] * 5]),
    "unions that find nothing": ("$" + "[:1,:1,:1]" * 20 + ".z", [[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]),
    "descendants of descendants": ("$..[?@..a]", {"rows": [{"id": [[[[n]]]]} for n in range(20_000)]}),
    "large values compared": (
        "$[?$.x==$.y]",
        {"x": [0] * 1_000, "y": [0] * 1_000, **{str(n): n for n in range(5_000)}},
    ),
    "long texts compared": ("$.r[?$.x<=$.y]", {"x": "a" * 99_999, "y": "a" * 99_998 + "b", "r": [0] * 50_000}),
    "names as long as the result": ("$..*", {"k" * 100_000: [{"k" * 100_000: [[]] * 20_000}]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_path_ends_within_its_budget_and_is_named(name: str) -> None:
    """One that an older release took, too: it sets nothing, and the others set what they find."""
    path, result = HOSTILE[name]
    budget = Budget(MAX_STEPS, seconds=60)
    began = time.process_time()
    found, unset = extract({"before": "$.none", "v": path}, result, budget)
    assert computed_since(began) < 10  # a hundred times less than without
    assert ("v" in found) != ("v" in unset)
    assert (set(found) | set(unset)) == {"before", "v"}


def test_no_path_begins_where_the_call_has_no_time_left() -> None:
    """The deadline is the call's own."""
    now = iter([0.0, 0.0, 5.0, 5.0, 5.0, 5.0])
    budget = Budget(MAX_STEPS, seconds=1, clock=lambda: next(now))
    found, unset = extract({"v": "$..a", "w": "$"}, [[0]] * 2_000, budget)
    assert (found, set(unset)) == ({}, {"v", "w"}) or (set(unset), set(found)) == ({"v"}, {"w"})
    assert "too long" in unset["v"]


def test_a_large_value_is_not_found_a_thousand_times() -> None:
    """What a path finds has to have room among a session's variables."""
    found, unset = extract({"v": "$" + "[*,*,*,*,*]" * 4, "w": "$[0][0][0][0]"}, [[[["x" * 100_000]]]])
    assert (set(found), set(unset)) == ({"w"}, {"v"})


TEXTS = {
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "a large number": "1e400",
    "more digits than int() takes": "9" * 5_000,
    "as deep as Python cannot go": "[" * 100_000 + "]" * 100_000,
    "open brackets": "[" * 100_000,
    "braces": '{"a":' * 50_000,
    "half a pair": '["\\ud800"]',
    "NaN inside": '{"a": NaN}',
    "a key twice": '{"a": 1, "a": 2}',
    "a number alone": "5",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_looks_like_json_and_is_none_is_a_text(name: str) -> None:
    """Nothing in it is read, so nothing of it becomes a number that no answer can hold."""
    text = TEXTS[name]
    assert extract({"a": "$.a", "b": "$"}, text)[0] == {"b": text}


def test_a_text_that_is_a_json_object_is_looked_into() -> None:
    """Many a service sends its JSON as text."""
    assert extract({"a": "$.a"}, ' {"a": [1]}') == ({"a": [1]}, {})


@given(
    path=st.lists(
        st.sampled_from(["[*,*]", "..*", "..[?@.a]", "[?@..a]", "[?count(@..*)>0]", "[?$==$]", "[::-1]", "[?@<=$.a]"]),
        min_size=1,
        max_size=20,
    ).map(lambda steps: "$" + "".join(steps)),
    width=st.integers(1, 40),
    depth=st.integers(1, 6),
)
@settings(max_examples=40, deadline=None)
def test_any_path_through_any_value_ends_within_its_steps(path: str, width: int, depth: int) -> None:
    """Counted, not timed: no step is taken that the budget does not know."""
    value: Any = {"a": "a"}
    for _ in range(depth):
        value = {"a": [value] * width}
    looks = itertools.count()
    budget = Budget(20_000, seconds=1e9, clock=lambda: float(next(looks)) * 0)
    began = time.process_time()
    found, unset = extract({"v": path}, value, budget)
    assert ("v" in found) != ("v" in unset)
    assert computed_since(began) < 5
