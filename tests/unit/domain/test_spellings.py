"""Dates, times and phone numbers, whatever is written for them."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midcall.domain.conversion import Locale, convert
from midcall.domain.moments import date_time, dates, is_date, is_date_time, is_time, is_zone, time_of_day
from midcall.domain.pattern_samples import pattern_sample
from midcall.domain.phone import e164, is_e164

PIECES = st.lists(
    st.sampled_from(
        [
            *("2026", "0001", "9999", "26", "12", "31", "2", "29", "00", "24", "-", "/", ".", ":", " ", ",", "T", "Z"),
            *(
                "march",
                "May",
                "Monday",
                "am",
                "pm",
                "at ",
                "+01:00",
                "-23:59",
                "+99:99",
                "+",
                "(",
                ")",
                "0",
                "x",
                "noon",
            ),
        ]
    ),
    max_size=14,
).map("".join)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Nowhere/There"])


@given(PIECES | st.text(max_size=70), ZONES)
@example("20262026202626", "UTC")
def test_whatever_is_written_is_read_or_left(text: str, zone: str) -> None:
    """And what is read is what its format has."""
    assert all(is_date(day) for day in dates(text))
    for found, check in ((date_time(text, zone), is_date_time), (time_of_day(text, zone), is_time)):
        assert found is None or check(found)
    for region in (None, "DE", "US"):
        number = e164(text, region)
        assert number is None or is_e164(number)


@given(
    st.sampled_from([None, "string", "integer", "number", "boolean"]),
    st.sampled_from(["date", "date-time", "time", "email", "phone", "uuid", None]),
    PIECES | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
)
def test_what_was_converted_is_converted_no_further(kind: Any, form: Any, value: Any) -> None:
    """A value that is handed on from one function to the next stays as it is."""
    locale = Locale("DE", "Europe/Berlin")
    declared = {"type": kind, **({} if form is None else {"format": form})}
    once = convert(declared, value, locale)
    assert convert(declared, once, locale) == once


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-3-5", ["2026-03-05"]),
        ("5 March 2026", ["2026-03-05"]),
        ("the 5th of March, 2026", ["2026-03-05"]),
        ("2026 Mar 5", ["2026-03-05"]),
        ("03/05/2026", ["2026-03-05", "2026-05-03"]),
        ("13.05.2026", ["2026-05-13"]),
        ("20260305", ["2026-03-05"]),
        ("29 February 2026", []),
        ("March 2026", []),
        ("5/3/26", []),
        ("12345678", []),
        ("tomorrow", []),
        ("2026-13-45", []),
        ("March 5, 2026 and March 6, 2026", []),
    ],
)
def test_a_day_is_read_in_each_order_that_it_may_have(text: str, days: list[str]) -> None:
    """None where it says no one day."""
    assert list(dates(text)) == days


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+49 30 123456", "+4930123456"),
        ("tel:+49-30-123456", "+4930123456"),
        ("15550100199", "+15550100199"),
        ("5550100199", None),
        ("030 123456", None),
        ("+1", None),
        ("+49 30 123456 or +49 30 123457", None),
        ("", None),
    ],
)
def test_a_phone_number_says_its_country(text: str, number: str | None) -> None:
    """Where no region is given; digits alone are taken for one only where they surely are."""
    assert e164(text, None) == number


def test_zones_are_known_by_their_names() -> None:
    """Of the IANA."""
    assert is_zone("Europe/Berlin")
    assert not is_zone("Berlin")


@given(st.text(alphabet="(a{50}){5}*+?|[^]\\d$.-", max_size=60))
def test_an_example_of_a_pattern_is_short_or_none(pattern: str) -> None:
    """Whatever is repeated within what is repeated."""
    made = pattern_sample(pattern)
    assert made is None or 0 < len(made) <= 60
