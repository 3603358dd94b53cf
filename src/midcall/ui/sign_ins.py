"""Who is signed in to the UI: sessions in this process's memory.

A session holds the proof of a key, no secret: whether the key is still good is asked at each use case.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from midcall.service.access.access import VerifiedKey

#: A session without a sign of its person for this long is over, and any session this long after its start.
IDLE_S = 3_600.0
MAX_AGE_S = 12 * 3_600.0
#: The session that was idle longest makes room for one too many.
MAX_SESSIONS = 1_000

_ID_BYTES = 32


@dataclass(slots=True)
class SignIn:
    """One browser that showed a key."""

    id: str
    proof: VerifiedKey
    began: float
    seen: float


@dataclass(slots=True)
class SignIns:
    """The sessions of one process. `clock` gives seconds that never go back."""

    clock: Callable[[], float]
    _sessions: OrderedDict[str, SignIn] = field(default_factory=OrderedDict)

    def begin(self, proof: VerifiedKey) -> SignIn:
        """Make a session under a new random id."""
        now = self.clock()
        session = SignIn(secrets.token_urlsafe(_ID_BYTES), proof, began=now, seen=now)
        self._sessions[session.id] = session
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def find(self, session_id: str | None) -> SignIn | None:
        """Look one up that is not over."""
        session = self._sessions.get(session_id or "")
        if session is None:
            return None
        now = self.clock()
        if now - session.seen > IDLE_S or now - session.began > MAX_AGE_S:
            self.end(session)
            return None
        return session

    def touch(self, session: SignIn) -> None:
        """Note that its person did something."""
        session.seen = self.clock()
        if session.id in self._sessions:
            self._sessions.move_to_end(session.id)

    def end(self, session: SignIn) -> None:
        """Forget a session; ending it again changes nothing."""
        self._sessions.pop(session.id, None)
