"""Event streams: how they are sent, and how many a key may follow at once."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import StreamingResponse

from midcall.domain.errors import TooManyStreams, Unauthenticated
from midcall.service.access.access import Caller

MEDIA_TYPE = "text/event-stream"
#: Keeps a connection from being taken for dead. With one line end: a second one ends an event, and some clients make an
#: empty message of it.
COMMENT = b": ping\n"
#: Proxies must pass each event on at once.
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

#: Streams that a key may have open at once. Each looks into the database once a second.
PER_KEY = 100
#: And all keys together, in one process.
IN_ALL = 500


class Streams:
    """The streams of one process; used by its event loop alone."""

    def __init__(self, per_key: int = PER_KEY, in_all: int = IN_ALL) -> None:
        self._per_key = per_key
        self._in_all = in_all
        self._open: Counter[str] = Counter()

    def held(self, key_id: str) -> int:
        """Count the streams that a key has open now."""
        return self._open[key_id]

    @contextmanager
    def one(self, key_id: str) -> Iterator[None]:
        """Have one more open meanwhile; raises TooManyStreams."""
        if self._open[key_id] >= self._per_key or self._open.total() >= self._in_all:
            raise TooManyStreams
        self._open[key_id] += 1
        try:
            yield
        finally:
            self._open[key_id] -= 1
            if not self._open[key_id]:
                del self._open[key_id]


def _one(request: Request) -> AbstractContextManager[None]:
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthenticated
    streams: Streams = request.app.state.streams
    return streams.one(caller.key.id)


async def following(request: Request) -> AsyncIterator[None]:
    """Take a stream's place before anything is done, and hold it until its answer is sent."""
    with _one(request):
        yield


async def if_asked_for(request: Request, accept: Annotated[str | None, Header()] = None) -> AsyncIterator[bool]:
    """Tell whether a stream is wanted, and hold its place if it is."""
    wanted = MEDIA_TYPE in (accept or "")
    with _one(request) if wanted else nullcontext():
        yield wanted


#: Of a route that streams always.
ALWAYS = Depends(following)
#: Of one that streams where `Accept` asks for it: whether it does.
AsStream = Annotated[bool, Depends(if_asked_for)]


def stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    """Send events as they come."""
    return StreamingResponse(events, media_type=MEDIA_TYPE, headers=_HEADERS)
