"""Encryption over MultiFernet. Keys have an order: the first encrypts, all decrypt.

A token is a Fernet token (AES-128-CBC, then HMAC-SHA256). Its plaintext is a mark, the name of the place it belongs
to with its length before it, and the value: a token that is moved to another row is found out when it is opened there.
"""

import base64
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from midcall.domain.errors import SecretUnreadable

#: What a token holds begins with this: no other use of the same keys makes one that opens here.
_MARK = b"midcall.vault.v1\0"
_LENGTH_BYTES = 4
#: What the key of digests is derived for: it is none of the two that Fernet makes of the same bytes.
_DIGESTS = b"midcall.vault.digest.v1"
_DIGEST_KEY_BYTES = 32

_NO_KEY = (
    "a stored secret cannot be decrypted: none of the secret keys opens it, or its row was changed; "
    "put the key back, or save the secret anew"
)
_NOT_HERE = "a stored secret belongs to another row: the database was changed; save the secret anew"


class FernetCipher:
    """Encrypts under the first of its keys and decrypts under all of them; for many threads at once.

    A key is 32 bytes in URL-safe base64, as `Fernet.generate_key` makes it.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in keys]
        self._first = fernets[0]
        self._all = MultiFernet(fernets)
        derive = HKDF(algorithm=SHA256(), length=_DIGEST_KEY_BYTES, salt=None, info=_DIGESTS)
        self._digest_key = derive.derive(base64.urlsafe_b64decode(keys[0]))

    def __repr__(self) -> str:
        """Write its name alone, and show no key."""
        return "FernetCipher(…)"

    def seal(self, value: str, *, bound_to: str) -> str:
        """Encrypt a value into a token (ASCII) that opens in one place alone, such as `ws_…/secrets/sec_…`."""
        return self._first.encrypt(_head(bound_to) + value.encode()).decode("ascii")

    def open(self, token: str, *, bound_to: str) -> str:
        """Decrypt a token; raises SecretUnreadable where no key opens it, or where it belongs to another place."""
        plain, head = self._decrypt(token), _head(bound_to)
        if not plain.startswith(head):
            raise SecretUnreadable(_NOT_HERE)
        return plain[len(head) :].decode()

    def digest(self, value: str) -> str:
        """Return a name for a value: 64 hex digits that tell nothing of it, the same as long as the first key is.

        It is the HMAC-SHA256 under a key derived from that one.
        """
        return hmac.new(self._digest_key, value.encode(), "sha256").hexdigest()

    def renew(self, token: str) -> str:
        """Encrypt a token anew under the first key, or return it if it is under it; raises SecretUnreadable."""
        try:
            self._first.decrypt(_raw(token))
        except InvalidToken:
            return self._first.encrypt(self._decrypt(token)).decode("ascii")
        return token

    def _decrypt(self, token: str) -> bytes:
        try:
            return self._all.decrypt(_raw(token))
        except InvalidToken:
            raise SecretUnreadable(_NO_KEY) from None


def _head(bound_to: str) -> bytes:
    place = bound_to.encode()
    return _MARK + len(place).to_bytes(_LENGTH_BYTES, "big") + place


def _raw(token: str) -> bytes:
    # A row may hold anything once somebody wrote to it; what cannot be encoded opens under no key either.
    return token.encode("utf-8", "replace")
