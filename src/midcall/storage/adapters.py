"""Adapters, with their secrets, encrypted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.adapter import Adapter, Vendor
from midcall.domain.errors import Conflict
from midcall.storage.listings import PageRequest
from midcall.storage.schema import adapters


@dataclass(frozen=True, slots=True)
class SealedAdapter:
    """An adapter, and the token that its secrets are encrypted in."""

    adapter: Adapter
    token: str


@dataclass(frozen=True, slots=True)
class AdapterStore:
    """Adapters, with their secrets, encrypted."""

    connection: Connection

    def add(self, adapter: Adapter, token: str) -> None:
        """Store a new one; raises Conflict if any workspace has the id."""
        try:
            self.connection.execute(insert(adapters).values(_row(adapter, token)))
        except IntegrityError as error:
            raise Conflict("an adapter of that id exists already") from error

    def find(self, adapter_id: str, *, lock: bool = False) -> SealedAdapter | None:
        """Read one, of whatever workspace: a vendor's call names none. `lock` holds the row until the end."""
        query = select(adapters).where(adapters.c.id == adapter_id)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else SealedAdapter(_adapter_of(row), row.token)

    def page(self, workspace_id: str, page: PageRequest, *, among: Sequence[str] | None = None) -> Sequence[Adapter]:
        """List a workspace's adapters by id; `among` names the agents whose adapters may be shown."""
        query = select(adapters).where(adapters.c.workspace_id == workspace_id)
        if among is not None:
            query = query.where(adapters.c.agent.in_(among))
        if page.cursor is not None:
            query = query.where(adapters.c.id > page.cursor)
        return [_adapter_of(row) for row in self.connection.execute(query.order_by(adapters.c.id).limit(page.limit))]

    def replace(self, adapter: Adapter, token: str) -> None:
        """Write one that was read with `lock`."""
        self.connection.execute(update(adapters).where(adapters.c.id == adapter.id).values(_row(adapter, token)))

    def delete(self, adapter_id: str) -> None:
        """Delete one adapter; its sessions stay."""
        self.connection.execute(delete(adapters).where(adapters.c.id == adapter_id))


def _row(adapter: Adapter, token: str) -> dict[str, Any]:
    return asdict(adapter) | {"vendor": adapter.vendor.value, "token": token}


def _adapter_of(row: Row[Any]) -> Adapter:
    columns = {name: getattr(row, name) for name in Adapter.__slots__}
    return Adapter(**columns | {"vendor": Vendor(row.vendor)})
