"""Who is signed in to the UI: sessions in this process's memory, and how often a client may try to make one.

A session holds the proof of a key, no secret: whether the key is still good is asked at each use case.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from midcall.service.access import Proof

#: A session without a sign of its person for this long is over, and any session this long after its start.
IDLE_S = 3_600.0
MAX_AGE_S = 12 * 3_600.0
#: The session that was idle longest makes room for one too many.
MAX_SESSIONS = 1_000

#: Tries a client has at once, and gets back in a second.
TRIES = 5.0
TRIES_PER_S = 1.0
#: Clients whose tries are remembered: those that tried last.
MAX_CLIENTS = 10_000

_ID_BYTES = 32


@dataclass(slots=True)
class SignIn:
    """One browser that showed a key."""

    id: str
    proof: Proof
    began: float
    seen: float


@dataclass(slots=True)
class SignIns:
    """The sessions of one process. `clock` gives seconds that never go back."""

    clock: Callable[[], float]
    _sessions: OrderedDict[str, SignIn] = field(default_factory=OrderedDict)

    def begin(self, proof: Proof) -> SignIn:
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


@dataclass(slots=True)
class Tries:
    """How often each client may still try to sign in now: a bucket of TRIES that fills with TRIES_PER_S."""

    clock: Callable[[], float]
    #: Tries left, and when that was counted.
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, client: str) -> bool:
        """Take one of a client's tries; False if it has none."""
        now = self.clock()
        left, at = self._left.pop(client, (TRIES, now))
        left = min(TRIES, left + (now - at) * TRIES_PER_S)
        self._left[client] = (max(left - 1, 0.0) if left >= 1 else left, now)
        while len(self._left) > MAX_CLIENTS:
            self._left.popitem(last=False)
        return left >= 1
