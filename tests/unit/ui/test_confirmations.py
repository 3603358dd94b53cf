"""Acts that wait for their person, and the pages that may do them."""

import ast
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.support.literals import UI

from midcall.service.access.access import VerifiedKey
from midcall.ui.confirmations import LEAST_S, MAX_CONFIRMATIONS, Confirmation, Confirmations
from midcall.ui.sign_ins import SignIn

CONFIRMATION = Confirmation("Approve a version", "Approve", {"Function": "lookup"})
#: Use cases that say who may do what, what runs, and which secrets there are.
GRAVE = {
    "reviews": {"approve", "reject"},
    "publishing": {"publish"},
    "access": {"create", "rotate", "revoke"},
    "credentials": {"put", "delete"},
    "credential_checks": {"test"},
    "signing": {"rotate"},
    "workspaces": {"change"},
}


@dataclass
class Clock:
    """Seconds that a test lets pass."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def somebody() -> SignIn:
    """Make a session."""
    return SignIn("id", VerifiedKey("key_1", "hash"), began=0.0, seen=0.0)


def waiting(test: Callable[[Confirmations, Clock], Awaitable[None]]) -> None:
    """Run a test in a loop, as pages do."""
    clock = Clock()
    asyncio.run(test(Confirmations(clock), clock))  # type: ignore[arg-type]


def test_the_word_of_its_page_confirms_an_act_once() -> None:
    """After it was shown, and once somebody could have read it."""

    async def test(confirmations: Confirmations, clock: Clock) -> None:
        me = somebody()
        pending = confirmations.ask(me, CONFIRMATION)
        assert confirmations.confirm(pending.id, pending.word) is None
        assert confirmations.show(pending.id, me) is pending
        assert confirmations.confirm(pending.id, pending.word) is pending
        assert not pending.decided.done()
        clock.now += 2 * LEAST_S
        assert confirmations.confirm(pending.id, "") is confirmations.confirm(pending.id, pending.id) is None
        assert confirmations.confirm(pending.id, pending.word) is pending
        assert pending.decided.result()
        assert confirmations.confirm(pending.id, pending.word) is None

    waiting(test)


def test_its_page_is_for_the_session_that_asked() -> None:
    """Another one's, or nobody's, sees none."""

    async def test(confirmations: Confirmations, _: Clock) -> None:
        pending = confirmations.ask(somebody(), CONFIRMATION)
        assert confirmations.show(pending.id, somebody()) is confirmations.show(pending.id, None) is None

    waiting(test)


def test_what_nobody_waits_for_is_not_done() -> None:
    """Cancelled, too late, or pushed out by others."""

    async def test(confirmations: Confirmations, clock: Clock) -> None:
        me = somebody()
        first = confirmations.ask(me, CONFIRMATION)
        confirmations.show(first.id, me)
        clock.now += 2 * LEAST_S
        confirmations.drop(first)
        assert confirmations.confirm(first.id, first.word) is None
        assert first.decided.result() is False
        some = [confirmations.ask(me, CONFIRMATION) for _ in range(MAX_CONFIRMATIONS + 1)]
        assert some[0].decided.result() is False
        assert not some[1].decided.done()

    waiting(test)


def test_every_grave_act_of_a_page_is_confirmed_on_a_page_of_its_own() -> None:
    """A module asks as often as it names such use cases; they are counted, so that the names stay true."""
    found = 0
    for path in sorted(UI.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        grave = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in GRAVE.get(getattr(node.value, "attr", getattr(node.value, "id", "")), ())
        ]
        asks = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "confirmed_on_page"]
        # Approve and reject are asked for in one place.
        assert len(asks) >= sum(node.attr != "reject" for node in grave), f"{path.name} does what a script could do"
        found += len(grave)
    assert found == 12
