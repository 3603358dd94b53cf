"""Names, advice, and what a source must be to be stored at all."""

import pytest

from midcall.domain.function import MAX_SOURCE_BYTES, RESERVED_NAMES, name_problem, naming_advice, source_problem


@pytest.mark.parametrize("name", ["a", "_", "lookup_order", "A1", "a" * 63])
def test_a_good_name_is_taken(name: str) -> None:
    """A letter or underscore, then up to 62 letters, digits, underscores."""
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a" * 64, "a\n", "\u00e9", "\u0430", "a\0", "a.b", "\uff41"])
def test_a_bad_name_is_not(name: str) -> None:
    """ASCII alone, and nothing after the end."""
    assert name_problem(name)


def test_the_vendors_own_names_are_reserved() -> None:
    """All thirteen, in their spelling alone."""
    assert len(RESERVED_NAMES) == 13
    assert all("reserved" in (name_problem(name) or "") for name in RESERVED_NAMES)
    assert name_problem("checkout_now") is None


def test_weak_naming_gets_advice() -> None:
    """Above 40 characters of name; outside 10 to 200 of description."""
    assert naming_advice("a" * 40, "x" * 10) == naming_advice("a", "x" * 200) == ()
    assert [field for field, _ in naming_advice("a" * 41, "x" * 9)] == ["name", "description"]
    assert [field for field, _ in naming_advice("a", "x" * 201)] == ["description"]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1\n",
        "# -*- coding: utf-8 -*-\n",
        "# coding=UTF8\n",
        "# vim: set fileencoding=utf_8 :\n",
        "\n\n# coding: latin-1 (on line 3 it means nothing)\n",
        "x = 'coding: latin-1'\n",
        "#" + "\u00e9" * ((MAX_SOURCE_BYTES - 1) // 2),
    ],
)
def test_a_source_in_utf_8_is_stored(source: str) -> None:
    """Cookies that say UTF-8 are harmless."""
    assert source_problem(source) is None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("a\0", "NUL"),
        ("x = '\ud800'", "surrogate pair at character 5"),
        ("#" * (MAX_SOURCE_BYTES + 1), "64 KiB"),
        ("#" + "\u00e9" * (MAX_SOURCE_BYTES // 2), "64 KiB"),
        ("# -*- coding: latin-1 -*-", "latin-1"),
        ("#!/bin/python\n# coding=utf-7", "utf-7"),
        ("\f# coding: cp037", "cp037"),
        ("\ufeff# coding: latin-1", "latin-1"),
        ("#\u2028\u2028\n# coding: latin-1", "latin-1"),
        ("#\x0b\x0c\x1c\r# coding: rot13", "rot13"),
        ("x = 1\r\n# coding: punycode\r\n", "punycode"),
    ],
)
def test_a_source_that_cannot_be_stored_says_why(source: str, says: str) -> None:
    """NUL, half a pair, too long, another encoding in either of the first two lines."""
    assert says in (source_problem(source) or "")
