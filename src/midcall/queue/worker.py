"""Worker processes: RQ's `SimpleWorker` under RQ's own worker pool, less what midcall does without.

No forking per job (4 ms instead of 9), no scheduler (it died in a 6 s Redis outage), no remote commands (whoever
writes to Redis could shut workers down).
"""

import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy
from rq.worker_pool import WorkerPool

from midcall.queue.connection import working
from midcall.queue.jobs import InvocationJob

_PR_SET_PDEATHSIG = 1

#: RQ waits 15 s less than this for a job, then shows that it lives; its socket is trusted 10 s longer. By RQ's default
#: of 420 s a worker whose connection is half gone would listen to it for seven minutes.
WORKER_TTL_S = 30

log = structlog.get_logger()

#: A worker that was woken goes on with what waits for so long before it listens again. With the 600 s that the last run
#: may take, it is less than what its job may.
GO_ON_S = 30.0

#: Makes, inside the worker process, what executes an invocation id and tells whether to ask it again.
Wiring = Callable[[], Callable[[str], bool]]


class Worker(SimpleWorker):
    """Runs one invocation at a time in its own process."""

    #: Back-off between attempts to reach Redis, seconds: a caller waits for the first call after an outage.
    max_connection_wait_time = 1.0

    def carry_out(self, execute: Callable[[str], bool], invocation_id: str) -> None:
        """Carry out what a job wakes for, and what waits after it; not once it was told to stop."""
        until = time.monotonic() + GO_ON_S
        while execute(invocation_id) and not self._stop_requested and time.monotonic() < until:
            pass

    def subscribe(self) -> None:
        """Take no commands from Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    def register_death(self) -> None:
        """Say good-bye, if Redis is still there to hear it."""
        with contextlib.suppress(RedisError):
            super().register_death()  # type: ignore[no-untyped-call]


class Workers(WorkerPool):
    """Keeps a number of worker processes alive; each is wired after its fork and dies with its parent."""

    def __init__(self, redis_url: str, queues: Sequence[str], *, count: int, wiring: Wiring) -> None:
        super().__init__(
            queues,
            connection=working(redis_url),
            num_workers=count,
            worker_class=Worker,
            job_class=InvocationJob,
            serializer=JSONSerializer,
        )
        self._redis_url = redis_url
        self._wiring = wiring

    def get_worker_process(self, name: str, burst: bool, *_args: Any, **_kwargs: Any) -> BaseProcess:  # noqa: FBT001
        """Make a worker process; RQ's own would start a scheduler in it."""
        return get_context("fork").Process(
            target=run_worker,
            args=(name, self._redis_url, self._queue_names, self._wiring, os.getpid()),
            kwargs={"burst": burst},
            name=f"worker {name}",
        )


def run_worker(name: str, redis_url: str, queues: Sequence[str], wiring: Wiring, parent: int, *, burst: bool) -> None:
    """Be one worker process until told to stop."""
    die_with_parent(parent)
    logging.getLogger("rq.worker").addFilter(_in_one_line)
    execute = wiring()
    try:
        worker = Worker(
            list(queues),
            name=name,
            connection=working(redis_url),
            serializer=JSONSerializer,
            job_class=InvocationJob,
            worker_ttl=WORKER_TTL_S,
        )
        InvocationJob.execute = staticmethod(partial(worker.carry_out, execute))
        # In turn: workers that serve all queues must come to the last one too, however busy the first is.
        turns = DequeueStrategy.ROUND_ROBIN
        worker.work(burst=burst, with_scheduler=False, logging_level="WARNING", dequeue_strategy=turns)
    except RedisError as error:  # it was not there yet, or is gone: the group starts another worker in a second
        log.warning("worker_ended", reason=f"{type(error).__name__}: {error}")


def _in_one_line(record: logging.LogRecord) -> bool:
    """Cut the traceback from what RQ logs of an outage: where in RQ it was noticed tells an operator nothing."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, RedisError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()} {error}", (), None
    return True


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however that comes about."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)
