"""OAuth2 tokens, kept encrypted in the database: fetched once for all who wait, in whatever process they wait.

One process takes a lease on a token and fetches it, with no transaction open; the others look every now and then until
it is there. If the one that fetches is killed, its lease lapses and another takes over. The database is a help here and
no condition: where it does not answer, each process fetches for itself.
"""

import json
import secrets as chance
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from typing import TypeVar

import structlog

from midcall.domain.errors import OutboundError, SecretUnreadable, TimedOut, TokenRefused, TokenUnreachable
from midcall.domain.http import AnyTokenRequest, FetchedToken
from midcall.service.ports import TokenSource
from midcall.storage.database import Storage, Transaction
from midcall.storage.tokens import TokenRow
from midcall.vault.cipher import FernetCipher

#: A token that is about to expire is not used any more: the call takes its time too. Of short lives, half at most.
MARGIN_MS = 30_000
#: The longest that a token endpoint may take, and how much longer who asked it is waited for.
FETCH_MS, LEASE_MARGIN_MS = 15_000, 2_000
#: After a refusal nobody asks again for this long; who comes meanwhile gets the same answer.
REFUSAL_MS = 1_000
#: A token that came in place of one that was dropped is used for this long, however often its audience says no:
#: where it is the account that lacks a right, new tokens do not help, and each call would fetch one.
DROP_EVERY_MS = 5_000
#: How often who waits looks into the database: first, and at the slowest.
POLL_MS, MAX_POLL_MS = 50, 200
#: Tokens that one process has in its memory.
MAX_TOKENS = 1_000
#: Rows that nobody has fetched for since this long are deleted, some at each fetch.
KEPT_MS, SWEPT_ROWS = 3_600_000, 100
_OWNER_BYTES = 8

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    """What this process knows of one token; `lock` is held by whoever asks for all of its threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    good_until: int = 0
    dropped_at: int = 0
    refusal: OutboundError | None = None
    refused_until: int = 0


@dataclass(frozen=True, slots=True)
class _Wish:
    """One token that is wanted, and until when."""

    id: str
    wanted: AnyTokenRequest
    deadline: int

    @property
    def place(self) -> str:
        """What the encrypted token is bound to."""
        return f"tokens/{self.id}"


class _NoDatabase(Exception):
    """The database did not answer."""


class SharedTokens:
    """`midcall.service.ports.Tokens`: safe to use from many threads; make one a process, after its fork."""

    def __init__(
        self,
        *,
        storage: Storage,
        cipher: FernetCipher,
        source: TokenSource,
        clock: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self._storage = storage
        self._cipher = cipher
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def token(self, wanted: AnyTokenRequest, *, workspace_id: str, timeout_ms: int) -> str:
        """Return an access token; raises TokenRefused, TimedOut, or another OutboundError where no answer came."""
        wish = _Wish(self._id(wanted, workspace_id), wanted, self._clock() + timeout_ms)
        kept = self._known(wish.id)
        # The lock has room for the time that whoever holds it polls, or asks: who waits here asks nobody.
        if not kept.lock.acquire(timeout=timeout_ms / 1000):
            raise TimedOut(_waited_in_vain())
        try:
            return self._kept_or_found(kept, wish)
        finally:
            kept.lock.release()

    def forget(self, wanted: AnyTokenRequest, token: str, *, workspace_id: str) -> None:
        """Drop a token that its audience did not take, unless another one is there already."""
        token_id, now = self._id(wanted, workspace_id), self._clock()
        kept = self._known(token_id)
        with self._lock:
            # Of the calls that held it, the first to come takes it away; the others find it gone, or another one.
            if kept.token == token and kept.dropped_at <= now - DROP_EVERY_MS:
                kept.token, kept.dropped_at = "", now
        try:
            row = self._read(token_id)
            if row is not None and row.token is not None and self._opened(token_id, row.token) == token:
                self._drop(token_id, row.token, unless_since=now - DROP_EVERY_MS)
        except _NoDatabase:
            return

    def _known(self, token_id: str) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(token_id, _Kept())
            self._kept.move_to_end(token_id)
            if len(self._kept) > MAX_TOKENS:
                self._kept.popitem(last=False)
            return kept

    def _kept_or_found(self, kept: _Kept, wish: _Wish) -> str:
        now = self._clock()
        if kept.token and now < kept.good_until:
            return kept.token
        if kept.refusal is not None and now < kept.refused_until:
            raise _again(kept.refusal)
        try:
            kept.token, kept.good_until = self._found(wish)
        except OutboundError as error:
            if not _was_in_a_hurry(error, wish.deadline - now):
                kept.refusal, kept.refused_until = error, self._clock() + REFUSAL_MS
            raise
        return kept.token

    def _found(self, wish: _Wish) -> tuple[str, int]:
        """Return a token and until when it is good: the one in the database, or a new one."""
        try:
            return self._shared(wish)
        except _NoDatabase:
            began = self._clock()
            fetched = self._source.fetch(wish.wanted, timeout_ms=self._patience(wish))
            return fetched.token, _good_until(began, fetched)

    def _shared(self, wish: _Wish) -> tuple[str, int]:
        pause = POLL_MS
        while True:
            now = self._clock()
            row = self._read(wish.id)
            if row is not None and row.token is not None and now < row.good_until:
                token = self._opened(wish.id, row.token)
                if token is not None:
                    return token, row.good_until
                # No key opens it: it is as good as none, and would keep everybody waiting.
                self._drop(wish.id, row.token, unless_since=now)
            if row is not None and now < row.refused_until:
                raise TokenUnreachable(row.refusal) if row.refusal_passing else TokenRefused(row.refusal)
            if now >= wish.deadline:
                raise TimedOut(_waited_in_vain())
            if row is None or row.lease_until <= now:
                owner = chance.token_hex(_OWNER_BYTES)
                if self._leased(wish, owner, now):
                    return self._fetched(wish, owner)
            self._sleep(min(pause, max(1, wish.deadline - now)) / 1000)
            pause = min(pause * 2, MAX_POLL_MS)

    def _leased(self, wish: _Wish, owner: str, now: int) -> bool:
        until = now + self._patience(wish) + LEASE_MARGIN_MS
        return self._write(lambda tx: tx.tokens.lease(wish.id, owner=owner, now=now, until=until))

    def _drop(self, token_id: str, sealed: str, *, unless_since: int) -> None:
        self._write(lambda tx: tx.tokens.drop(token_id, token=sealed, at=self._clock(), unless_since=unless_since))

    def _fetched(self, wish: _Wish, owner: str) -> tuple[str, int]:
        """Fetch with the lease in hand, and end it whatever comes of that."""
        began, patience = self._clock(), self._patience(wish)
        try:
            fetched = self._source.fetch(wish.wanted, timeout_ms=patience)
        except Exception as error:
            # Somebody else's fault or ours: whoever waits must not wait until the lease lapses.
            self._refused(wish, owner, error, patience)
            raise
        good_until = _good_until(began, fetched)
        sealed = self._cipher.seal(fetched.token, bound_to=wish.place)
        self._try_write(
            lambda tx: tx.tokens.keep(wish.id, owner=owner, token=sealed, good_until=good_until, at=self._clock())
        )
        self._try_write(lambda tx: tx.tokens.sweep(before=self._clock() - KEPT_MS, limit=SWEPT_ROWS))
        return fetched.token, good_until

    def _refused(self, wish: _Wish, owner: str, error: Exception, patience: int) -> None:
        known = isinstance(error, OutboundError) and not _was_in_a_hurry(error, patience)
        text = error.message if isinstance(error, OutboundError) else ""
        passing = isinstance(error, OutboundError) and error.passing
        until = self._clock() + REFUSAL_MS if known else 0
        self._try_write(lambda tx: tx.tokens.refuse(wish.id, owner=owner, refusal=text, passing=passing, until=until))

    def _patience(self, wish: _Wish) -> int:
        """Milliseconds that the endpoint may take."""
        return max(1, min(wish.deadline - self._clock(), FETCH_MS))

    def _id(self, wanted: AnyTokenRequest, workspace_id: str) -> str:
        """Name a token by all that it depends on; the name tells nothing of it."""
        return self._cipher.digest(json.dumps([workspace_id, type(wanted).__name__, *astuple(wanted)]))

    def _opened(self, token_id: str, sealed: str) -> str | None:
        try:
            return self._cipher.open(sealed, bound_to=f"tokens/{token_id}")
        except SecretUnreadable:
            log.warning("token_unreadable", token=token_id)
            return None

    def _read(self, token_id: str) -> TokenRow | None:
        try:
            with self._storage.read() as tx:
                return tx.tokens.find(token_id)
        except Exception as error:  # whatever a driver raises: a call needs its token, not the database
            log.warning("tokens_without_database", error=type(error).__name__)
            raise _NoDatabase from error

    def _write(self, act: Callable[[Transaction], T]) -> T:
        try:
            with self._storage.write() as tx:
                return act(tx)
        except Exception as error:  # the same
            log.warning("tokens_without_database", error=type(error).__name__)
            raise _NoDatabase from error

    def _try_write(self, act: Callable[[Transaction], object]) -> None:
        """Write what others would be glad of; the call goes on without."""
        try:
            self._write(act)
        except _NoDatabase:
            return


def _good_until(began: int, fetched: FetchedToken) -> int:
    # Its life may have begun when it was asked for.
    life = round(fetched.life_s * 1000)
    return began + life - min(MARGIN_MS, life // 2)


def _was_in_a_hurry(error: OutboundError, patience: int) -> bool:
    """Tell whether it was the caller that had no time: others may have more, and have to ask themselves."""
    return isinstance(error, TimedOut) and patience < FETCH_MS


def _again(error: OutboundError) -> OutboundError:
    """Make an error anew: one that many threads raise would gather all their traces."""
    return type(error)(error.message)


def _waited_in_vain() -> str:
    return "another call is still waiting for the token endpoint, and the time of this one is up"
