"""End what was forgotten, start what is due, delete what is no longer kept. Safe to run in every process at once."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from midcall.domain.workspace import ITSELF
from midcall.service.sessions.sessions import Sessions
from midcall.storage.database import Storage, Transaction
from midcall.storage.sessions import SessionMark

#: A pre-session phase that nobody waits for any more is closed this long after its deadline.
PRE_OVERDUE_MS = 2_000
DAY_MS = 24 * 3600 * 1000
_BATCH = 100
#: Sessions deleted for their age in one sweep: a delete holds SQLite's one writer.
_DELETED_AT_ONCE = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SessionSweep:
    """Finds sessions that nobody will move on."""

    storage: Storage
    sessions: Sessions
    clock: Callable[[], int]

    def sweep(self) -> int:
        """Sweep once; returns how many sessions were moved on."""
        now = self.clock()
        with self.storage.read() as tx:
            late = tx.sessions.pre_overdue(deadline_before=now - PRE_OVERDUE_MS, limit=_BATCH)
            due = tx.sessions.post_due(now=now, limit=_BATCH)
            idle = tx.sessions.forgotten(now=now, limit=_BATCH)
            old = _outlived(tx, now)
        for session in late:
            self.sessions.close_pre(session.id)
        moved = len(late)
        moved += sum(self.sessions.begin_post_due(session) for session in due)
        moved += sum(self.sessions.end_forgotten(session, "nothing was heard of it any more") for session in idle)
        deleted = sum(self._delete(session) for session in old)
        if moved or deleted:
            log.info("sessions_swept", moved=moved, deleted=deleted)
        return moved + deleted

    def _delete(self, session: SessionMark) -> bool:
        with self.storage.write() as tx:
            # Under its lock: an outcome that is being recorded now holds it, and then writes what would be in the way.
            found = tx.sessions.by_key(session.id, lock=True)
            if found is not None:
                tx.sessions.delete(found.id)
                tx.audit.add(
                    workspace_id=found.workspace_id,
                    at=self.clock(),
                    principal=ITSELF,
                    key_id=None,
                    act="session.expire",
                    subject=found.id,
                    detail={},
                )
            return found is not None


def _outlived(tx: Transaction, now: int) -> list[SessionMark]:
    """Find sessions that ended longer ago than their workspace keeps them."""
    found: list[SessionMark] = []
    for workspace in tx.workspaces.all():
        days = workspace.settings.retention_days
        if days is not None and len(found) < _DELETED_AT_ONCE:
            kept_since = now - days * DAY_MS
            found += tx.sessions.ended_before(workspace.id, kept_since, limit=_DELETED_AT_ONCE - len(found))
    return found
