"""The audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from midcall.storage.schema import audit


@dataclass(frozen=True, slots=True)
class SqlAudit:
    """Who did what to what, when."""

    connection: Connection

    def add(
        self, *, workspace_id: str, at: int, principal: str, act: str, subject: str, detail: Mapping[str, Any]
    ) -> None:
        """Write one line."""
        self.connection.execute(
            insert(audit).values(
                workspace_id=workspace_id, at=at, principal=principal, act=act, subject=subject, detail=dict(detail)
            )
        )
