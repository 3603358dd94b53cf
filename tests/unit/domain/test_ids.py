"""Identifiers of several parts: written and read in one place, so that what is written is read."""

import pytest

from midcall.domain.ids import LeaseOwner, RunId, new_id, without_prefix
from midcall.domain.variables import SYSTEM, function_of, set_by


def test_a_run_is_named_by_its_invocation_and_two_numbers() -> None:
    """As the pool is told, within the 64 characters that it keeps."""
    run = RunId(new_id("inv"), 12, 3)
    assert str(run).endswith(".12.3")
    assert RunId.of(str(run)) == run
    assert len(str(run)) <= 64
    with pytest.raises(ValueError, match="unpack"):
        RunId.of("run_1")


def test_processes_of_a_group_are_told_by_their_beginning() -> None:
    """And by no other group's, whose name may begin alike."""
    owner = str(LeaseOwner("live", "host", 7))
    assert owner == "live@host:7"
    assert owner.startswith(LeaseOwner.beginning("live"))
    assert not owner.startswith(LeaseOwner.beginning("liv"))


def test_an_id_without_its_prefix() -> None:
    """Its digits; what has none is all of it."""
    assert [without_prefix(each) for each in ("inv_0a", "0a")] == ["0a", "0a"]


def test_the_source_of_a_variable_is_a_function_or_none() -> None:
    """Whatever the function is called."""
    assert [function_of(source) for source in (set_by("look"), set_by(SYSTEM), SYSTEM)] == ["look", SYSTEM, None]
