"""Patches between documents."""

from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.jsonvalue import merge_patch
from midcall.domain.patch import patch_between, same, unsayable

VALUES = st.recursive(
    st.sampled_from([True, False, 0, 1, "", "a"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES)


@given(DOCUMENTS, DOCUMENTS)
def test_a_patch_makes_one_document_of_the_other(before: dict[str, object], after: dict[str, object]) -> None:
    """Applied to the first it gives the second, and it is empty for the same ones; true is not 1."""
    patch = patch_between(before, after)
    assert same(merge_patch(before, patch), after)
    assert (patch == {}) == same(before, after)
    assert unsayable(patch, after) == []


def test_nulls_that_a_patch_would_take_for_removals_are_named() -> None:
    """Inside an object null cannot be said; one that was there before need not be."""
    before = {"body": {"a": 1, "kept": None}}
    after = {"body": {"a": None, "b": {"c": None}, "kept": None}}
    assert sorted(unsayable(patch_between(before, after), after)) == ["body.a", "body.b.c"]
