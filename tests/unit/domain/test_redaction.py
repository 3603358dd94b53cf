"""Known values are masked however they are written, and nothing else is."""

import base64
import html
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain import redaction
from midcall.domain.parameters import MASK
from midcall.domain.redaction import LONG, MAX_FORMS, NOTHING, PIECE, SHORTEST, Redaction

#: Values that are long enough to be masked anywhere; a mask must not look like one.
LONGER = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=LONG, max_size=40).filter(
    lambda text: text == text.strip()
)
#: Letters that no encoding of anything makes.
AROUND = st.text("ÄÖÜßж漢 ", max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
WAYS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "repr": lambda text: repr(text)[1:-1],
    "json": lambda text: json.dumps(text)[1:-1],
    "json with its letters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "url": lambda text: quote(text, safe=""),
    "url with slashes": quote,
    "form": quote_plus,
    "lower-case url": lambda text: "".join(part.lower() if part[0] == "%" else part for part in _parts(quote(text))),
    "html": html.escape,
}


def _parts(text: str) -> list[str]:
    return [text[at : at + 3] if text[at] == "%" else text[at] for at in _starts(text)]


def _starts(text: str) -> list[int]:
    at, found = 0, []
    while at < len(text):
        found.append(at)
        at += 3 if text[at] == "%" else 1
    return found


@given(value=LONGER, before=AROUND, after=AROUND, way=st.sampled_from(sorted(WAYS)))
@example(value='say "hi" \\ bye', before="", after="", way="json")
@example(value="päss/wörd 1", before="", after="", way="lower-case url")
def test_a_long_value_is_masked_in_every_way_it_may_be_written(value: str, before: str, after: str, way: str) -> None:
    """What stands before and after it stays, letter by letter."""
    assume(not set(value) & set("ÄÖÜßж漢 "))
    written = WAYS[way](value)
    assert Redaction([value]).text(before + written + after) == before + MASK + after


@given(value=LONGER, before=st.binary(max_size=5), after=st.binary(max_size=5), padded=st.booleans())
def test_base64_of_a_text_that_holds_the_value_is_masked(
    value: str,
    before: bytes,
    after: bytes,
    padded: bool,  # noqa: FBT001
) -> None:
    """Wherever it falls among groups of three bytes: less than a group of it is left at either end."""
    raw = value.encode()
    assume(len(raw) >= 12)
    coded = base64.b64encode(before + raw + after).decode()
    redaction = Redaction([value])
    left = redaction.text(coded if padded else coded.rstrip("=")).split(MASK)
    assert len(left) == 2
    assert len(left[0]) <= len(before) * 4 // 3 + 4
    assert len(left[1]) <= len(after) * 4 // 3 + 6
    assert redaction.text(base64.urlsafe_b64encode(raw).decode().rstrip("=")) == MASK


@given(secrets=st.lists(st.text("0123456789", min_size=SHORTEST, max_size=20), max_size=5), text=AROUND)
def test_a_text_without_the_values_is_as_it_was(secrets: list[str], text: str) -> None:
    """Nothing else is touched."""
    assert Redaction(secrets).text(text) == text


@given(values=st.lists(LONGER, min_size=1, max_size=4), text=st.text(max_size=60), data=st.data())
def test_no_value_is_left_and_masking_again_changes_nothing(values: list[str], text: str, data: st.DataObject) -> None:
    """Values that overlap leave no part of one another, whatever the order."""
    places = data.draw(st.lists(st.sampled_from([*values, text]), max_size=6))
    redaction = Redaction(values)
    shown = redaction.text("".join(places))
    assert not any(value in shown for value in values)
    assert redaction.text(shown) == shown


@given(values=st.lists(LONGER | st.text("0123456789", min_size=SHORTEST), min_size=1, max_size=3), data=st.data())
def test_the_quick_look_overlooks_nothing(values: list[str], data: st.DataObject) -> None:
    """A text that holds no beginning of any form is not searched; searched all the same, it would come out alike."""
    redaction, thorough = Redaction(values), Redaction(values)
    thorough._beginnings = ("",)
    pieces = [way(value)[: data.draw(st.integers(0, 60))] for value in values for way in WAYS.values()]
    texts = data.draw(st.lists(st.sampled_from(pieces) | st.text(max_size=10), max_size=6))
    value = {"".join(texts): [*texts, 5678], "n": {"deep": "".join(reversed(texts))}}
    assert redaction.text("".join(texts)) == thorough.text("".join(texts))
    assert redaction.value(value) == thorough.value(value)


@given(JSON, st.lists(JSON, max_size=3))
def test_a_json_value_keeps_its_shape(value: Any, secrets: list[Any]) -> None:
    """Whatever the values to be masked: objects stay objects and lists stay lists, of the same length."""
    shown = Redaction(secrets).value(value)
    assert type(shown) is type(value) or shown == MASK
    if isinstance(value, list):
        assert len(shown) == len(value)
    json.dumps(shown)


