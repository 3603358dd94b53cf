"""Shares of what is scarce: whoever comes finds a place, however many want all of them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.shares import Slots, WaitingWorkspace, may_take, next_in_turn


def filled(places: int, wanting: dict[str, int]) -> Counter[str]:
    """Give places away until nobody may take another; `wanting` has the weight of each who wants all of them."""
    held: Counter[str] = Counter()
    while True:
        waiting = [WaitingWorkspace(name, name, held[name], weight) for name, weight in wanting.items()]
        chosen = next_in_turn(waiting, free=places - held.total())
        if chosen is None:
            return held
        held[chosen.workspace_id] += 1


@pytest.mark.parametrize(
    ("places", "greedy", "each"), [(8, 1, 4), (8, 2, 3), (9, 2, 3), (8, 3, 2), (2, 1, 1), (1, 1, 1), (640, 1, 320)]
)
def test_who_wants_everything_gets_the_same_part_as_is_left_free(places: int, greedy: int, each: int) -> None:
    """One half, two a third each, three a quarter; and at least one."""
    held = filled(places, {f"g{number}": 1 for number in range(greedy)})
    assert set(held.values()) == {each}


@given(places=st.integers(2, 200), weights=st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_whoever_comes_finds_a_place_while_there_are_more_places_than_greedy_ones(
    places: int, weights: list[int]
) -> None:
    """Nobody is shut out, whatever the others weigh."""
    wanting = {f"g{number}": weight for number, weight in enumerate(weights)}
    held = filled(places, wanting)
    free = places - held.total()
    if len(wanting) < places:
        assert free >= 1
        assert may_take(held=0, free=free)
        assert all(held[name] for name in wanting)


def test_who_holds_least_for_its_weight_is_next_then_who_has_waited_longest() -> None:
    """The order of arrival decides between equals alone."""
    waiting = [
        WaitingWorkspace("a", "inv_1", 2),
        WaitingWorkspace("b", "inv_4", 1),
        WaitingWorkspace("c", "inv_3", 2, weight=2),
    ]
    chosen = next_in_turn(waiting, free=10)
    assert chosen is not None
    assert chosen.workspace_id == "c"
    assert next_in_turn(waiting[:1], free=2) is None
    assert next_in_turn([], free=2) is None


OWNERS = ("a", "b", "c", "d")


@given(
    st.integers(1, 6),
    st.lists(st.one_of(st.sampled_from(OWNERS), st.integers(0, 5)), max_size=60),
)
def test_places_are_given_by_the_rule_and_none_is_lost(size: int, steps: list[str | int]) -> None:
    """An owner comes for a place, or somebody gives one back: as a plain list of who waits would have it."""
    places: Slots[int] = Slots(size)
    held: list[str] = []
    waiting: list[tuple[str, int]] = []

    def serve() -> None:
        while (following := places.next()) is not None:
            owner = following[0]
            mine = [each for each in waiting if each[0] == owner]
            assert following == mine[0]
            least = min(held.count(other) for other, _ in waiting)
            assert held.count(owner) == least
            assert may_take(held=least, free=size - len(held))
            waiting.remove(following)
            held.append(owner)

    for number, step in enumerate(steps):
        if isinstance(step, str):
            allowed = may_take(held=held.count(step), free=size - len(held))
            behind = any(owner == step for owner, _ in waiting)
            assert places.take(step) is (allowed and not behind)
            if allowed and not behind:
                held.append(step)
            else:
                places.wait(step, number)
                waiting.append((step, number))
        elif held:
            places.give_back(held.pop(step % len(held)))
        serve()
        assert not any(may_take(held=held.count(owner), free=size - len(held)) for owner, _ in waiting)
    while held:
        places.give_back(held.pop())
        serve()
    assert waiting == []


def test_of_many_who_hold_as_few_each_has_its_turn() -> None:
    """Whoever was served stands behind the others."""
    places: Slots[str] = Slots(1)
    assert places.take("first")
    for number in range(3):
        for owner in ("greedy", "greedy", "b", "c"):
            places.wait(owner, f"{owner} {number}")
    order = []
    holder = "first"
    while True:
        places.give_back(holder)
        following = places.next()
        if following is None:
            break
        holder = following[0]
        order.append(holder)
    assert order == ["greedy", "b", "c"] * 3 + ["greedy"] * 3


def test_to_serve_one_of_many_owners_looks_at_a_few_lines() -> None:
    """They need no key to wait: each could name another."""
    growing = 2_000
    places: Slots[int] = Slots(4)
    for number in range(4):
        assert places.take(f"busy {number}")
    for number in range(growing):
        places.wait(f"owner {number}", number)
    holders = [f"busy {number}" for number in range(4)]
    looked = 0
    for _ in range(growing):
        places.give_back(holders.pop(0))
        following = places.next()
        assert following is not None
        holders.append(following[0])
        looked = max(looked, len(places._by_held))
    assert looked <= 2  # lines, one for each number of places that an owner who waits holds
