"""OAuth2 tokens that all processes share."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from midcall.storage.schema import tokens

_MAX_REFUSAL_CHARS = 500
_NO_LEASE: dict[str, Any] = {"lease_owner": "", "lease_until": 0}


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An OAuth2 token as all processes see it; times are milliseconds of the epoch.

    Whoever holds the lease fetches; others wait until it has lapsed. A refusal spares the endpoint those who queue.
    """

    #: Encrypted; None: there is none yet.
    token: str | None = field(default=None, repr=False)
    good_until: int = 0
    lease_until: int = 0
    refused_until: int = 0
    refusal: str = ""
    #: Whether asking again may go well a moment later.
    refusal_passing: bool = False


@dataclass(frozen=True, slots=True)
class TokenStore:
    """OAuth2 tokens, encrypted, each under the digest of what was asked for."""

    connection: Connection

    def find(self, token_id: str) -> TokenRow | None:
        """Read one encrypted token, or return None."""
        columns = (
            tokens.c.token,
            tokens.c.good_until,
            tokens.c.lease_until,
            tokens.c.refused_until,
            tokens.c.refusal,
            tokens.c.refusal_passing,
        )
        row = self.connection.execute(select(*columns).where(tokens.c.id == token_id)).one_or_none()
        return None if row is None else TokenRow(*row)

    def lease(self, token_id: str, *, owner: str, now: int, until: int) -> bool:
        """Take the right to fetch; False where somebody has it, or where there is a good token or a fresh refusal."""
        free = (tokens.c.good_until <= now, tokens.c.lease_until <= now, tokens.c.refused_until <= now)
        taken = {"lease_owner": owner, "lease_until": until}
        if self.connection.execute(update(tokens).where(tokens.c.id == token_id, *free).values(taken)).rowcount:
            return True
        if self.connection.execute(select(tokens.c.id).where(tokens.c.id == token_id)).one_or_none() is not None:
            return False
        never = dict.fromkeys(("good_until", "fetched_at", "dropped_at", "refused_until"), 0)
        empty = {**never, "refusal": "", "refusal_passing": False}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(tokens).values({"id": token_id, **empty, **taken}))
        except IntegrityError:
            return False
        return True

    def keep(self, token_id: str, *, owner: str, token: str, good_until: int, at: int) -> bool:
        """Store a token and end the lease; False (and nothing changed) where the lease is another's by now."""
        fetched = {"token": token, "good_until": good_until, "fetched_at": at, "refused_until": 0, "refusal": ""}
        return self._end(token_id, owner, fetched)

    def refuse(self, token_id: str, *, owner: str, refusal: str, passing: bool, until: int) -> bool:
        """Note that none was given, which counts until a moment, and end the lease; False where it is another's."""
        noted = {"refused_until": until, "refusal": refusal[:_MAX_REFUSAL_CHARS], "refusal_passing": passing}
        return self._end(token_id, owner, noted)

    def drop(self, token_id: str, *, token: str, at: int, unless_since: int) -> bool:
        """Take a token away; False where another one is there by now, or one was dropped after a moment."""
        here = (tokens.c.id == token_id, tokens.c.token == token, tokens.c.dropped_at <= unless_since)
        gone = {"token": None, "good_until": 0, "dropped_at": at}
        return self.connection.execute(update(tokens).where(*here).values(gone)).rowcount == 1

    def sweep(self, *, before: int, limit: int) -> int:
        """Delete rows that have been good for nothing since a moment; returns how many."""
        past = (tokens.c.good_until < before, tokens.c.lease_until < before, tokens.c.refused_until < before)
        # Of two who sweep at once, each takes the rows that the other has not: neither waits.
        found = select(tokens.c.id).where(*past).order_by(tokens.c.id).limit(limit).with_for_update(skip_locked=True)
        ids = self.connection.execute(found).scalars().all()
        return self.connection.execute(delete(tokens).where(tokens.c.id.in_(ids), *past)).rowcount if ids else 0

    def _end(self, token_id: str, owner: str, values: dict[str, Any]) -> bool:
        held = (tokens.c.id == token_id, tokens.c.lease_owner == owner)
        return self.connection.execute(update(tokens).where(*held).values(values | _NO_LEASE)).rowcount == 1
