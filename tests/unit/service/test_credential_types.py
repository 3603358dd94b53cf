import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.credentials import MASK, key_file, private_key, samples

from midcall.domain.credential import CredentialType
from midcall.domain.errors import Fault, InvalidInput
from midcall.service.credentials.types import MAX_BYTES, MODELS, masked, read_values, secret_texts

SAMPLES = samples()
OAUTH2 = SAMPLES["oauth2_client_credentials"][0]


def faults(kind: str, given: dict[str, Any], kept: dict[str, Any] | None = None) -> list[Fault]:
    """Read values that must be refused; returns the faults, which quote no secret."""
    with pytest.raises(InvalidInput) as found:
        read_values(CredentialType(kind), given, kept or {})
    assert found.value.__cause__ is None, "a cause would hold what was sent"
    return list(found.value.faults)


def test_every_type_has_a_model_and_a_sample() -> None:
    """A new type is tested the day it is added."""
    assert set(MODELS) == set(CredentialType)
    assert set(SAMPLES) == {kind.value for kind in CredentialType}


@pytest.mark.parametrize("kind", SAMPLES)
def test_what_is_secret_is_masked_and_the_rest_is_shown(kind: str) -> None:
    """Names and addresses tell credentials apart; secrets are never shown again."""
    sent, shown = SAMPLES[kind]
    stored = read_values(CredentialType(kind), sent, {})
    assert masked(CredentialType(kind), stored) == shown
    secrets = secret_texts(CredentialType(kind), stored)
    assert secrets
    assert not any(secret in json.dumps(shown) for secret in secrets)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_answer_sent_back_keeps_everything(kind: str) -> None:
    """Masks are kept, and so is what is left out."""
    stored = read_values(CredentialType(kind), SAMPLES[kind][0], {})
    assert read_values(CredentialType(kind), masked(CredentialType(kind), stored), stored) == stored
    assert read_values(CredentialType(kind), {}, stored) == stored


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_mask_of_nothing_and_a_missing_value_are_refused_at_their_field(kind: str) -> None:
    """The mask is no secret: stored as one, it would be sent to a service."""
    sent, shown = SAMPLES[kind]
    for fault in faults(kind, shown):
        assert fault.loc.startswith("values.")
        assert "send the value itself" in fault.msg
    assert faults(kind, {})
    assert [fault.loc for fault in faults(kind, {**sent, "nonsense": "x"})] == ["values.nonsense"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_model_shows_a_value(kind: str) -> None:
    """Neither its repr nor pydantic's own error text, should one ever reach a log."""
    model = MODELS[CredentialType(kind)]
    stored = read_values(CredentialType(kind), SAMPLES[kind][0], {})
    shown = repr(model.model_validate(stored)) + str(model.model_validate(stored))
    try:
        model.model_validate({**stored, "nonsense": secret_texts(CredentialType(kind), stored)[0]})
    except ValidationError as error:
        shown += str(error) + repr(error)
    assert not any(secret in shown for secret in secret_texts(CredentialType(kind), stored))


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("bearer", {"token": "Bearer abc"}, "values.token", "leave that out"),
    ("bearer", {"token": "ab c"}, "values.token", "token alone"),
    ("bearer", {"token": "abc\r\nX-Admin: 1"}, "values.token", "line break"),
    ("bearer", {"token": ""}, "values.token", "at least 1"),
    ("bearer", {"token": 5}, "values.token", "valid string"),
    ("bearer", {"token": "x" * 8193}, "values.token", "at most 8192"),
    ("bearer", {"token": None}, "values.token", "required"),
    ("basic", {"username": "a:b", "password": "x"}, "values.username", "colon"),
    ("basic", {"username": "", "password": ""}, "values", "both empty"),
    ("basic", {"username": "a", "password": "x\n"}, "values.password", "control character"),
    ("header", {"name": "X Key", "value": "x"}, "values.name", "no name of a header"),
    ("header", {"name": "Host", "value": "x"}, "values.name", "sets this header itself"),
    ("header", {"name": "X-Key", "value": "x\r\ny"}, "values.value", "line break"),
    ("header", {"name": "X-Key", "value": "x\0"}, "values.value", "control character"),
    ("header", {"name": "X-Key", "value": "x\x7f"}, "values.value", "control character"),
    ("header", {"name": "X-Key", "value": "x\ud800"}, "values.value", "unicode"),
    ("header", {"name": "X-Key", "value": " x"}, "values.value", "blank"),
    ("query", {"name": "", "value": "x"}, "values.name", "at least 1"),
    ("digest", {"username": "a", "password": ""}, "values.password", "at least 1"),
    ("custom", {}, "values", "headers, query or body"),
    ("custom", {"headers": {"X-A": "1", "x-a": "2"}}, "values", "two spellings"),
    ("custom", {"headers": {"X-A": "1\n"}}, "values.headers.X-A", "line break"),
    ("custom", {"headers": {"Content-Length": "1"}}, "values.headers.Content-Length", "itself"),
    ("custom", {"headers": {"X-A": {"deep": "x"}}}, "values.headers.X-A", "valid string"),
    ("custom", {"query": {str(n): "x" for n in range(51)}}, "values.query", "at most 50"),
    ("custom", {"body": {"a": "x\0"}}, "values.body.a", "NUL"),
    ("custom", {"body": ["x"]}, "values.body", "valid dictionary"),
    ("oauth2_client_credentials", {**OAUTH2, "token_url": "http://id.example.com/t"}, "values.token_url", "https://"),
    ("oauth2_client_credentials", {**OAUTH2, "token_url": "http://127.0.0.1.x/t"}, "values.token_url", "https://"),
    ("oauth2_client_credentials", {**OAUTH2, "auth_method": "jwt"}, "values.auth_method", "'basic' or 'body'"),
    ("google_service_account", {**key_file(), "type": "authorized_user"}, "values.type", "service account"),
    ("google_service_account", {"key_file": "{"}, "values.key_file", "as it is"),
    ("google_service_account", {"key_file": [1]}, "values.key_file", "as it is"),
    ("google_service_account", {"key_file": key_file(), "token_uri": "x"}, "values.key_file", "remove token_uri"),
    ("google_service_account", {"key_file": {"type": "service_account"}}, "values.client_email", "required"),
    ("google_service_account", {**key_file(), "private_key": "hunter2"}, "values.private_key", "RSA key in PEM"),
    ("google_service_account", {**key_file(), "private_key": private_key(1024)}, "values.private_key", "RSA key"),
    ("shopify", {"shop_domain": "https://a.myshopify.com", "access_token": "x"}, "values.shop_domain", "without https"),
    ("shopify", {"shop_domain": "a.myshopify.com.evil.org", "access_token": "x"}, "values.shop_domain", "own domain"),
    ("slack", {"bot_token": "xoxp-1"}, "values.bot_token", "xoxb-"),
    ("slack", {"bot_token": "xoxb-1 2"}, "values.bot_token", "blank"),
    ("whatsapp", {"access_token": "x", "phone_number_id": "+49 30"}, "values.phone_number_id", "digits"),
]


