"""Delete what has outlived its retention, a little at a time. Safe to run in every process at once."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from midcall.domain.workspace import Workspace
from midcall.service.sessions.sweep import DAY_MS
from midcall.storage.database import Storage

#: Rows of each kind that one round takes from a workspace, in a transaction of their own: it holds SQLite's one writer.
MOST_AT_ONCE = 200
#: Sessions whose events one round takes.
_SESSIONS = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RetentionSweep:
    """Deletes calls that were refused, runs without a session, events of sessions that are over, lines of the trail.

    Sessions that have outlived theirs are `SessionSweep`'s.
    """

    storage: Storage
    clock: Callable[[], int]

    def sweep(self) -> int:
        """Take one round through all workspaces; returns how many rows were deleted."""
        with self.storage.read() as tx:
            workspaces = tx.workspaces.all()
        deleted = sum(self._of(workspace) for workspace in workspaces)
        if deleted:
            log.info("outlived_deleted", rows=deleted)
        return deleted

    def _of(self, workspace: Workspace) -> int:
        settings = workspace.settings
        runs = (self._kept_since(settings.retention_days), self._kept_since(settings.refused_retention_days))
        return (
            self._invocations(workspace.id, *runs)
            + self._events(workspace.id, self._kept_since(settings.event_retention_days))
            + self._lines(workspace.id, self._kept_since(settings.audit_retention_days))
        )

    def _kept_since(self, days: int | None) -> int | None:
        return None if days is None else self.clock() - days * DAY_MS

    def _invocations(self, workspace_id: str, before: int | None, refused_before: int | None) -> int:
        with self.storage.read() as tx:
            found = tx.invocations.outlived(
                workspace_id, before=before, refused_before=refused_before, limit=MOST_AT_ONCE
            )
        if found:
            with self.storage.write() as tx:
                tx.invocations.delete_all(found)
        return len(found)

    def _events(self, workspace_id: str, before: int | None) -> int:
        if before is None:
            return 0
        with self.storage.read() as tx:
            found = tx.events.outlived(workspace_id, before=before, limit=_SESSIONS)
        deleted = 0
        for session_key in found:
            if deleted >= MOST_AT_ONCE:
                break
            with self.storage.write() as tx:
                deleted += tx.events.delete_some(session_key, limit=MOST_AT_ONCE)
        return deleted

    def _lines(self, workspace_id: str, before: int | None) -> int:
        if before is None:
            return 0
        with self.storage.read() as tx:
            found = tx.audit.outlived(workspace_id, before=before, limit=MOST_AT_ONCE)
        if found:
            with self.storage.write() as tx:
                tx.audit.delete_all(found)
        return len(found)
