"""Variables keep who set them, and stay within their bounds."""

import pytest

from midcall.domain.variables import (
    CALLER,
    MAX_NAME,
    MAX_VARIABLES,
    MAX_VARIABLES_BYTES,
    TooManyVariables,
    Variable,
    merge,
    set_by,
    values,
)


def test_merging_sets_the_changed_names_and_keeps_all_others() -> None:
    """Each with its value, its source and its time; what was there is not touched."""
    before = {"a": Variable(1, CALLER, 1), "b": Variable(2, CALLER, 1)}
    merged = merge(before, {"b": 3, "c": None}, source=set_by("f"), at=5)
    assert merged == {
        "a": Variable(1, CALLER, 1),
        "b": Variable(3, "function:f", 5),
        "c": Variable(None, "function:f", 5),
    }
    assert before["b"] == Variable(2, CALLER, 1)
    assert values(merged) == {"a": 1, "b": 3, "c": None}


def test_a_session_holds_so_many_variables_at_most() -> None:
    """Setting one that is there already is always possible."""
    full = merge({}, {f"v{n}": n for n in range(MAX_VARIABLES)}, source=CALLER, at=1)
    assert len(merge(full, {"v0": "new"}, source=CALLER, at=2)) == MAX_VARIABLES
    with pytest.raises(TooManyVariables, match=str(MAX_VARIABLES)):
        merge(full, {"one more": 1}, source=CALLER, at=2)


def test_their_values_take_so_many_bytes_at_most() -> None:
    """All of them together, so that a loop of calls cannot pile up."""
    half = {"a": "x" * (MAX_VARIABLES_BYTES // 2)}
    merged = merge({}, half, source=CALLER, at=1)
    with pytest.raises(TooManyVariables, match="KiB"):
        merge(merged, {"b": "x" * (MAX_VARIABLES_BYTES // 2)}, source=CALLER, at=2)


def test_a_name_is_no_longer_than_a_name() -> None:
    """What an agent's prompt could never name is refused."""
    assert merge({}, {"n" * MAX_NAME: 1}, source=CALLER, at=1)
    with pytest.raises(TooManyVariables, match="name"):
        merge({}, {"n" * (MAX_NAME + 1): 1}, source=CALLER, at=1)
