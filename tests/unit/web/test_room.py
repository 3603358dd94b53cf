"""What a process holds of requests: bounded in all, and for each owner."""

import pytest

from midcall.domain.errors import BodiesFull, MidcallError, TooManyStreams, WorkspaceBodiesFull
from midcall.web.room import NOBODY, Hold, Room
from midcall.web.streams import Streams


def test_an_owner_has_a_share_and_all_have_the_room() -> None:
    """Who goes beyond the share is told so; who finds the room full is told another thing."""
    room = Room(most=100, share=60)
    room.take("a", 60)
    with pytest.raises(WorkspaceBodiesFull):
        room.take("a", 1)
    with pytest.raises(BodiesFull):
        room.take("b", 41)
    room.take("b", 40)
    assert room.held == 100
    room.give_back("a", 60)
    room.take("c", 60)


@pytest.mark.parametrize("owner", ["a", NOBODY])
def test_what_is_released_is_given_back_once(owner: str) -> None:
    """Whoever it was counted for, and however often it is released."""
    room = Room(most=100, share=60)
    hold = Hold(room, owner)
    hold.grow(30)
    with pytest.raises(MidcallError):
        hold.grow(31)
    hold.belong_to("b")
    assert room.held == 30
    hold.release()
    hold.release()
    assert room.held == 0


def test_what_is_nobodys_becomes_an_owners_if_there_is_room() -> None:
    """Else it stays nobody's until it is released."""
    room = Room(most=100, share=60)
    room.take("a", 50)
    hold = Hold(room)
    hold.grow(20)
    with pytest.raises(WorkspaceBodiesFull):
        hold.belong_to("a")
    assert room.held == 70
    hold.release()
    room.take("a", 10)


def test_streams_are_bounded_by_key_and_in_all() -> None:
    """Each gives its place back, however it ends."""
    streams = Streams(per_key=1, in_all=2)
    with streams.one("a"), streams.one("b"):
        for key in ("a", "c"):
            with pytest.raises(TooManyStreams), streams.one(key):
                pass
    with pytest.raises(ZeroDivisionError), streams.one("a"):
        raise ZeroDivisionError
    with streams.one("a"):
        assert (streams.held("a"), streams.held("b")) == (1, 0)
