"""A queue holds ids: what is none is passed over, and nothing else of Redis is read."""

from typing import Any, cast

import pytest
from redis import Redis
from rq.timeouts import BaseDeathPenalty

from midcall.domain.ids import new_id
from midcall.queue.id_queue import IdQueue

ID = new_id("inv")


class Lists:
    """Redis with lists alone: any other command fails."""

    def __init__(self, **lists: list[bytes]) -> None:
        self.lists = {f"rq:queue:{name}": entries for name, entries in lists.items()}

    def rpush(self, key: str, value: str) -> None:
        """Append."""
        self.lists.setdefault(key, []).append(value.encode())

    def lpop(self, key: str) -> bytes | None:
        """Take the first."""
        return self.lists[key].pop(0) if self.lists.get(key) else None


def taken(redis: Lists, *names: str) -> tuple[Any, Any] | None:
    """Take from the first of some queues that has an id."""
    connection = cast(Redis, redis)
    queues = [IdQueue(name, connection=connection) for name in names]
    return IdQueue.dequeue_any(queues, None, connection, death_penalty_class=BaseDeathPenalty)


def test_an_id_that_was_added_is_taken_with_its_queue() -> None:
    """First come, first taken; the queue says what it is for."""
    redis = Lists()
    IdQueue("b", connection=cast(Redis, redis)).add(ID)
    found = taken(redis, "a", "b")
    assert found is not None
    assert (found[0].id, found[1].name) == (ID, "b")
    assert taken(redis, "a", "b") is None


@pytest.mark.parametrize(
    "entry",
    [b"", ID.upper().encode(), ID.encode() + b"\n", b"../" + ID.encode(), b"\xff\xfe", b"x" * 10_000_000, b"inv_"],
    ids=["nothing", "upper_case", "a_line_end", "a_path", "no_text", "ten_megabytes", "a_prefix"],
)
def test_an_entry_that_is_no_id_is_passed_over(entry: bytes) -> None:
    """The id behind it is taken."""
    found = taken(Lists(a=[entry, ID.encode()]), "a")
    assert found is not None
    assert found[0].id == ID
