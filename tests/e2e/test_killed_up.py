"""SIGKILL of `midcall up` itself; beside the other kills, as most of its time is a wait for leases to end."""

from tests.e2e.stack import QUICK, assert_whole_again, ids_under_way, stack
from tests.support.patience import CLIENT_S, wait_for


def test_a_killed_up_takes_everything_down_and_its_next_life_closes_what_was_open() -> None:
    """Its children end without it; started again on the same directory it finishes the books of the first life."""
    with stack("killed") as first:
        first.held("once")
        first.held("twice", retries=1)
        first.function("quick", QUICK)
        calls = [first.in_background(name) for name in ("once", "twice")]
        ids = ids_under_way(first)
        first.kill()
        for call in calls:
            call.exception(CLIENT_S)  # an honest answer or a broken connection, but an end
        assert wait_for(lambda: first.survivors() == []), first.survivors()
        assert wait_for(lambda: first.containers() == set())
        first.start()
        rows = assert_whole_again(first, ids)
        assert rows["once"]["attempt"] == 1
