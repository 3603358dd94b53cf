"""The audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select

from midcall.storage.listings import AuditFilter, AuditLine, PageRequest
from midcall.storage.schema import audit, functions


@dataclass(frozen=True, slots=True)
class AuditStore:
    """Who did what to what, when. Lines are added; none is ever changed, and none taken away before its time."""

    connection: Connection

    def add(
        self,
        *,
        workspace_id: str,
        at: int,
        principal: str,
        key_id: str | None,
        act: str,
        subject: str,
        detail: Mapping[str, Any],
        function_id: str | None = None,
    ) -> None:
        """Write one line, in the transaction that does what it tells of; `act` is `<noun>.<verb>`."""
        self.connection.execute(
            insert(audit).values(
                workspace_id=workspace_id,
                at=at,
                principal=principal,
                key_id=key_id,
                act=act,
                subject=subject,
                function_id=function_id,
                detail=dict(detail),
            )
        )

    def outlived(self, workspace_id: str, *, before: int, limit: int) -> Sequence[int]:
        """Return the oldest lines of a workspace, as far as they were written before a moment."""
        oldest = select(audit.c.id, audit.c.at).where(audit.c.workspace_id == workspace_id).order_by(audit.c.id)
        some = oldest.limit(limit).subquery()
        return list(self.connection.execute(select(some.c.id).where(some.c.at < before)).scalars())

    def delete_all(self, lines: Sequence[int]) -> None:
        """Delete lines by their ids."""
        self.connection.execute(delete(audit).where(audit.c.id.in_(lines)))

    def page(self, workspace_id: str, where: AuditFilter, page: PageRequest) -> Sequence[AuditLine]:
        """List a workspace's lines, newest first; the cursor is a line's id."""
        query = (
            select(audit, functions.c.name).join(functions, isouter=True).where(audit.c.workspace_id == workspace_id)
        )
        if where.function is not None:
            query = query.where(functions.c.workspace_id == workspace_id, functions.c.name == where.function)
        if where.kind is not None:
            exact, noun = audit.c.act == where.kind, audit.c.act.startswith(f"{where.kind}.", autoescape=True)
            query = query.where(exact if "." in where.kind else noun)
        if where.nouns is not None:
            query = query.where(or_(*(audit.c.act.startswith(f"{noun}.", autoescape=True) for noun in where.nouns)))
        if page.cursor is not None:
            query = query.where(audit.c.id < int(page.cursor))
        rows = self.connection.execute(query.order_by(audit.c.id.desc()).limit(page.limit))
        return [
            AuditLine(row.id, row.at, row.principal, row.key_id, row.act, row.subject, row.name, row.detail)
            for row in rows
        ]
