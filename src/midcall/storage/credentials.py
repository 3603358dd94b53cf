"""Credentials, and their values, encrypted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.credential import Credential, CredentialType
from midcall.domain.errors import Conflict, NotFound
from midcall.domain.ids import new_id
from midcall.storage.listings import PageRequest
from midcall.storage.schema import credential_values, credentials


@dataclass(frozen=True, slots=True)
class SealedValues:
    """A credential's values for one environment (`""`: for all others), encrypted, and where they may be sent.

    `hosts_by`: who named the hosts together with the secrets; None: an admin did, a reviewer, or an older release.
    """

    environment: str
    token: str
    hosts: tuple[str, ...] = ()
    hosts_by: str | None = None


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """Credentials, and their values, encrypted."""

    connection: Connection

    def add(self, credential: Credential) -> None:
        """Store a new one, without values; raises Conflict if the name is taken."""
        row = asdict(credential) | {"type": credential.type.value}
        try:
            self.connection.execute(insert(credentials).values(row))
        except IntegrityError as error:
            raise Conflict("a credential of that name exists already") from error

    def find(self, workspace_id: str, name: str, *, lock: bool = False) -> Credential | None:
        """Read one by its name. `lock` holds the row until the transaction ends."""
        query = select(credentials).where(credentials.c.workspace_id == workspace_id, credentials.c.name == name)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else _credential_of(row)

    def get(self, workspace_id: str, name: str, *, lock: bool = False) -> Credential:
        """Read one by its name; raises NotFound."""
        credential = self.find(workspace_id, name, lock=lock)
        if credential is None:
            raise NotFound(f"there is no credential named {name!r:.80} in this workspace")
        return credential

    def page(self, workspace_id: str, page: PageRequest) -> Sequence[Credential]:
        """List a workspace's credentials by name."""
        query = select(credentials).where(credentials.c.workspace_id == workspace_id)
        if page.cursor is not None:
            query = query.where(credentials.c.name > page.cursor)
        rows = self.connection.execute(query.order_by(credentials.c.name).limit(page.limit))
        return [_credential_of(row) for row in rows]

    def replace(self, credential: Credential) -> None:
        """Write type and time of update."""
        row = {"type": credential.type.value, "updated_at": credential.updated_at}
        self.connection.execute(update(credentials).where(credentials.c.id == credential.id).values(row))

    def mark_used(self, credential_id: str, *, at: int, unless_since: int) -> None:
        """Note a use, unless one was noted after a moment."""
        last = credentials.c.last_used_at
        due = or_(last.is_(None), last <= unless_since)
        here = update(credentials).where(credentials.c.id == credential_id, due)
        self.connection.execute(here.values(last_used_at=at))

    def delete(self, credential_id: str) -> None:
        """Delete one with all its values."""
        self.connection.execute(delete(credential_values).where(credential_values.c.credential_id == credential_id))
        self.connection.execute(delete(credentials).where(credentials.c.id == credential_id))

    def values(self, credential_ids: Collection[str]) -> Mapping[str, Sequence[SealedValues]]:
        """Return the values of some credentials by their ids, each by environment."""
        columns = credential_values.c
        query = select(columns.credential_id, columns.environment, columns.token, columns.hosts, columns.hosts_by)
        query = query.where(columns.credential_id.in_(credential_ids)).order_by(columns.environment)
        found: dict[str, list[SealedValues]] = {}
        for row in self.connection.execute(query):
            found.setdefault(row.credential_id, []).append(
                SealedValues(row.environment, row.token, tuple(row.hosts), row.hosts_by)
            )
        return found

    def put_values(self, credential_id: str, values: SealedValues, *, at: int) -> None:
        """Store the values for an environment, or replace them; their credential was read under a lock."""
        columns = credential_values.c
        here = (columns.credential_id == credential_id, columns.environment == values.environment)
        row = {"token": values.token, "hosts": list(values.hosts), "hosts_by": values.hosts_by, "updated_at": at}
        if self.connection.execute(update(credential_values).where(*here).values(row)).rowcount == 0:
            new = {"id": new_id("crv"), "credential_id": credential_id, "environment": values.environment, **row}
            self.connection.execute(insert(credential_values).values(new))

    def set_hosts(self, credential_id: str, environment: str, hosts: Sequence[str]) -> None:
        """Write where the values for an environment may be sent."""
        columns = credential_values.c
        here = (columns.credential_id == credential_id, columns.environment == environment)
        self.connection.execute(update(credential_values).where(*here).values(hosts=list(hosts)))

    def drop_values(self, credential_id: str, environment: str) -> None:
        """Delete the values for an environment."""
        columns = credential_values.c
        here = (columns.credential_id == credential_id, columns.environment == environment)
        self.connection.execute(delete(credential_values).where(*here))


def _credential_of(row: Row[Any]) -> Credential:
    columns = {name: getattr(row, name) for name in Credential.__slots__}
    return Credential(**columns | {"type": CredentialType(row.type)})
