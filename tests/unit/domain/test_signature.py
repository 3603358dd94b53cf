"""Signatures: the vendors' own vectors, and nothing that was changed passes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.errors import InvalidInput
from midcall.domain.signature import (
    TOLERANCE_S,
    new_secret,
    sign_retell,
    sign_standard,
    verify_retell,
    verify_standard,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's own
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT_S = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

KEY = "key_test"
AT_MS = 1700000000000
RETELL_BODY = '{"name":"get_weather","call":{"call_id":"call_1"},"args":{"city":"São Paulo"}}'.encode()
RETELL = "v=1700000000000,d=fbaa66b3ed86ff5e159088f79d494190421581fcdc8b9ccdd69e47048fef1ec2"


def signed(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    """Sign the specification's message."""
    return sign_standard(secrets, message_id=MESSAGE_ID, timestamp_s=AT_S, body=body)


def test_the_standard_vector_is_met() -> None:
    """Standard Webhooks' own example."""
    assert signed(SECRET) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": str(AT_S),
        "webhook-signature": SIGNATURE,
    }


def test_the_retell_vector_is_met() -> None:
    """Over a body with non-ASCII text in it."""
    assert sign_retell(KEY, at_ms=AT_MS, body=RETELL_BODY) == RETELL


def test_each_secret_signs_in_its_order_and_either_is_enough() -> None:
    """While a secret is replaced, receivers with the old one and with the new one both pass."""
    other = new_secret()
    headers = signed(other, SECRET)
    assert headers["webhook-signature"].split(" ")[1] == SIGNATURE
    for known in (other, SECRET):
        assert verify_standard([known], headers=headers, body=BODY, now_s=AT_S)
    assert verify_standard([new_secret(), SECRET], headers=headers, body=BODY, now_s=AT_S)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": "é"},
        {"webhook-timestamp": str(AT_S + 1)},
        {"webhook-timestamp": f"{AT_S}.0"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "9" * 5_000},
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": SIGNATURE[:-1]},
        {"webhook-signature": "é\ud800"},
        {"webhook-signature": ""},
    ],
)
def test_a_standard_message_with_another_header_fails(changes: dict[str, str]) -> None:
    """Any one of the three, and nothing raises."""
    assert not verify_standard([SECRET], headers=signed(SECRET) | changes, body=BODY, now_s=AT_S)


def test_a_standard_message_with_another_body_or_secret_fails() -> None:
    """One byte is enough; so are no headers at all."""
    assert not verify_standard([SECRET], headers=signed(SECRET), body=BODY + b" ", now_s=AT_S)
    assert not verify_standard([new_secret()], headers=signed(SECRET), body=BODY, now_s=AT_S)
    assert not verify_standard([], headers=signed(SECRET), body=BODY, now_s=AT_S)
    assert not verify_standard([SECRET], headers={}, body=BODY, now_s=AT_S)


@pytest.mark.parametrize("header", ["", "v=1,d=", RETELL.upper(), RETELL + ",x", " " + RETELL, RETELL[:-1], "é\ud800"])
def test_a_retell_header_of_another_form_fails(header: str) -> None:
    """Nothing raises."""
    assert not verify_retell(KEY, header=header, body=RETELL_BODY, now_ms=AT_MS)


def test_a_retell_message_with_another_body_secret_or_time_fails() -> None:
    """Each part is signed."""
    assert verify_retell(KEY, header=RETELL, body=RETELL_BODY, now_ms=AT_MS)
    assert not verify_retell(KEY, header=RETELL, body=RETELL_BODY[:-1], now_ms=AT_MS)
    assert not verify_retell("key_other", header=RETELL, body=RETELL_BODY, now_ms=AT_MS)
    moved = RETELL.replace("v=1700000000000", "v=1700000000001")
    assert not verify_retell(KEY, header=moved, body=RETELL_BODY, now_ms=AT_MS)


@pytest.mark.parametrize(("off_s", "fits"), [(0, True), (TOLERANCE_S, True), (TOLERANCE_S + 1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_message_is_good_for_five_minutes_either_way(off_s: int, sign: int, *, fits: bool) -> None:
    """A recorded message cannot be played again later."""
    standard = verify_standard([SECRET], headers=signed(SECRET), body=BODY, now_s=AT_S + sign * off_s)
    retell = verify_retell(KEY, header=RETELL, body=RETELL_BODY, now_ms=AT_MS + sign * off_s * 1000)
    assert (standard, retell) == (fits, fits)


@given(st.binary(max_size=200), st.integers(0, 10**12 - 1))
def test_whatever_is_signed_verifies(body: bytes, at: int) -> None:
    """Any bytes, the empty body too."""
    secret = new_secret()
    headers = sign_standard([secret], message_id="inv_1", timestamp_s=at, body=body)
    assert verify_standard([secret], headers=headers, body=body, now_s=at)
    assert verify_retell(secret, header=sign_retell(secret, at_ms=at, body=body), body=body, now_ms=at)


def test_a_new_secret_is_of_the_form_and_never_the_same() -> None:
    """32 bytes of chance."""
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret) for secret in made)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], SECRET + "!", "whsec_" + "A" * 88, "whsec_é"]
)
def test_what_is_no_secret_signs_nothing_and_is_not_quoted(secret: str) -> None:
    """Too short, too long, without its prefix, or no base64."""
    with pytest.raises(InvalidInput) as caught:
        signed(secret)
    assert len(secret) < 8 or secret not in str(caught.value)


@pytest.mark.parametrize("message_id", ["", "a.b", "a\r\nb", "é", "a" * 129])
def test_an_id_that_could_be_read_two_ways_is_refused(message_id: str) -> None:
    """A dot would let an id and a timestamp change places."""
    with pytest.raises(InvalidInput):
        sign_standard([SECRET], message_id=message_id, timestamp_s=AT_S, body=BODY)


def test_no_secrets_sign_nothing() -> None:
    """A message without a signature is not sent by mistake."""
    with pytest.raises(InvalidInput):
        signed()
