"""Secrets of a webhook: kept, shown as a mask, put back by it, and by nothing else; all other values stay text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.errors import InvalidInput
from midcall.domain.function_config import FunctionConfig
from midcall.domain.parameters import MASK
from midcall.domain.secret_reference import SecretPlace
from midcall.service.credentials.inline_secrets import kept, restored, shown, unmarked

DOCUMENT: dict[str, Any] = {
    "kind": "webhook",
    "webhook": {
        "url": "https://api.example.com/",
        "headers": {"X-Key": "abc", "X-City": "{{city}}", "X-Empty": ""},
        "query": {"limit": "100"},
        "auth": {"type": "header", "name": "X-API-Key", "value": "def"},
    },
}


def test_secrets_become_references_and_all_else_stays() -> None:
    """Only secrets are kept: what says how one is used can be read, and so can a limit of a hundred."""
    secrets: dict[str, str] = {}

    def keep(value: str, _place: SecretPlace) -> str:
        secrets[f"sec_{len(secrets)}"] = value
        return f"sec_{len(secrets) - 1}"

    document = kept(DOCUMENT, keep)
    assert sorted(secrets.values()) == ["abc", "def"]
    assert document["webhook"]["query"] == {"limit": "100"}
    assert document["webhook"]["headers"] == {"X-Key": f"{MASK}sec_0", "X-City": "{{city}}", "X-Empty": ""}
    assert document["webhook"]["auth"] == {"type": "header", "name": "X-API-Key", "value": f"{MASK}sec_1"}
    assert shown(document)["webhook"]["headers"] == {"X-Key": MASK, "X-City": "{{city}}", "X-Empty": ""}
    kept_there = FunctionConfig.from_stored(document).webhook.secrets
    assert {str(place): secrets[reference.id] for place, reference in kept_there.items()} == {
        "webhook.headers.X-Key": "abc",
        "webhook.auth.value": "def",
    }
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
    assert shown(kept(document, lambda _value, _loc: "sec_1")).keys() == document.keys()


def stored(**webhook: Any) -> dict[str, Any]:
    """Return a webhook as it is stored: the ids of its secrets are made of their values."""
    document = restored({"webhook": {"headers": {}, "query": {}, "auth": {"type": "none"}, **webhook}}, {})
    return kept(document, lambda value, _loc: f"sec_{value}")


@pytest.mark.parametrize(
    ("webhook", "secret"),
    [
        ({"headers": {"X-Region": "Berlin", "Accept": "text/csv"}}, []),
        ({"headers": {"X-Region": {"value": "Berlin", "secret": True}}}, ["Berlin"]),
        ({"headers": {"X-Region": {"value": "Berlin", "secret": False}}}, []),
        ({"headers": {"X-Region": {"value": "Berlin", "secret": None}}}, []),
        ({"headers": {"Authorization": "a", "Cookie": "b", "x-api-key": "c"}}, ["a", "b", "c"]),
        ({"query": {"include": "orders", "limit": "100"}}, []),
        ({"query": {"api_key": "a", "token": "b", "sig": {"value": "c", "secret": True}}}, ["a", "b", "c"]),
        ({"auth": {"type": "basic", "username": "admin", "password": "s3cret"}}, ["s3cret"]),
        ({"auth": {"type": "basic", "username": "sk_live", "password": ""}}, ["sk_live"]),
        ({"auth": {"type": "basic", "username": "sk_live", "password": "X"}}, ["sk_live", "X"]),
        ({"auth": {"type": "basic", "username": {"value": "ann", "secret": True}, "password": "pw1"}}, ["ann", "pw1"]),
        ({"auth": {"type": "bearer", "token": "a"}}, ["a"]),
        ({"auth": {"type": "query", "name": "limit", "value": "a"}}, ["a"]),
        ({"auth": {"type": "oauth2", "client_id": "me", "client_secret": "a", "scope": "s"}}, ["a", "me"]),
    ],
)
def test_what_is_secret_is_said_by_its_place_its_name_or_its_author(webhook: dict[str, Any], secret: list[str]) -> None:
    """Nothing else is kept, whatever it looks like."""
    document = stored(**webhook)
    found = FunctionConfig.from_stored(document).webhook.secrets.values()
    assert sorted(reference.id for reference in found) == sorted(f"sec_{value}" for value in secret)
    part = next(iter(webhook))
    for name, value in unmarked({"webhook": webhook})["webhook"][part].items():
        assert shown(document)["webhook"][part][name] == (MASK if value in secret else value)


def test_a_new_value_for_a_secret_is_one_too_until_its_author_says_otherwise() -> None:
    """What was kept before values could be plain may be a secret under a harmless name, and so may its successor."""
    base = kept({"webhook": {"headers": {"X-Partner": {"value": "old", "secret": True}}}}, lambda value, _loc: value)
    for name in ("X-Partner", "x-partner"):
        document = restored({"webhook": {"headers": {name: "new"}}}, base)
        assert document["webhook"]["headers"] == {name: {"value": "new", "secret": True}}
    said = restored({"webhook": {"headers": {"X-Partner": {"value": "Berlin", "secret": False}}}}, base)
    assert said["webhook"]["headers"] == {"X-Partner": "Berlin"}


def test_a_value_that_can_be_read_is_marked_a_secret_by_its_mask_too() -> None:
    """And kept by it, as a secret is: who knows header names alone leaves values out."""
    base = stored(headers={"X-Region": "Berlin"})
    marked = restored({"webhook": {"headers": {"X-Region": {"value": MASK, "secret": True}}}}, base)
    assert kept(marked, lambda value, _loc: f"sec_{value}")["webhook"]["headers"] == {"X-Region": f"{MASK}sec_Berlin"}
    same = restored({"webhook": {"headers": {"X-Region": MASK}}}, base)
    assert same["webhook"]["headers"] == {"X-Region": "Berlin"}


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"X-Partner": {"value": MASK, "secret": False}}, "send the value itself to make it readable"),
        ({"X-Partner": {"value": f"{MASK}sec_old", "secret": False}}, "send the value itself to make it readable"),
        ({"X-New": {"value": "a {{b}}", "secret": True}}, "{{secret.<credential>.<key>}}"),
        ({"Authorization": {"value": "Bearer x", "secret": False}}, "always kept secret"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(headers: dict[str, Any], says: str) -> None:
    """Above all: nobody reads a kept secret by calling it none."""
    base = stored(headers={"X-Partner": {"value": "old", "secret": True}})
    with pytest.raises(InvalidInput) as caught:
        restored({"webhook": {"headers": headers}}, base)
    assert [fault.loc for fault in caught.value.faults] == [f"webhook.headers.{next(iter(headers))}"]
    assert says in caught.value.faults[0].msg