@pytest.mark.parametrize(("kind", "given", "loc", "cure"), REFUSED, ids=[f"{r[0]} {r[2]} {r[3]}" for r in REFUSED])
def test_what_could_not_be_sent_is_refused_when_it_is_saved(kind: str, given: Any, loc: str, cure: str) -> None:
    """The fault names the field and the cure."""
    found = faults(kind, given)
    assert any(fault.loc == loc and cure in fault.msg for fault in found), found


def test_a_key_that_stands_for_a_user_name_is_not_shown() -> None:
    """Some services take their key for a user name, without a password."""
    stored = read_values(CredentialType.BASIC, {"username": "sk_live_1"}, {})
    assert masked(CredentialType.BASIC, stored) == {"username": MASK, "password": MASK}
    assert secret_texts(CredentialType.BASIC, stored) == ("sk_live_1",)


def test_names_of_a_custom_credential_are_kept_changed_and_removed_one_by_one() -> None:
    """Null removes, a mask keeps, another name is added."""
    kept = {"headers": {"X-A": "1", "X-B": "2"}, "query": {"k": "3"}, "body": {}}
    given = {"headers": {"X-A": MASK, "X-B": None, "X-C": "4"}, "query": None}
    assert read_values(CredentialType.CUSTOM, given, kept) == {
        "headers": {"X-A": "1", "X-C": "4"},
        "query": {},
        "body": {},
    }
    (fault,) = faults("custom", {"headers": {"X-New": MASK}}, kept)
    assert fault.loc == "values.headers.X-New"


