"""Note what happens in a session: an event for its stream, and a callback for its platform."""

from collections.abc import Mapping
from typing import Any

from midcall.domain.events import EventName
from midcall.domain.session import Session
from midcall.domain.times import iso
from midcall.storage.database import Transaction

#: What platforms are told; variables and progress are on the event stream.
TOLD = {EventName.SESSION: "session.changed", EventName.COMPLETED: "function.completed"}


def note(tx: Transaction, session: Session, name: EventName, at: int, data: Mapping[str, Any]) -> None:
    """Write an event, and a callback for it where the workspace wants one."""
    tx.events.add(session.id, name, at, data)
    if name in TOLD and tx.workspaces.get(session.workspace_id).settings.callback_url:
        body = {
            "type": TOLD[name],
            "timestamp": iso(at),
            "data": {"sessionId": session.session_id, **data},
        }
        tx.callbacks.add(session.id, body, due_at=at)
