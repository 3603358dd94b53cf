"""Change of keys: every encrypted row comes under the first key, while everything runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from midcall.domain.errors import SecretUnreadable
from midcall.storage.database import Storage
from midcall.storage.secrets import SealedRow
from midcall.vault.cipher import FernetCipher

#: Rows written in one transaction: some milliseconds, in which SQLite lets nobody else write.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Rotation:
    """The counts of one table's rows by what a change of keys did to them."""

    table: str
    #: Encrypted anew.
    renewed: int = 0
    #: Under the first key already.
    current: int = 0
    #: Written or deleted by somebody else between our look and our write.
    changed: int = 0
    #: Opened by none of the keys, and left as they are.
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class SecretRotation:
    """Use case of whoever changes keys; any number may run at once."""

    storage: Storage
    cipher: FernetCipher = field(repr=False)

    def rotate(self) -> Sequence[Rotation]:
        """Bring every row of every table under the first key; returns counts, a table each."""
        with self.storage.read() as tx:
            tables = list(tx.sealed)
        return [self._table(table) for table in tables]

    def _table(self, table: str) -> Rotation:
        found, last = Rotation(table), ""
        while True:
            with self.storage.read() as tx:
                rows = tx.sealed[table].after(last, limit=BATCH)
            if not rows:
                return found
            found, last = self._batch(found, rows), rows[-1].id

    def _batch(self, before: Rotation, rows: Sequence[SealedRow]) -> Rotation:
        fresh: list[tuple[SealedRow, str]] = []
        current = unreadable = 0
        for row in rows:
            try:
                token = self.cipher.renew(row.token)
            except SecretUnreadable:
                unreadable += 1
                continue
            if token == row.token:
                current += 1
            else:
                fresh.append((row, token))
        renewed = self._write(before.table, fresh)
        return Rotation(
            before.table,
            renewed=before.renewed + renewed,
            current=before.current + current,
            changed=before.changed + len(fresh) - renewed,
            unreadable=before.unreadable + unreadable,
        )

    def _write(self, table: str, fresh: Sequence[tuple[SealedRow, str]]) -> int:
        if not fresh:
            return 0
        with self.storage.write(durable=True) as tx:
            return sum(tx.sealed[table].swap(row, token=token) for row, token in fresh)
