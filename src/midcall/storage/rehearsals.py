"""What is mocked in a run, and what its actions were answered."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from midcall.domain.mock import Recording, Rehearsal
from midcall.storage.schema import recordings, rehearsals

_PLANNED = select(rehearsals.c.document).where(rehearsals.c.invocation_id == bindparam("p_id"))
_KEPT = select(recordings.c.document).where(recordings.c.invocation_id == bindparam("p_id"))
_FORGET = delete(recordings).where(recordings.c.invocation_id == bindparam("p_id"))


@dataclass(frozen=True, slots=True)
class RehearsalStore:
    """Mocks of runs, and the answers that their actions had; both end with their invocation."""

    connection: Connection

    def plan(self, invocation_id: str, rehearsal: Rehearsal) -> None:
        """Store how a new invocation is to be rehearsed."""
        self.connection.execute(insert(rehearsals), {"invocation_id": invocation_id, "document": rehearsal.document()})

    def planned(self, invocation_id: str) -> Rehearsal | None:
        """Read how an invocation is rehearsed; None: it is none."""
        document = self.connection.execute(_PLANNED, {"p_id": invocation_id}).scalar_one_or_none()
        return None if document is None else Rehearsal.of(document)

    def keep(self, invocation_id: str, recording: Recording | None) -> None:
        """Store the recording of an invocation's last run, in place of what an earlier one left."""
        self.connection.execute(_FORGET, {"p_id": invocation_id})
        if recording is not None:
            row = {"invocation_id": invocation_id, "document": recording.document()}
            self.connection.execute(insert(recordings), row)

    def kept(self, invocation_id: str) -> Recording | None:
        """Read an invocation's recording."""
        document = self.connection.execute(_KEPT, {"p_id": invocation_id}).scalar_one_or_none()
        return None if document is None else Recording.of(document)