def test_an_optional_value_is_removed_by_null() -> None:
    """Leaving it out would keep it."""
    kept = read_values(CredentialType.OAUTH2_CLIENT_CREDENTIALS, OAUTH2, {})
    assert "scope" not in read_values(CredentialType.OAUTH2_CLIENT_CREDENTIALS, {"scope": None}, kept)


@pytest.mark.parametrize(
    ("kind", "name", "elsewhere", "secret"),
    [
        ("oauth2_client_credentials", "token_url", "https://evil.example.com/token", "client_secret"),
        ("google_service_account", "token_uri", "https://evil.example.com/token", "private_key"),
        ("shopify", "shop_domain", "evil.myshopify.com", "access_token"),
    ],
)
def test_a_secret_is_not_kept_for_another_place(kind: str, name: str, elsewhere: str, secret: str) -> None:
    """Whoever may write could have it sent to themselves, without ever having known it."""
    kept = read_values(CredentialType(kind), SAMPLES[kind][0], {})
    for sent in ({name: elsewhere}, {name: elsewhere, secret: MASK}):
        (fault,) = faults(kind, sent, kept)
        assert fault.loc == f"values.{secret}"
    assert f"another {name}" in faults(kind, {name: elsewhere}, kept)[0].msg
    moved = read_values(CredentialType(kind), {name: elsewhere, secret: kept[secret]}, kept)
    assert moved == {**kept, name: elsewhere}
    assert read_values(CredentialType(kind), {name: kept[name]}, kept) == kept


@pytest.mark.parametrize("pack", [lambda file: file, json.dumps, lambda file: json.dumps(file, indent=2)])
def test_a_key_file_may_come_whole_as_object_or_text(pack: Any) -> None:
    """Either way the same is stored as of its fields, and nothing that is not needed."""
    plain = read_values(CredentialType.GOOGLE_SERVICE_ACCOUNT, key_file(), {})
    assert read_values(CredentialType.GOOGLE_SERVICE_ACCOUNT, {"key_file": pack(key_file())}, {}) == plain
    assert set(plain) == {"client_email", "private_key", "token_uri", "project_id", "private_key_id"}


def test_a_private_key_whose_line_breaks_were_escaped_twice_is_mended() -> None:
    """As it comes out of an environment variable."""
    given = {**key_file(), "private_key": private_key().replace("\n", "\\n")}
    assert read_values(CredentialType.GOOGLE_SERVICE_ACCOUNT, given, {})["private_key"] == private_key()


def test_a_credential_is_bounded_in_all() -> None:
    """Fifty values of eight kilobytes each would pass one by one."""
    given = {"body": {str(number): "x" * 8_000 for number in range(3)}}
    assert len(json.dumps(given)) > MAX_BYTES
    (fault,) = faults("custom", given)
    assert fault == Fault("values", "more than 16 KiB in all; shorten them")


def test_plain_http_is_taken_on_loopback_alone() -> None:
    """For a token endpoint on this very machine; whether it may be called at all, the way out decides."""
    given = {**OAUTH2, "token_url": "http://127.0.0.1:8080/token"}
    assert read_values(CredentialType.OAUTH2_CLIENT_CREDENTIALS, given, {})["token_url"] == given["token_url"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just(MASK),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
value_names = st.sampled_from(sorted({name for model in MODELS.values() for name in model.model_fields} | {"key_file"}))


@given(
    kind=st.sampled_from(list(CredentialType)),
    sent=st.dictionaries(value_names | st.text(max_size=5), json_values, max_size=4),
    keeps=st.sampled_from([True, False]),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_is_taken_or_refused_with_fields(kind: CredentialType, sent: Any, *, keeps: bool) -> None:
    """No JSON makes it fail in another way, whatever is stored already."""
    kept = read_values(kind, SAMPLES[kind.value][0], {}) if keeps else {}
    found: list[Fault] = []
    stored: dict[str, Any] = {}
    try:
        stored = read_values(kind, sent, kept)
    except InvalidInput as error:
        found = list(error.faults)
    assert bool(stored) is not bool(found)
    assert all(fault.loc.startswith("values") for fault in found)
    assert not stored or read_values(kind, {}, stored) == stored
