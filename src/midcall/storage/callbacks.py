"""Callbacks: what the platform is still to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from midcall.domain.ids import new_id
from midcall.storage.schema import callbacks, sessions

# Built once, as in midcall.storage.invocations: it is asked every second.
_DUE = (
    select(callbacks, sessions.c.workspace_id)
    .join(sessions, sessions.c.id == callbacks.c.session)
    .where(callbacks.c.due_at <= bindparam("p_now"))
    # As their index has them: in the order of their ids SQLite would look at those that are not due, too.
    .order_by(callbacks.c.due_at, callbacks.c.id)
    .limit(bindparam("p_limit"))
)


@dataclass(frozen=True, slots=True)
class Callback:
    """A message that the platform of a workspace is still to get; `attempt` counts those made.

    `id` is the row's number, which comes back once the row is gone; `message_id` is the receiver's.
    """

    id: int
    message_id: str
    workspace_id: str
    session: str
    body: Mapping[str, Any]
    attempt: int
    due_at: int


@dataclass(frozen=True, slots=True)
class CallbackStore:
    """Callbacks that are still to be delivered."""

    connection: Connection

    def add(self, session_key: str, body: Mapping[str, Any], *, due_at: int) -> None:
        """Store one that is to be delivered."""
        row = {"message_id": new_id("cb"), "session": session_key, "body": dict(body), "attempt": 0, "due_at": due_at}
        self.connection.execute(insert(callbacks).values(row))

    def due(self, *, now: int, limit: int) -> Sequence[Callback]:
        """Return those that are due, the longest due first."""
        return [
            Callback(row.id, row.message_id, row.workspace_id, row.session, row.body, row.attempt, row.due_at)
            for row in self.connection.execute(_DUE, {"p_now": now, "p_limit": limit})
        ]

    def take(self, callback: Callback, *, until: int) -> bool:
        """Take one for an attempt; nobody else does before `until`. False if somebody was faster."""
        mine = (callbacks.c.id == callback.id, callbacks.c.attempt == callback.attempt)
        taken = update(callbacks).where(*mine).values(attempt=callback.attempt + 1, due_at=until)
        return self.connection.execute(taken).rowcount == 1

    def postpone(self, callback_id: int, *, due_at: int) -> None:
        """Put one off until its next attempt."""
        self.connection.execute(update(callbacks).where(callbacks.c.id == callback_id).values(due_at=due_at))

    def done(self, callback_id: int) -> None:
        """Forget one that was delivered or given up."""
        self.connection.execute(delete(callbacks).where(callbacks.c.id == callback_id))
