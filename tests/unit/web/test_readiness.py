"""What `/readyz` costs, however many ask: it takes no key."""

import asyncio
import threading
from typing import Any

from tests.support.patience import PATIENCE_S

from midcall.web.readiness import FRESH_S, Readiness


class Part:
    """A part that answers when it may; counts how often it is asked, and by how many at once."""

    def __init__(self) -> None:
        self.asked = self.at_once = self.most_at_once = 0
        self.may = threading.Event()

    def __call__(self) -> dict[str, Any]:
        """Answer."""
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.may.wait(PATIENCE_S)
        self.at_once -= 1
        return {"answers": self.asked}


def test_all_who_ask_meanwhile_get_one_look() -> None:
    """Also those who ask while it is slow; whoever hangs up ends it for nobody else."""
    part = Part()
    readiness = Readiness({"part": part})

    async def many() -> None:
        asking = [asyncio.create_task(readiness.look()) for _ in range(500)]
        await asyncio.sleep(0)
        asking[0].cancel()
        part.may.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert [each["part"]["answers"] for each in found[1:] if isinstance(each, dict)] == [1] * 499

    asyncio.run(many())
    assert (part.asked, part.most_at_once) == (1, 1)


def test_a_look_is_taken_anew_after_a_moment() -> None:
    """What was ready then may not be now."""
    part = Part()
    part.may.set()
    readiness = Readiness({"part": part})

    async def twice() -> None:
        assert (await readiness.look())["part"]["ok"] is True
        await asyncio.sleep(FRESH_S)
        await readiness.look()

    asyncio.run(twice())
    assert part.asked == 2


def test_what_a_part_raises_is_told_by_its_name_alone() -> None:
    """The text may hold hosts, and nobody needed a key to read it."""

    def broken() -> dict[str, Any]:
        raise ConnectionError("redis://user:secret@10.0.0.7 refused")

    found = asyncio.run(Readiness({"redis": broken}).look())["redis"]
    assert (found["ok"], found["error"]) == (False, "ConnectionError")
    assert "secret" not in str(found)


def test_a_part_that_never_answers_is_told_as_silent_and_asked_once() -> None:
    """Whoever asked waited as long as it, and so did everybody after."""
    part = Part()
    readiness = Readiness({"first": lambda: {"here": 1}, "part": part, "after": dict}, look_s=0.2)

    async def often() -> None:
        for found in [await readiness.look(), *await asyncio.gather(*(readiness.look() for _ in range(20)))]:
            assert found["first"]["here"] == 1
            assert [found[name].get("error") for name in ("part", "after")] == ["TimeoutError"] * 2
        part.may.set()

    asyncio.run(often())
    assert part.asked == 1
