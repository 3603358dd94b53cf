import re

from tests.support.growth import SUSPECT, growth


def test_linear_work_is_told_from_quadratic_work() -> None:
    """Whatever the machine: otherwise nothing that is held by it holds."""
    assert growth(lambda size: "a" * size, re.compile("a*b?$").match, most=4_000_000) < SUSPECT
    assert growth(lambda size: "a" * size + "!", re.compile("a*a*$").match) > SUSPECT
    assert growth(lambda size: list(range(size)), lambda some: [some.index(each) for each in some]) > SUSPECT
    assert growth(lambda size: {"a" * size: 1}, len) == 0
