"""Which calls a mock answers, and what of a run's answers is kept."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain.action import ActionFailed
from midcall.domain.budget import Budget
from midcall.domain.mock import (
    ABANDONED,
    MAX_ANSWER_BYTES,
    MAX_MESSAGE,
    MAX_MOCKS_BYTES,
    MAX_WHEN_BYTES,
    TOO_LARGE,
    Mock,
    NotRecorded,
    Raised,
    Recording,
    Rehearsal,
    Returned,
    bounded,
    give,
    masked,
    recorded,
    size_of,
    subset,
)
from midcall.domain.parameters import MASK
from midcall.domain.redaction import Redaction

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


@st.composite
def values_and_parts(draw: st.DrawFn) -> tuple[Any, Any]:
    """Draw a JSON value, and what is left of it when members of its objects are taken out at any depth."""

    def part(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: part(item) for name, item in value.items() if draw(st.booleans())}
        return [part(item) for item in value] if isinstance(value, list) else value

    value = draw(VALUES)
    return value, part(value)


def plainly(part: Any, value: Any) -> bool:
    """Tell whether a value holds a part, by their JSON: every path of the part leads to the same in the value."""
    if isinstance(part, dict) and isinstance(value, dict):
        return all(name in value and plainly(part[name], value[name]) for name in part)
    if isinstance(part, list) and isinstance(value, list):
        return len(part) == len(value) and all(plainly(a, b) for a, b in zip(part, value, strict=True))
    if isinstance(part, dict | list | bool) or isinstance(value, dict | list | bool):
        return type(part) is type(value) and bool(part == value)
    return bool(part == value)


@given(values_and_parts())
def test_a_value_holds_whatever_is_left_of_it(drawn: tuple[Any, Any]) -> None:
    """Objects may have more names than the part, at any depth."""
    value, part = drawn
    assert subset(part, value, Budget(10_000, seconds=60))


@given(VALUES, VALUES)
def test_of_two_values_one_holds_the_other_as_json_says(part: Any, value: Any) -> None:
    """Lists are compared item by item; true is no 1, and null is a value."""
    if MASK not in json.dumps([part, value]):
        assert subset(part, value, Budget(10_000, seconds=60)) == plainly(part, value)


@given(st.lists(st.text(alphabet="ab", max_size=3), min_size=2, max_size=4), st.lists(st.text(max_size=5), min_size=3))
def test_a_mask_stands_for_any_text(pieces: list[str], between: list[str]) -> None:
    """What was masked when it was recorded fits whatever stands there now."""
    text = pieces[0] + "".join(fill + piece for fill, piece in zip(between, pieces[1:], strict=False))
    assert subset(MASK.join(pieces[: len(between) + 1]), text, Budget(10_000, seconds=60))


@pytest.mark.parametrize(
    ("part", "value", "held"),
    [
        (MASK, 4711, True),
        (MASK, {"a": []}, True),
        (f"Bearer {MASK}", "Bearer x", True),
        (f"Bearer {MASK}", "Basic x", False),
        (f"a{MASK}a", "a", False),
        (f"ab{MASK}ba", "aba", False),
        (f"{MASK}b{MASK}c", "b" * 50_000, False),
        ({f"k{MASK}": 1}, {"k1": 2, "k2": 1}, True),
        ({f"k{MASK}": 1}, {"k1": 2}, False),
        (f"x{MASK}", 7, False),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ([1], [1, 2], False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ({}, {"a": 1}, True),
        ({}, [], False),
    ],
)
def test_what_holds_what(part: Any, value: Any, held: bool) -> None:  # noqa: FBT001
    """The corners of the comparison."""
    assert subset(part, value, Budget(10_000, seconds=60)) is held


NAMES = {"url": "url", "params": "query", "query": "query", "client_options": "client_options"}


@pytest.mark.parametrize(
    ("action", "when", "fits"),
    [
        ("http", {}, True),
        ("http.get", {}, True),
        ("http.post", {}, False),
        ("htt", {}, False),
        ("http.get", {"url": "https://a.example/x?y=1"}, True),
        ("http.get", {"url": "https://a.example/x"}, False),
        ("http.get", {"url": "https://a.example/*"}, True),
        ("http.get", {"url": "https://b.example/*"}, False),
        ("http.get", {"url": "*"}, True),
        ("http.get", {"params": {"a": 1}}, True),
        ("http.get", {"query": {"a": 1}}, True),
        ("http.get", {"query": {"a": "1*"}}, False),
        ("http.get", {"clientOptions": {"timeout": 5}}, True),
        ("http.get", {"client_options": {"timeout": 6}}, False),
        ("http.get", {"body": None}, False),
    ],
)
def test_a_mock_fits_by_action_and_options(action: str, when: dict[str, Any], fits: bool) -> None:  # noqa: FBT001
    """A group fits all of its actions; options may be named in any of the ways in which calls name them."""
    options = {"url": "https://a.example/x?y=1", "query": {"a": 1, "b": 2}, "client_options": {"timeout": 5}}
    assert Mock(action, Returned(), when).fits("http.get", options, NAMES) is fits


def test_documents_are_read_back_as_they_were() -> None:
    """Null is an answer like any other."""
    mocks = (
        Mock("http", Returned(None)),
        Mock("http.get", Returned([1]), {"url": "x"}, 2),
        Mock("http.get", Raised("no", "http_error", 404, {"a": 1}), times=1),
        Mock("http.get", NotRecorded(TOO_LARGE)),
    )
    rehearsal = Rehearsal(mocks, record=True, dry=True, replay_of="inv_1")
    assert Rehearsal.of(json.loads(json.dumps(rehearsal.document()))) == rehearsal
    recording = Recording(mocks, {"time": "now"})
    assert Recording.of(json.loads(json.dumps(recording.document()))) == recording


def test_answers_are_given_as_they_would_be_in_reality() -> None:
    """A value, the error, or in clear words that there is none."""
    assert give(Returned([1])) == [1]
    with pytest.raises(ActionFailed) as raised:
        give(Raised("no", "http_error", 404, {"a": 1}))
    assert (raised.value.message, raised.value.code, raised.value.status, raised.value.body) == (
        "no",
        "http_error",
        404,
        {"a": 1},
    )
    for why, word in ((TOO_LARGE, "larger than is kept"), (ABANDONED, "before an answer came")):
        with pytest.raises(ActionFailed, match=word) as raised:
            give(NotRecorded(why))
        assert raised.value.code == "not_recorded"


def test_what_is_recorded_is_masked_everywhere_but_in_its_frame() -> None:
    """Options, values, bodies and messages; a status is no PIN, and how often it answers is neither."""
    both = (Redaction(["404"]), Redaction(["s3cr3t-token"]))
    options = {"url": "x?t=s3cr3t-token", "n": 404}
    returned = masked(recorded("http.get", options, Returned({"s3cr3t-token": 404})), both, both)
    assert returned.document() == {
        "action": "http.get",
        "when": {"url": f"x?t={MASK}", "n": MASK},
        "returns": {MASK: MASK},
        "times": 1,
    }
    failure = Raised("s3cr3t-token " * 200, "http_error", 404, ["s3cr3t-token"])
    raised = masked(recorded("http.get", {}, failure), (), both)
    assert isinstance(raised.answer, Raised)
    assert (raised.answer.status, raised.answer.body) == (404, [MASK])
    assert len(raised.answer.message) == MAX_MESSAGE
    assert "s3cr3t" not in raised.answer.message
    assert returned.fits("http.get", {"url": "x?t=s3cr3t-token", "n": 404}, {})


def test_large_options_leave_the_condition() -> None:
    """A part of the options is still a condition: the same call fits, another address does not."""
    options = {"url": "https://a.example/", "body": {"blob": "x" * MAX_WHEN_BYTES}}
    mock = recorded("http.post", options, Returned(1))
    assert mock.when == {"url": "https://a.example/"}
    assert mock.fits("http.post", options, {})
    assert not mock.fits("http.post", {**options, "url": "https://b.example/"}, {})


def test_an_answer_that_is_too_large_is_told_as_such() -> None:
    """The call stays in its place."""
    small = Mock("http.get", Returned("x" * (MAX_ANSWER_BYTES - 2)), times=1)
    large = Mock("http.get", Returned("x" * (MAX_ANSWER_BYTES - 1)), times=1)
    failed = Mock("http.get", Raised("no", "http_error", 500, "x" * MAX_ANSWER_BYTES), times=1)
    lost = Mock("http.get", NotRecorded(TOO_LARGE), times=1)
    assert bounded([small, large, failed, small]) == (small, lost, lost, small)


@given(st.lists(st.integers(0, MAX_ANSWER_BYTES + 500), max_size=100), st.integers(0, MAX_WHEN_BYTES + 500))
def test_a_recording_never_grows_beyond_its_bound(sizes: list[int], option: int) -> None:
    """However many answers of whatever size; and what fits into it is kept."""
    mocks = [recorded("http.get", {"url": "u" * option}, Returned("x" * size)) for size in sizes]
    kept = bounded(mocks)
    assert len(kept) == len(mocks)
    assert size_of([mock.document() for mock in kept]) <= MAX_MOCKS_BYTES
    if size_of([mock.document() for mock in mocks]) <= MAX_MOCKS_BYTES and max(sizes, default=0) < MAX_ANSWER_BYTES - 9:
        assert list(kept) == mocks


def test_a_mock_that_takes_too_long_to_be_compared_does_not_fit() -> None:
    """Names that stand for any are tried on each name of the call, at every depth."""
    part: Any = {"x": 1}
    given: Any = {"y": 1}
    for _ in range(6):
        part = {MASK + "a" * n: part for n in range(6)}
        given = {"b" * 9 + str(n) + "a" * 6: given for n in range(6)}
    began = time.process_time()
    assert not Mock("http", Returned(1), {"body": part}).fits("http.post", {"body": given}, {})
    assert computed_since(began) < 5
