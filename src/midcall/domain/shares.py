"""How what is scarce is shared among workspaces: places in the queue, workers, threads.

A workspace may take another place while it holds fewer than are free. So one that wants everything gets half of the
places, two such a third each, and whoever comes with nothing always finds one free; no figure has to be set for it, and
nobody is shut out for good. Network switches share their buffers so ("dynamic thresholds", Choudhury and Hahne, 1998).
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a workspace has waiting: the oldest of it, how much it holds already, and how much counts as little."""

    workspace_id: str
    oldest: str
    held: int
    weight: int = 1


def may_take(*, held: int, free: int, weight: int = 1) -> bool:
    """Tell whether who holds so many places may take one of those that are free; who holds none may take the last."""
    return free > 0 if held == 0 else free > 1 and held < weight * free


def next_in_turn(waiting: Iterable[Waiting], *, free: int) -> Waiting | None:
    """Choose who is next: who may take a place and holds least for its weight; of these, who has waited longest."""
    allowed = [each for each in waiting if may_take(held=each.held, free=free, weight=each.weight)]
    return min(allowed, key=lambda each: (each.held / each.weight, each.oldest), default=None)
