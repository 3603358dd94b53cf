"""What a process holds of requests: bounded in all, and for each owner."""

import pytest

from midcall.domain.errors import BodiesFull, MidcallError, TooManyStreams, WorkspaceBodiesFull
from midcall.web.byte_quota import NOBODY, ByteQuota, HeldBytes
from midcall.web.streams import Streams


def test_an_owner_has_a_share_and_all_have_the_room() -> None:
    """Who goes beyond the share is told so; who finds the room full is told another thing."""
    quota = ByteQuota(most=100, share=60)
    quota.take("a", 60)
    with pytest.raises(WorkspaceBodiesFull):
        quota.take("a", 1)
    with pytest.raises(BodiesFull):
        quota.take("b", 41)
    quota.take("b", 40)
    assert quota.held == 100
    quota.give_back("a", 60)
    quota.take("c", 60)


@pytest.mark.parametrize("owner", ["a", NOBODY])
def test_what_is_released_is_given_back_once(owner: str) -> None:
    """Whoever it was counted for, and however often it is released."""
    quota = ByteQuota(most=100, share=60)
    hold = HeldBytes(quota, owner)
    hold.grow(30)
    with pytest.raises(MidcallError):
        hold.grow(31)
    hold.belong_to("b")
    assert quota.held == 30
    hold.release()
    hold.release()
    assert quota.held == 0


def test_what_is_nobodys_becomes_an_owners_if_there_is_room() -> None:
    """Else it stays nobody's until it is released."""
    quota = ByteQuota(most=100, share=60)
    quota.take("a", 50)
    hold = HeldBytes(quota)
    hold.grow(20)
    with pytest.raises(WorkspaceBodiesFull):
        hold.belong_to("a")
    assert quota.held == 70
    hold.release()
    quota.take("a", 10)


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
