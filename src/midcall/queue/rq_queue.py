"""`midcall.service.ports.Queue` over RQ."""

from collections.abc import Iterable

from redis import Redis
from redis.exceptions import RedisError
from rq.worker_registration import get_keys

from midcall.domain.errors import QueueUnavailable
from midcall.domain.invocation import Invocation
from midcall.queue.id_queue import IdQueue
from midcall.queue.names import QUEUE_OF, QUEUES, WAKE_FIELD, WAKES, WAKES_KEPT


class RqQueue:
    """Wakes workers through RQ, and waiting api processes through a stream."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues = {name: IdQueue(name, connection=redis) for name in QUEUES}

    def enqueue(self, invocation: Invocation) -> None:
        """Wake a worker; an id that still waits is left where it stands. Raises QueueUnavailable."""
        queue = self._queues[QUEUE_OF[invocation.purpose]]
        try:
            if invocation.enqueued_at != invocation.created_at and queue.get_job_position(invocation.id) is not None:
                return
            queue.add(invocation.id)
        except RedisError as error:
            raise QueueUnavailable from error

    def announce(self, invocation_id: str) -> None:
        """Wake whoever waits for an invocation; if Redis is away they look at the row by themselves."""
        try:
            self._redis.xadd(WAKES, {WAKE_FIELD: invocation_id}, maxlen=WAKES_KEPT, approximate=True)
        except RedisError:
            return

    def alive(self) -> bool:
        """Tell whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def waiting(self) -> int:
        """Count ids that wait for a worker; raises QueueUnavailable."""
        return sum(self.lengths().values())

    def lengths(self) -> dict[str, int]:
        """Count ids that wait for a worker, by what they are for; raises QueueUnavailable."""
        try:
            return {purpose.value: self._queues[name].count for purpose, name in QUEUE_OF.items()}
        except RedisError as error:
            raise QueueUnavailable from error

    def workers(self, queues: Iterable[str]) -> int:
        """Count the workers that are alive, on all hosts, and listen to just these queues; raises QueueUnavailable."""
        wanted = set(queues)
        try:
            listening = {name: get_keys(queue) for name, queue in self._queues.items()}
            found = set[str].intersection(*(keys for name, keys in listening.items() if name in wanted))
            found = found.difference(*(keys for name, keys in listening.items() if name not in wanted))
            # Who was killed stays on the list; what shows that it lives is gone in a minute.
            return self._redis.exists(*found) if found else 0
        except RedisError as error:
            raise QueueUnavailable from error

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()
