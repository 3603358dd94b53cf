import base64
import hashlib
import hmac
import re

import pytest
from cryptography.fernet import Fernet, MultiFernet

from midcall.bootstrap.settings import new_secret_key
from midcall.domain.errors import SecretUnreadable
from midcall.vault.cipher import FernetCipher

PLACE = "ws_1/secrets/sec_1"
OLD, NEW, OTHER = new_secret_key(), new_secret_key(), new_secret_key()


@pytest.mark.parametrize("value", ["", "hunter2", "ünï\0cödé \U0001f600", "x" * 20_000])
def test_what_is_sealed_opens_in_its_place(value: str) -> None:
    """Any text comes back as it was, and does not stand in its token."""
    cipher = FernetCipher([OLD])
    token = cipher.seal(value, bound_to=PLACE)
    assert cipher.open(token, bound_to=PLACE) == value
    assert token.isascii()
    assert not value or value not in token


@pytest.mark.parametrize("place", ["ws_1/secrets/sec_2", "ws_2/secrets/sec_1", "", "ws_1/secrets/sec_", PLACE + "x"])
def test_a_token_opens_in_no_other_place(place: str) -> None:
    """Whoever can write the database cannot put one row's secret where another one is used."""
    cipher = FernetCipher([OLD])
    token = cipher.seal("hunter2", bound_to=PLACE)
    with pytest.raises(SecretUnreadable, match="another row"):
        cipher.open(token, bound_to=place)


def test_a_value_cannot_pass_for_a_place() -> None:
    """The place's length is under the seal: what is left of it is not read as part of the value, nor the other way."""
    cipher = FernetCipher([OLD])
    token = cipher.seal("bc", bound_to="a")
    for place in ("ab", "abc", ""):
        with pytest.raises(SecretUnreadable):
            cipher.open(token, bound_to=place)


def test_every_key_decrypts_and_the_first_one_encrypts() -> None:
    """A new key is put first, the old one behind it; without the old one its tokens open no more."""
    old, both = FernetCipher([OLD]), FernetCipher([NEW, OLD])
    before = old.seal("hunter2", bound_to=PLACE)
    after = both.seal("hunter2", bound_to=PLACE)
    assert both.open(before, bound_to=PLACE) == both.open(after, bound_to=PLACE) == "hunter2"
    with pytest.raises(SecretUnreadable, match="none of the secret keys"):
        old.open(after, bound_to=PLACE)
    with pytest.raises(SecretUnreadable, match="none of the secret keys"):
        FernetCipher([NEW]).open(before, bound_to=PLACE)


def test_a_renewed_token_is_under_the_first_key_and_stays_in_its_place() -> None:
    """The old key may go; one that is under the first key already is left as it is."""
    both, new = FernetCipher([NEW, OLD]), FernetCipher([NEW])
    renewed = both.renew(FernetCipher([OLD]).seal("hunter2", bound_to=PLACE))
    assert new.open(renewed, bound_to=PLACE) == "hunter2"
    assert both.renew(renewed) == renewed
    with pytest.raises(SecretUnreadable, match="another row"):
        new.open(renewed, bound_to="elsewhere")


def test_what_no_key_opens_is_unreadable_and_stays_so() -> None:
    """Changed, cut, made up, or of no alphabet at all: one error, without a word of what is inside."""
    cipher = FernetCipher([OLD])
    token = cipher.seal("hunter2", bound_to=PLACE)
    flipped = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    for broken in (flipped, token[:-8], "", "hunter2", "\ud800ü\0", FernetCipher([OTHER]).seal("x", bound_to=PLACE)):
        with pytest.raises(SecretUnreadable) as opened:
            cipher.open(broken, bound_to=PLACE)
        with pytest.raises(SecretUnreadable) as renewed:
            cipher.renew(broken)
        assert opened.value.message == renewed.value.message
        assert "hunter2" not in opened.value.message


def test_a_token_that_was_made_for_something_else_with_the_same_key_does_not_open() -> None:
    """What is encrypted here begins with a mark of its own."""
    foreign = MultiFernet([Fernet(OLD)]).encrypt(len(PLACE).to_bytes(4, "big") + PLACE.encode() + b"x").decode()
    with pytest.raises(SecretUnreadable):
        FernetCipher([OLD]).open(foreign, bound_to=PLACE)


def test_the_cipher_shows_no_key() -> None:
    """Neither in a log line nor in a traceback's locals."""
    assert repr(FernetCipher([OLD])) == "FernetCipher(…)"


def test_a_digest_is_a_name_that_tells_nothing() -> None:
    """The same for the same value and first key; none of the key's other uses makes it."""
    cipher = FernetCipher([OLD, NEW])
    assert cipher.digest("a") == FernetCipher([OLD]).digest("a")
    assert re.fullmatch("[0-9a-f]{64}", cipher.digest("a"))
    raw = base64.urlsafe_b64decode(OLD)
    plain = {hmac.new(key, b"a", "sha256").hexdigest() for key in (raw, raw[:16], raw[16:], OLD.encode())}
    others = {cipher.digest("b"), FernetCipher([NEW, OLD]).digest("a"), hashlib.sha256(b"a").hexdigest()}
    assert cipher.digest("a") not in plain | others
