"""Shares of what is scarce: whoever comes finds a place, however many want all of them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.shares import Waiting, may_take, next_in_turn


def filled(places: int, wanting: dict[str, int]) -> Counter[str]:
    """Give places away until nobody may take another; `wanting` has the weight of each who wants all of them."""
    held: Counter[str] = Counter()
    while True:
        waiting = [Waiting(name, name, held[name], weight) for name, weight in wanting.items()]
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
    waiting = [Waiting("a", "inv_1", 2), Waiting("b", "inv_4", 1), Waiting("c", "inv_3", 2, weight=2)]
    chosen = next_in_turn(waiting, free=10)
    assert chosen is not None
    assert chosen.workspace_id == "c"
    assert next_in_turn(waiting[:1], free=2) is None
    assert next_in_turn([], free=2) is None