@given(st.lists(JSON, max_size=3), st.text(max_size=50))
def test_any_values_and_any_text_give_a_text(secrets: list[Any], text: str) -> None:
    """No exception, whatever is to be masked in whatever."""
    assert isinstance(Redaction(secrets).text(text), str)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("5678", "pin 5678.", "pin ********."),
        ("5678", "77:5678", "77:********"),
        ("5678", "pin5678 and pin_5678", "pin******** and pin_********"),
        ("5678", "order 15678 and 56789", "order 15678 and 56789"),
        (5678, "{'pin': 5678}", "{'pin': ********}"),
        (5678.5, "5678.5", "********"),
        ("ab12", "ab12 cab12 ab12c (ab12)", "******** cab12 ab12c (********)"),
        ("12", "12 of 12", "12 of 12"),
        ("a&b", "a&amp;b or a%26b", "******** or ********"),
        ("5678", "MTIzNTY3OA== NTY3OA==", "MTIzNTY3OA== ********=="),
        (" 5678 ", "stripped: 5678", "stripped: ********"),
        ("4111 1111-1111 1111", "charged 4111111111111111", "charged ********"),
        ("-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----", "bad line: MIIEabcdefgh", "bad line: ********"),
        ([{"cvv": "987"}, "exp 12/27"], "987, exp 12/27", "********, ********"),
        (True, "True", "True"),
        (None, "None", "None"),
    ],
)
def test_short_values_are_masked_where_they_stand_alone(secret: Any, text: str, shown: str) -> None:
    """A PIN in a sentence, but not the digits of an order that happen to be the same."""
    assert Redaction([secret]).text(text) == shown


def test_a_value_that_was_cut_off_with_its_text_is_masked() -> None:
    """At the end of a text, and before the words that say that it was cut; a few characters say nothing."""
    value = "correct horse battery staple"
    redaction = Redaction([value])
    for size in range(PIECE, len(value)):
        assert redaction.text(f"said {value[:size]}") == f"said {MASK}"
        assert redaction.text(f"said {value[:size]} ... (cut)") == f"said {MASK} ... (cut)"
    assert redaction.text(f"said {value[: PIECE - 1]}") == f"said {value[: PIECE - 1]}"


def test_numbers_and_keys_are_masked_in_json() -> None:
    """Whether the value is text and the number is not, or the other way round."""
    for secret in ("5678", 5678):
        shown = Redaction([secret]).value({"pin": 5678, "5678": ["5678", 56789, 5678.0], "ok": True})
        assert shown == {"pin": MASK, MASK: [MASK, 56789, 5678.0], "ok": True}


def test_keys_and_numbers_of_our_own_documents_stay() -> None:
    """Their shape is what others count on; texts are masked at any depth."""
    document = {"status": 404, "message": "404", "parts": [{"404": ["a 404"]}, 404, None, True]}
    shown = {"status": 404, "message": MASK, "parts": [{"404": [f"a {MASK}"]}, 404, None, True]}
    assert Redaction(["404"]).texts(document) == shown


def test_nothing_to_mask_changes_nothing() -> None:
    """No value, or values too short to mean anything."""
    value = {"a": [1, "b", None]}
    assert NOTHING.value(value) is value
    assert not Redaction(["", "a", True, None, {}])


@pytest.mark.parametrize(
    ("secrets", "text"),
    [
        ([str(number) for number in range(10**6, 10**6 + MAX_FORMS + 1)], "anything"),
        ([list(range(200_000))], "anything"),
        (["a" * LONG], "a" * 65_536),
        (["\n".join("x" * 60 + str(number) for number in range(9_000))], "x" * 60 + "7"),
    ],
)
def test_what_cannot_be_looked_for_in_time_is_masked_whole(secrets: list[Any], text: str) -> None:
    """Too many values, or too many places: it fails closed, and soon."""
    began = time.process_time()
    assert Redaction(secrets).text(text) == MASK
    assert computed_since(began) < 2


def test_a_value_of_a_megabyte_takes_no_time_to_speak_of() -> None:
    """It is looked for as it is; what it shares with itself shifted costs nothing."""
    value = "ab" * 500_000
    began = time.process_time()
    redaction = Redaction([value])
    assert redaction.text(f"<{value}>") == f"<{MASK}>"
    assert redaction.text("ab" * 130_000).endswith(MASK)
    assert computed_since(began) < 2


LINES = "\n".join(f"line number {number}" for number in range(300_000))
HOSTILE: dict[str, tuple[list[Any], Any]] = {
    "a secret of many lines": ([LINES], LINES),
    "many secrets, many texts": (
        [f"{number:03d}-" + "a" * 3_000 for number in range(60)],
        [f"{n % 60:03d}-aa" for n in range(50_000)],
    ),
    "ends that are almost a beginning": (
        ["a" * 4_000 + f"b{number}" for number in range(60)],
        ["a" * 4_090 + "c"] * 60,
    ),
    "many short numbers": (
        [str(number) for number in range(1_000, 1_900)],
        [" ".join(map(str, range(1_000, 1_900)))] * 50,
    ),
}


#: Those of which not all can be looked for within the budget.
BEYOND = ("many secrets, many texts", "ends that are almost a beginning")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_in_hostile_texts_are_masked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be looked for within the call's budget is masked whole, never shown."""
    monkeypatch.setattr(redaction, "MAX_SEARCHES", redaction.MAX_SEARCHES // 10)
    secrets, value = HOSTILE[name]
    masked = Redaction(secrets).value(value)
    assert not any(secret in json.dumps(masked) for secret in secrets)


@pytest.mark.parametrize("name", BEYOND)
def test_the_budget_bounds_the_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of it takes far less: beyond the budget nothing is looked for. On slow machines both take longer."""
    secrets, value = HOSTILE[name]

    def took(part: int) -> float:
        monkeypatch.setattr(redaction, "MAX_SEARCHES", most // part)
        found = Redaction(secrets)
        began = time.process_time()
        found.value(value)
        return time.process_time() - began

    most = redaction.MAX_SEARCHES
    assert took(20) < took(4) / 2


@given(secrets=st.lists(st.text("ab1\n", min_size=3, max_size=40), max_size=60), text=st.text("ab1\n", max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_values_in_any_texts_end_within_the_budget(secrets: list[str], text: str) -> None:
    """Values and texts that run into each other."""
    began = time.process_time()
    Redaction(secrets * 20).value([text * 50] * 500)
    assert computed_since(began) < 8
