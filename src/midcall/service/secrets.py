"""Single secrets: a value is kept encrypted under an id, and what refers to it holds the id alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.ids import new_id
from midcall.service.ports import Cipher, Transaction

MAX_SECRET_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keeps and reveals single secrets, in transactions that others own."""

    cipher: Cipher = field(repr=False)
    clock: Callable[[], int]

    def keep(self, tx: Transaction, workspace_id: str, value: str, *, loc: str = "") -> str:
        """Encrypt and store a value; returns its id, `sec_…`. A row never changes: another value is another id.

        Raises InvalidInput at `loc` for a value of more than MAX_SECRET_BYTES in UTF-8, or that cannot be written so.
        """
        _check(value, loc)
        secret_id = new_id("sec")
        token = self.cipher.seal(value, bound_to=_place(workspace_id, secret_id))
        tx.secrets.add(secret_id, workspace_id, token, self.clock())
        return secret_id

    def reveal(self, tx: Transaction, workspace_id: str, secret_id: str) -> str:
        """Decrypt a secret; raises NotFound for one of another workspace too, SecretUnreadable."""
        token = tx.secrets.get(workspace_id, secret_id)
        return self.cipher.open(token, bound_to=_place(workspace_id, secret_id))


def _place(workspace_id: str, secret_id: str) -> str:
    return f"{workspace_id}/secrets/{secret_id}"


def _check(value: str, loc: str) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidInput(faults=[Fault(loc, "contains half of a surrogate pair; remove it")]) from None
    if size > MAX_SECRET_BYTES:
        raise InvalidInput(faults=[Fault(loc, f"a secret has {MAX_SECRET_BYTES // 1024} KiB at most; shorten it")])
