"""Sessions of the UI, and tries to make one, by the clock."""

from dataclasses import dataclass

from midcall.service.access.access import VerifiedKey
from midcall.ui.sign_ins import IDLE_S, MAX_AGE_S, MAX_SESSIONS, SignIns

PROOF = VerifiedKey("key_1", "hash")


@dataclass
class Clock:
    """Seconds that a test lets pass."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_a_session_lives_while_it_is_used() -> None:
    """Each sign of life counts from anew, up to the oldest age that any session has."""
    clock = Clock()
    sign_ins = SignIns(clock)
    session = sign_ins.begin(PROOF)
    for _ in range(int(MAX_AGE_S // (IDLE_S - 1))):
        clock.now += IDLE_S - 1
        assert sign_ins.find(session.id) is session
        sign_ins.touch(session)
    clock.now += IDLE_S - 1
    assert sign_ins.find(session.id) is None


def test_an_idle_session_is_over_for_good() -> None:
    """A look at it is no sign of life, and one that is over does not come back."""
    clock = Clock()
    sign_ins = SignIns(clock)
    session = sign_ins.begin(PROOF)
    clock.now += IDLE_S
    assert sign_ins.find(session.id) is session
    clock.now += 1
    assert sign_ins.find(session.id) is None
    clock.now -= IDLE_S
    assert sign_ins.find(session.id) is None


def test_ids_are_new_and_unknown_ones_are_nobodys() -> None:
    """A session is found by the id it was given alone."""
    sign_ins = SignIns(Clock())
    first, second = sign_ins.begin(PROOF), sign_ins.begin(PROOF)
    assert first.id != second.id
    assert [sign_ins.find(given) for given in (None, "", first.id[:-1])] == [None] * 3
    sign_ins.end(first)
    sign_ins.end(first)
    assert sign_ins.find(second.id) is second


def test_the_session_that_was_idle_longest_makes_room() -> None:
    """Memory is bounded, whoever signs in how often."""
    sign_ins = SignIns(Clock())
    sessions = [sign_ins.begin(PROOF) for _ in range(MAX_SESSIONS)]
    sign_ins.touch(sessions[0])
    sign_ins.begin(PROOF)
    assert sign_ins.find(sessions[0].id) is sessions[0]
    assert sign_ins.find(sessions[1].id) is None
