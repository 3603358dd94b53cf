"""Wait for what happens in a session: its start, and its events. Asynchronous, like `midcall.service.runs.wait`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from midcall.domain.events import Event
from midcall.domain.session import Session
from midcall.service.runs.wait import LOOK_EVERY_S, InThread, Wakes, wait_a_while
from midcall.service.sessions.sessions import Sessions

#: A pre-session phase is closed this long after its deadline, by whoever waits for it.
PRE_GRACE_MS = 250
HEARTBEAT_S = 15.0
#: Events that are read at once; one may have hundreds of kilobytes.
_BATCH = 25


@dataclass(frozen=True, slots=True)
class SessionFollower:
    """The use case that waits for sessions to start, and follows their events."""

    sessions: Sessions
    wakes: Wakes
    clock: Callable[[], int]
    #: Seconds without an event after which a stream shows that it lives.
    heartbeat_s: float = HEARTBEAT_S

    async def start(
        self, start: Callable[[], tuple[Session, bool]], key: str, in_thread: InThread
    ) -> tuple[Session, bool]:
        """Start a session and wait until its pre-session phase is over; also tells whether the session is new."""
        with self.wakes.watch(key) as event:
            session, created = await in_thread(start)
            if session.id == key:
                return await self._until_started(session, event, in_thread), created
        with self.wakes.watch(session.id) as event:
            return await self._until_started(session, event, in_thread), created

    async def _until_started(self, session: Session, event: asyncio.Event, in_thread: InThread) -> Session:
        found: Session = session
        while not found.pre_done:
            left_ms = found.pre_deadline_at + PRE_GRACE_MS - self.clock()
            if left_ms <= 0:
                await in_thread(self.sessions.close_pre, found.id)
            else:
                await wait_a_while(event, min(LOOK_EVERY_S, left_ms / 1000))
            found = await in_thread(self.sessions.by_key, found.id)
        return found

    async def events(self, session_key: str, last: int, in_thread: InThread) -> AsyncIterator[Event | None]:
        """Yield a session's events after number `last` as they come, None for a heartbeat; ends when none can come."""
        quiet_since = asyncio.get_running_loop().time()
        with self.wakes.watch(session_key) as event:
            while True:
                found, over = await in_thread(self.sessions.events_after, session_key, last, _BATCH)
                for each in found:
                    last = each.id
                    yield each
                if over and len(found) < _BATCH:
                    return
                now = asyncio.get_running_loop().time()
                if found:
                    quiet_since = now
                elif now - quiet_since >= self.heartbeat_s:
                    quiet_since = now
                    yield None
                if len(found) < _BATCH:
                    await wait_a_while(event, min(LOOK_EVERY_S, self.heartbeat_s))
