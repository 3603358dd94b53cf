"""RQ's queues as lists of invocation ids, without the hash that RQ keeps beside each id.

Whoever can write to Redis can write anything into a job's hash: another function's name, callbacks that RQ would
import and call, webhooks it would send, a timeout that comes at once, bytes that unpack to gigabytes. So there is no
hash: what a worker takes from a list is an id of the right form or is passed over, and all else stands in the row of
that id. It is also the faster way: RQ writes and reads a job's hash, execution, result and registries in some forty
commands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from rq import Queue
from rq.job import Job

_ID = re.compile(rb"inv_[0-9a-f]{32}")


@dataclass(slots=True)
class QueuedId:
    """What RQ's loop asks of a job, and the id, which is all there is."""

    id: str
    description: str = ""
    #: RQ's loop sets it on whatever it takes.
    redis_server_version: tuple[int, int, int] | None = None


class IdQueue(Queue):
    """A queue of ids."""

    def add(self, invocation_id: str) -> None:
        """Put an id at the end."""
        self.connection.rpush(self.key, invocation_id)

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Queue],
        timeout: int | None,
        connection: Redis,
        job_class: type[Job] | None = None,  # noqa: ARG003 (there are no jobs)
        serializer: Any = None,  # noqa: ARG003 (nor anything to read)
        death_penalty_class: Any = None,  # noqa: ARG003
    ) -> tuple[Job, Queue] | None:
        """Take the first id of the first queue that has one; wait `timeout` seconds for it, or not at all if None.

        Raises DequeueTimeout. One that its taker never comes to carry out is not lost: its row is still queued, and the
        sweep wakes for it again.
        """
        by_key = {queue.key: queue for queue in queues}
        while (taken := cls.lpop(list(by_key), timeout, connection=connection)) is not None:
            key, invocation_id = taken
            if _ID.fullmatch(invocation_id):
                queue = by_key[key.decode() if isinstance(key, bytes) else key]
                return cast(Job, QueuedId(invocation_id.decode())), queue
        return None
