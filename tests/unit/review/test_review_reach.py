"""What reaches an attribute or a class without its name being in the source: refused, in every family.

Ordinary code of the same shape passes.
"""

import pytest
from tests.support.reach_cases import ORDINARY, REFUSED

from midcall.domain.review import Severity, Subject
from midcall.review import review


def _cases(table: dict[str, list[str]]) -> list[object]:
    return [
        pytest.param(source, id=f"{family}-{number}")
        for family, sources in table.items()
        for number, source in enumerate(sources)
    ]


@pytest.mark.parametrize("source", _cases(REFUSED))
def test_refused_with_what_to_write_instead(source: str) -> None:
    """Each wording draws an error that says what to write."""
    errors = [comment for comment in review(Subject(source)) if comment.severity is Severity.ERROR]
    assert errors
    assert all(comment.suggestion for comment in errors)


@pytest.mark.parametrize("source", _cases(ORDINARY))
def test_ordinary_code_of_the_same_shape_passes(source: str) -> None:
    """What people write for plain purposes draws no error."""
    comments = review(Subject(source, parameters=frozenset({"x"})))
    assert [comment for comment in comments if comment.severity is Severity.ERROR] == []


def test_each_family_has_both() -> None:
    """A family that refuses all of a shape, or that knows one wording only, would pass here by luck."""
    assert REFUSED.keys() == ORDINARY.keys()
    assert min(map(len, REFUSED.values())) >= 10
    assert min(map(len, ORDINARY.values())) >= 3
