"""Single secrets, and what all tables with encrypted rows have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, insert, select, update

from midcall.domain.errors import NotFound
from midcall.storage.schema import adapters, credential_values, secrets, tokens

#: Every table that has a column `token`, so that a change of keys leaves none out.
SEALED: tuple[Table, ...] = (secrets, credential_values, adapters, tokens)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """An encrypted row: its id, and the token that a `FernetCipher` made."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A single secret, encrypted, and the origins that it may be sent to."""

    token: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Single secrets, encrypted; a row never changes but for the key it is encrypted under."""

    connection: Connection

    def add(self, secret_id: str, workspace_id: str, secret: SealedSecret, at: int) -> None:
        """Store a new one."""
        row = {"token": secret.token, "origins": list(secret.origins), "created_at": at}
        self.connection.execute(insert(secrets).values(id=secret_id, workspace_id=workspace_id, **row))

    def get(self, workspace_id: str, secret_id: str) -> SealedSecret:
        """Return a workspace's secret; raises NotFound."""
        here = (secrets.c.id == secret_id, secrets.c.workspace_id == workspace_id)
        row = self.connection.execute(select(secrets.c.token, secrets.c.origins).where(*here)).one_or_none()
        if row is None:
            raise NotFound("there is no such secret in this workspace")
        return SealedSecret(row.token, tuple(row.origins))


@dataclass(frozen=True, slots=True)
class SealedStore:
    """A table with encrypted rows, as whoever changes keys sees it: of all workspaces, and without their meaning."""

    connection: Connection
    table: Table

    def after(self, row_id: str, *, limit: int) -> Sequence[SealedRow]:
        """Return the rows whose id comes after one, by id."""
        columns = self.table.c
        # A row of `tokens` may be there before its token.
        here = (columns.id > row_id, columns.token.is_not(None))
        query = select(columns.id, columns.token).where(*here).order_by(columns.id).limit(limit)
        return [SealedRow(row.id, row.token) for row in self.connection.execute(query)]

    def swap(self, row: SealedRow, *, token: str) -> bool:
        """Write another token; False (and nothing changed) if the row has not the token any more that was read."""
        columns = self.table.c
        here = (columns.id == row.id, columns.token == row.token)
        return self.connection.execute(update(self.table).where(*here).values(token=token)).rowcount == 1
