"""What a run came to, held against what was expected: the first difference, with its path and both values."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain import test_case
from midcall.domain.run_status import RunStatus
from midcall.domain.test_case import CaseRun, Expectation, ExpectKind, difference, shortfall

NUMBERS = st.integers(-3, 3) | st.floats(-3, 3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def expect(kind: str, value: Any, **more: Any) -> Expectation:
    """Expect something of a run."""
    return Expectation(ExpectKind(kind), value, **more)


def fits(_schema: Any, _value: Any) -> None:
    """Take every value."""


def plain(value: Any) -> Any:
    """Return what JSON Schema calls the same value: numbers by value, booleans apart from them."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return ("number", float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else ("", value)


@given(VALUES, VALUES)
def test_exact_is_equality_of_json(one: Any, other: Any) -> None:
    """1 is 1.0, and true is neither."""
    assert (difference(one, other, exact=True) is None) == (plain(one) == plain(other))
    assert difference(one, one, exact=True) is None


@given(VALUES, VALUES)
def test_what_is_exact_is_a_subset(one: Any, other: Any) -> None:
    """Never the other way round only; and a value is part of itself."""
    assert difference(one, one, exact=False) is None
    if difference(one, other, exact=True) is None:
        assert difference(one, other, exact=False) is None


@given(st.data(), VALUES)
def test_whatever_names_are_taken_out_a_subset_is_left(data: st.DataObject, whole: Any) -> None:
    """Of objects at any depth; items stay."""

    def part(value: Any) -> Any:
        if isinstance(value, dict):
            kept = [name for name in value if data.draw(st.booleans())]
            return {name: part(value[name]) for name in kept}
        return [part(item) for item in value] if isinstance(value, list) else value

    assert difference(part(whole), whole, exact=False) is None


@given(VALUES, VALUES)
def test_the_words_are_bounded_whatever_the_values(one: Any, other: Any) -> None:
    """Each is told with its path."""
    told = difference([one] * 3, [one, one, other], exact=True)
    if told is not None:
        assert told.startswith("$[2]")
    long = {"k" * 5_000: "v" * 5_000}
    why = shortfall(expect("exact", [one, long]), CaseRun(RunStatus.OK, [other, long | {"é" * 9_000: other}]), fits)
    assert why is not None
    assert len(why) <= test_case.MAX_WHY


@pytest.mark.parametrize(
    ("kind", "expected", "seen", "why"),
    [
        ("exact", {"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "$.a[0].b: expected 1, got 2"),
        ("exact", {"a": 1}, {"a": 1, "b c": None}, '$["b c"]: not expected, got null'),
        ("subset", {"a": {"b": "x"}}, {"a": {"c": 1}, "d": 2}, '$.a.b: expected "x", it is missing'),
        ("subset", {"a": [1]}, {"a": [1, 2]}, "$.a: expected 1 item, got 2"),
        ("subset", [{"a": 1}, {}], [{"a": 1, "z": 0}, {"b": 1}], None),
        ("exact", True, 1, "$: expected true, got 1"),
        ("exact", 0, False, "$: expected 0, got false"),
        ("exact", [], {}, "$: expected [], got {}"),
        ("exact", None, None, None),
        ("exact", 1, 1.0, None),
        ("exact", "abc", None, '$: expected "abc", got null'),
    ],
)
def test_the_first_difference_is_told(kind: str, expected: Any, seen: Any, why: str | None) -> None:
    """With the JSON path, and both values."""
    assert shortfall(expect(kind, expected), CaseRun(RunStatus.OK, seen), fits) == why


def test_of_long_texts_the_place_where_they_part_is_told() -> None:
    """Their beginnings are the same, and say nothing."""
    same = "a" * 1_000
    why = difference(f"{same}b tail", f"{same}c tail", exact=True)
    assert why == (
        f"$: differs from character 1001 on: expected ...{json.dumps('a' * 20 + 'b tail')}, "
        f"got ...{json.dumps('a' * 20 + 'c tail')}"
    )
    assert difference(same, f"{same}!", exact=True) is not None


@pytest.mark.parametrize("kind", ["exact", "subset", "schema"])
def test_a_run_that_failed_is_told_by_its_own_words(kind: str) -> None:
    """Whatever its value would have been."""
    why = shortfall(expect(kind, {}), CaseRun(RunStatus.ERROR, {}, problem="KeyError: 'order' (line 2)"), fits)
    assert why == "the run ended with status error, not ok: KeyError: 'order' (line 2)"


def test_a_status_is_expected_alone() -> None:
    """Of a run that must fail."""
    assert shortfall(expect("status", "error"), CaseRun(RunStatus.ERROR, problem="ValueError: x"), fits) is None
    assert (
        shortfall(expect("status", "timeout"), CaseRun(RunStatus.OK, 1), fits)
        == "the run ended with status ok, not timeout"
    )


def test_a_schema_is_judged_by_who_knows_them() -> None:
    """Its words are the reason."""
    assert shortfall(expect("schema", {"type": "integer"}), CaseRun(RunStatus.OK, "x"), lambda *_: "$: no integer") == (
        "$: no integer"
    )


def test_variables_and_the_end_of_the_agent_are_expected_beside_it() -> None:
    """Of the variables a part, of the end a yes or a no."""
    seen = CaseRun(RunStatus.OK, 1, {"tier": "gold", "n": 1}, terminate=True)
    assert shortfall(expect("exact", 1, variables={"tier": "gold"}, terminate=True), seen, fits) is None
    assert shortfall(expect("exact", 1, variables={"tier": "tin"}), seen, fits) == (
        'dynamicVariables.tier: expected "tin", got "gold"'
    )
    assert shortfall(expect("status", "ok", terminate=False), seen, fits) == "terminateAgent: expected false, got true"


@given(VALUES, st.sampled_from(["exact", "subset"]))
def test_an_expectation_is_read_as_it_was_written(value: Any, kind: str) -> None:
    """Null is a value, too."""
    wanted = expect(kind, value, variables={"a": value}, terminate=False)
    assert Expectation.of(json.loads(json.dumps(wanted.document()))) == wanted
