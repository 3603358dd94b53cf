"""OAuth2 tokens that all processes share, over a real SQLite and a source that counts; processes are objects here."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.fakes import Clock
from tests.support.patience import PATIENCE_S
from tests.support.world import SECRET_KEYS, World

from midcall.domain.errors import OutboundError, TimedOut, TokenRefused, TokenUnreachable
from midcall.domain.http import AnyTokenRequest, AssertionRequest, FetchedToken, TokenRequest
from midcall.service.credentials.rotation import SecretRotation
from midcall.service.credentials.tokens import (
    DROP_EVERY_MS,
    FETCH_MS,
    KEPT_MS,
    LEASE_MARGIN_MS,
    MARGIN_MS,
    REFUSAL_MS,
    SharedTokens,
)
from midcall.storage.database import Storage
from midcall.storage.engine import open_engine
from midcall.vault.cipher import FernetCipher

WANTED = TokenRequest("https://id.example.com/token", "me", "s3cret")
HOME: dict[str, Any] = {"workspace_id": "ws_1", "timeout_ms": FETCH_MS}


@dataclass
class Source:
    """A `TokenSource` that counts, and does something first."""

    before: Callable[[], object] = lambda: None
    life_s: float = 600.0
    asked: list[AnyTokenRequest] = field(default_factory=list)
    patience: list[int] = field(default_factory=list)

    def fetch(self, wanted: AnyTokenRequest, *, timeout_ms: int) -> FetchedToken:
        """Give a token that was never given."""
        self.asked.append(wanted)
        self.patience.append(timeout_ms)
        number = len(self.asked)
        self.before()
        return FetchedToken(f"token-{number}", self.life_s)


class Refusing(Source):
    """A `TokenSource` that gives none."""

    error: Exception = TokenRefused("the token endpoint answered 401; check client id, secret and scope")

    def fetch(self, wanted: AnyTokenRequest, *, timeout_ms: int) -> FetchedToken:
        """Refuse."""
        super().fetch(wanted, timeout_ms=timeout_ms)
        raise self.error


def no_database() -> Storage:
    """Make a database that does not answer."""
    return Storage(open_engine("sqlite:////nonexistent/midcall.db"))


def process(world: World, source: Source, clock: Clock, storage: Storage | None = None) -> SharedTokens:
    """Make what one process has."""
    return SharedTokens(
        storage=storage or world.storage, cipher=world.cipher, source=source, clock=clock, sleep=clock.sleep
    )


@pytest.fixture
def clock() -> Clock:
    """Stand still."""
    return Clock()


def rows(world: World) -> list[Any]:
    """Return the table."""
    with world.storage.read() as tx:
        return list(tx.workspaces.connection.execute(text("SELECT * FROM tokens")))


def test_one_process_fetches_for_all(world: World, clock: Clock) -> None:
    """The second finds the token in the database, and asks nobody."""
    source = Source()
    one, other = process(world, source, clock), process(world, source, clock)
    assert [each.token(WANTED, **HOME) for each in (one, one, other, other)] == ["token-1"] * 4
    assert source.patience == [FETCH_MS]


def test_it_is_kept_until_shortly_before_it_expires(world: World, clock: Clock) -> None:
    """In memory and in the database alike; of a short life, half at most is margin."""
    source = Source()
    one, other = process(world, source, clock), process(world, source, clock)
    one.token(WANTED, **HOME)
    clock.advance(600_000 - MARGIN_MS - 1)
    assert [each.token(WANTED, **HOME) for each in (one, other)] == ["token-1"] * 2
    clock.advance(1)
    source.life_s = 20.0
    assert [each.token(WANTED, **HOME) for each in (other, one)] == ["token-2"] * 2
    clock.advance(9_999)
    assert [each.token(WANTED, **HOME) for each in (other, one)] == ["token-2"] * 2
    clock.advance(1)
    assert one.token(WANTED, **HOME) == "token-3"


def test_each_wish_has_its_own_token(world: World, clock: Clock) -> None:
    """Whatever it differs in, the workspace included: forgetting one leaves the others alone."""
    source = Source()
    one = process(world, source, clock)
    wishes: list[AnyTokenRequest] = [
        WANTED,
        replace(WANTED, client_secret="another"),  # noqa: S106 (a test's)
        replace(WANTED, scope="read"),
        replace(WANTED, audience="read"),
        replace(WANTED, in_body=True),
        AssertionRequest("https://id.example.com/token", "me", "s3cret"),
        AssertionRequest("https://id.example.com/token", "me", "s3cret", scopes=("read",)),
    ]
    found = {one.token(wish, **HOME) for wish in wishes}
    found.add(one.token(WANTED, workspace_id="ws_2", timeout_ms=1000))
    assert len(found) == len(wishes) + 1
    one.forget(WANTED, "token-1", workspace_id="ws_1")
    assert one.token(WANTED, workspace_id="ws_2", timeout_ms=1000) == f"token-{len(wishes) + 1}"
    assert one.token(WANTED, **HOME) == f"token-{len(wishes) + 2}"


def test_ten_who_were_refused_by_the_target_fetch_once(world: World, clock: Clock) -> None:
    """In any order, in several processes: only the token that was used is dropped."""
    source = Source()
    processes = [process(world, source, clock) for _ in range(5)]
    assert {each.token(WANTED, **HOME) for each in processes} == {"token-1"}
    for each in (*processes, *processes):
        each.forget(WANTED, "token-1", workspace_id="ws_1")
        assert each.token(WANTED, **HOME) == "token-2"
    assert len(source.asked) == 2


@pytest.mark.parametrize("away", [False, True], ids=["with database", "without"])
def test_a_target_that_takes_no_token_at_all_costs_few(world: World, clock: Clock, *, away: bool) -> None:
    """An account that lacks a right: every call is refused, and one in five seconds brings a new token."""
    source = Source()
    one = process(world, source, clock, no_database() if away else None)
    for _ in range(100):
        one.forget(WANTED, one.token(WANTED, **HOME), workspace_id="ws_1")
    assert len(source.asked) == 2
    clock.advance(DROP_EVERY_MS)
    one.forget(WANTED, one.token(WANTED, **HOME), workspace_id="ws_1")
    assert one.token(WANTED, **HOME) == "token-3"


def test_the_row_tells_nothing(world: World, clock: Clock) -> None:
    """Neither the token, nor whose it is, nor where it is from."""
    process(world, Source(), clock).token(WANTED, **HOME)
    shown = repr(rows(world))
    assert rows(world)
    for secret in ("token-1", "s3cret", "id.example.com", "ws_1"):
        assert secret not in shown


def test_a_row_from_elsewhere_is_no_token(world: World, clock: Clock) -> None:
    """A token that somebody moved to another row, or that no key opens: fetched anew, and nobody waits for it."""
    source = Source()
    process(world, source, clock).token(WANTED, **HOME)
    process(world, source, clock).token(WANTED, workspace_id="ws_2", timeout_ms=1000)
    moved = "UPDATE tokens SET token = (SELECT min(token) FROM tokens)"
    with world.storage.write() as tx:
        tx.workspaces.connection.execute(text(moved))
    fresh = process(world, source, clock)
    found = {fresh.token(WANTED, workspace_id=each, timeout_ms=1000) for each in ("ws_1", "ws_2")}
    assert len(found) == 2
    assert "token-3" in found
    assert len(source.asked) == 3


def test_a_change_of_keys_takes_tokens_along(world: World, clock: Clock) -> None:
    """A row that has no token yet is passed over; under the new first key a token has another name and is fetched."""
    source = Source()
    process(world, source, clock).token(WANTED, **HOME)
    with pytest.raises(TokenRefused):
        process(world, Refusing(), clock).token(WANTED, workspace_id="ws_2", timeout_ms=1000)
    both = FernetCipher([SECRET_KEYS[1], SECRET_KEYS[0]])
    (found,) = [each for each in SecretRotation(storage=world.storage, cipher=both).rotate() if each.table == "tokens"]
    assert (found.renewed, found.unreadable) == (1, 0)
    # Whoever still has the old order of keys reads it all the same.
    old = SharedTokens(
        storage=world.storage,
        cipher=FernetCipher(SECRET_KEYS[:2]),
        source=source,
        clock=clock,
        sleep=clock.sleep,
    )
    assert old.token(WANTED, **HOME) == "token-1"


def test_a_refusal_is_not_asked_for_again_at_once(world: World, clock: Clock) -> None:
    """Who queues behind it gets the same text, in every process; a second later the endpoint is asked again."""
    source = Refusing()
    one, other = process(world, source, clock), process(world, source, clock)
    for each in (one, one, other, other):
        with pytest.raises(TokenRefused, match="answered 401"):
            each.token(WANTED, **HOME)
    assert len(source.asked) == 1
    clock.advance(REFUSAL_MS)
    with pytest.raises(TokenRefused):
        other.token(WANTED, **HOME)
    assert len(source.asked) == 2


def test_a_refusal_that_may_pass_is_told_as_one(world: World, clock: Clock) -> None:
    """So that a call that may be tried again is."""
    source = Refusing()
    source.error = TimedOut("no complete answer within 15 s")
    with pytest.raises(TimedOut):
        process(world, source, clock).token(WANTED, **HOME)
    with pytest.raises(TokenUnreachable, match="within 15 s") as caught:
        process(world, source, clock).token(WANTED, **HOME)
    assert caught.value.passing


def test_who_had_no_time_refuses_for_nobody_else(world: World, clock: Clock) -> None:
    """A call with 100 ms left that times out says nothing about the endpoint."""
    source = Refusing()
    source.error = TimedOut("no complete answer within 0.1 s")
    hurried = process(world, source, clock)
    for _ in range(2):
        with pytest.raises(TimedOut):
            hurried.token(WANTED, workspace_id="ws_1", timeout_ms=100)
    assert process(world, Source(), clock).token(WANTED, **HOME) == "token-1"
    assert source.patience == [100, 100]


def test_what_nobody_foresaw_ends_the_lease_too(world: World, clock: Clock) -> None:
    """The next to come asks at once."""
    source = Refusing()
    source.error = RuntimeError("a fault of ours")
    with pytest.raises(RuntimeError):
        process(world, source, clock).token(WANTED, **HOME)
    began = clock.now
    assert process(world, Source(), clock).token(WANTED, **HOME) == "token-1"
    assert clock.now == began


def test_another_takes_over_from_one_that_was_killed(world: World, clock: Clock) -> None:
    """After its lease, and not before: until then whoever has the time waits, and who has not is told."""

    class Killed(BaseException):
        """What no `except Exception` sees."""

    def die() -> None:
        raise Killed

    began = clock.now
    with pytest.raises(Killed):
        process(world, Source(before=die), clock).token(WANTED, workspace_id="ws_1", timeout_ms=3_000)
    source = Source()
    with pytest.raises(TimedOut, match="waiting for the token endpoint"):
        process(world, source, clock).token(WANTED, workspace_id="ws_1", timeout_ms=2_000)
    assert source.asked == []
    assert process(world, source, clock).token(WANTED, workspace_id="ws_1", timeout_ms=10_000) == "token-1"
    assert 0 <= clock.now - began - (3_000 + LEASE_MARGIN_MS) <= 200


def test_one_that_came_back_late_overwrites_nothing(world: World, clock: Clock) -> None:
    """It uses what it got; the token of whoever took over stays."""
    fast = Source()

    def overtaken() -> None:
        clock.advance(FETCH_MS + LEASE_MARGIN_MS)
        assert process(world, fast, clock).token(WANTED, **HOME) == "token-1"

    slow = Source(before=overtaken)
    slow.asked.append(WANTED)
    assert process(world, slow, clock).token(WANTED, **HOME) == "token-2"
    assert process(world, Source(), clock).token(WANTED, **HOME) == "token-1"


def test_without_its_database_each_process_fetches_for_itself(world: World, clock: Clock) -> None:
    """No call fails for it, and neither does what is kept in memory."""
    source = Source()
    one, other = (process(world, source, clock, no_database()) for _ in range(2))
    assert [each.token(WANTED, **HOME) for each in (one, one, other, other)] == ["token-1"] * 2 + ["token-2"] * 2
    one.forget(WANTED, "token-1", workspace_id="ws_1")
    assert one.token(WANTED, **HOME) == "token-3"
    refusing = process(world, Refusing(), clock, no_database())
    for _ in range(2):
        with pytest.raises(OutboundError, match="answered 401"):
            refusing.token(WANTED, **HOME)


def test_a_database_that_goes_while_the_token_is_fetched_costs_nothing(world: World, clock: Clock) -> None:
    """The token is used; what could not be stored the others fetch."""
    source = Source()
    one = process(world, source, clock)
    source.before = lambda: setattr(one, "_storage", no_database())
    assert one.token(WANTED, **HOME) == "token-1"


def test_no_transaction_is_open_while_it_is_fetched(world: World, clock: Clock) -> None:
    """SQLite has one writer: somebody else writes meanwhile."""
    source = Source(before=lambda: rows(world) and world.published())
    assert process(world, source, clock).token(WANTED, **HOME) == "token-1"


def test_threads_of_one_process_share_one_request(world: World) -> None:
    """Fifty callers, one fetch; who cannot wait is told."""
    let_go = threading.Event()
    source = Source(before=lambda: let_go.wait(PATIENCE_S))
    tokens = SharedTokens(
        storage=world.storage, cipher=world.cipher, source=source, clock=Clock(), sleep=lambda _: None
    )
    with ThreadPoolExecutor(51) as callers:
        waiting = [callers.submit(tokens.token, WANTED, **HOME) for _ in range(50)]
        while not source.asked:
            pass
        with pytest.raises(TimedOut):
            callers.submit(tokens.token, WANTED, workspace_id="ws_1", timeout_ms=20).result()
        let_go.set()
        assert {future.result() for future in waiting} == {"token-1"}
    assert len(source.asked) == 1


def test_rows_that_nobody_needs_are_deleted(world: World, clock: Clock) -> None:
    """Whoever fetches cleans up behind the others; what is still good stays."""
    source = Source(life_s=10.0)
    one = process(world, source, clock)
    one.token(WANTED, workspace_id="ws_1", timeout_ms=1000)
    source.life_s = 86_400.0
    one.token(WANTED, workspace_id="ws_2", timeout_ms=1000)
    clock.advance(10_000 + KEPT_MS)
    assert len(rows(world)) == 2
    one.token(WANTED, workspace_id="ws_3", timeout_ms=1000)
    assert len(rows(world)) == 2
    assert one.token(WANTED, workspace_id="ws_2", timeout_ms=1000) == "token-2"
