"""Single secrets: a value is kept encrypted under an id, for some origins; what refers to it holds the id alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from midcall.domain.errors import Fault, InvalidInput, SecretElsewhere
from midcall.domain.ids import new_id
from midcall.domain.origin import beyond
from midcall.storage.database import Transaction
from midcall.storage.secrets import SealedSecret
from midcall.vault.cipher import FernetCipher

MAX_SECRET_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keeps and reveals single secrets, in transactions that others own."""

    cipher: FernetCipher = field(repr=False)
    clock: Callable[[], int]

    def keep(self, tx: Transaction, workspace_id: str, value: str, *, to: Sequence[str], loc: str = "") -> str:
        """Encrypt and store a value that is given for the origins `to`; returns its id, `sec_…`.

        A row never changes: another value, or another place for it, is another id.

        Raises InvalidInput at `loc` for a value of more than MAX_SECRET_BYTES in UTF-8, or that cannot be written so.
        """
        _check(value, loc)
        secret_id = new_id("sec")
        token = self.cipher.seal(value, bound_to=_place(workspace_id, secret_id))
        tx.secrets.add(secret_id, workspace_id, SealedSecret(token, tuple(to)), self.clock())
        return secret_id

    def elsewhere(self, tx: Transaction, workspace_id: str, secret_id: str, *, to: Sequence[str]) -> str | None:
        """Say that a kept secret may not be sent to one of the origins `to`; None if it may. Raises NotFound."""
        origins = tx.secrets.get(workspace_id, secret_id).origins
        new = beyond(origins, to)
        if not new:
            return None
        given = f"it was given for {', '.join(origins)}" if origins else "it is not known what it was given for"
        return f"send it again: {given}, and would now go to {', '.join(new)}"

    def reveal(self, tx: Transaction, workspace_id: str, secret_id: str, *, to: Sequence[str], loc: str = "") -> str:
        """Decrypt a secret that is about to be sent to the origins `to`.

        Raises NotFound for one of another workspace too, SecretUnreadable, and SecretElsewhere where it was not given
        for one of them.
        """
        problem = self.elsewhere(tx, workspace_id, secret_id, to=to)
        if problem is not None:
            raise SecretElsewhere(f"{loc or 'a secret'} is not sent: {problem}, in a new version")
        token = tx.secrets.get(workspace_id, secret_id).token
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
