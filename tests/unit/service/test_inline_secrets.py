"""Literal values of a webhook: kept, shown as a mask, put back by it, and by nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.errors import InvalidInput
from midcall.domain.parameters import MASK
from midcall.service.inline_secrets import kept, restored, revealed, shown

DOCUMENT = {
    "kind": "webhook",
    "webhook": {
        "url": "https://api.example.com/",
        "headers": {"X-Key": "abc", "X-City": "{{city}}", "X-Empty": ""},
        "query": {"limit": "100"},
        "auth": {"type": "header", "name": "X-API-Key", "value": "def"},
    },
}


def test_literals_become_references_and_templates_stay() -> None:
    """Only values are kept: what says how a secret is used can be read."""
    secrets: dict[str, str] = {}

    def keep(value: str, loc: str) -> str:
        secrets[f"sec_{len(secrets)}"] = value
        return f"sec_{len(secrets) - 1}"

    document = kept(DOCUMENT, keep)
    assert sorted(secrets.values()) == ["100", "abc", "def"]
    assert document["webhook"]["headers"] == {"X-Key": f"{MASK}sec_0", "X-City": "{{city}}", "X-Empty": ""}
    assert document["webhook"]["auth"] == {"type": "header", "name": "X-API-Key", "value": f"{MASK}sec_2"}
    assert shown(document)["webhook"]["headers"] == {"X-Key": MASK, "X-City": "{{city}}", "X-Empty": ""}
    back, values = revealed(document, lambda secret_id, _loc: secrets[secret_id])
    assert back == DOCUMENT
    assert sorted(values) == ["100", "abc", "def"]
    # Kept once: a document of references is not kept again.
    assert kept(document, keep) == document


def test_a_mask_keeps_what_stood_in_its_place() -> None:
    """At the same path, and there alone."""
    base = kept(DOCUMENT, lambda value, _loc: f"sec_{value}")
    asked = {"webhook": {"headers": {"X-Key": MASK, "X-City": "new"}, "query": {}, "auth": {"type": "none"}}}
    assert restored(asked, base)["webhook"]["headers"] == {"X-Key": f"{MASK}sec_abc", "X-City": "new"}


@pytest.mark.parametrize("value", [MASK, f"{MASK}sec_def", f"{MASK}x"])
def test_nothing_else_that_looks_like_a_mask_is_taken(value: str) -> None:
    """Neither the mask where nothing is kept, nor the reference of a secret that stands elsewhere."""
    base = kept(DOCUMENT, lambda value, _loc: f"sec_{value}")
    asked = {"webhook": {"headers": {"X-New": value}, "query": {}, "auth": {"type": "none"}}}
    with pytest.raises(InvalidInput) as caught:
        restored(asked, base)
    assert [fault.loc for fault in caught.value.faults] == ["webhook.headers.X-New"]


@given(st.recursive(st.text() | st.none(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_any_shape_is_taken(webhook: object) -> None:
    """What is no webhook at all is the form's to refuse."""
    document = {"webhook": webhook}
    assert revealed(kept(document, lambda _value, _loc: "sec_1"), lambda _id, _loc: "x")[0].keys() == document.keys()
