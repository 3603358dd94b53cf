"""Worker processes: RQ's `SimpleWorker` under RQ's own worker pool, less what midcall does without.

No forking per job (4 ms instead of 9), no scheduler (it died in a 6 s Redis outage), no remote commands (whoever
writes to Redis could shut workers down), and nothing written down of each job: the database has it. See decision 0006.
"""

import contextlib
import ctypes
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, worker_registration
from rq.job import Job
from rq.timeouts import JobTimeoutException
from rq.worker import DequeueStrategy
from rq.worker.base import WorkerStatus
from rq.worker_pool import WorkerPool

from midcall.queue.connection import working
from midcall.queue.id_queue import IdQueue
from midcall.service.loops import ThreadLoop

_PR_SET_PDEATHSIG = 1

#: RQ waits 15 s less than this for an id, then asks again; its socket is trusted 10 s longer. By RQ's default
#: of 420 s a worker whose connection is half gone would listen to it for seven minutes.
WORKER_TTL_S = 30
#: Seconds between two signs of life; without one, a worker counts as gone after WORKER_TTL_S and a minute.
BEAT_EVERY_S = 30.0
#: Seconds after which what carries out an invocation is interrupted: a net below our own deadline, 600 s at most.
TIMEOUT_S = 660

log = structlog.get_logger()

#: A worker that was woken goes on with what waits for so long before it listens again. With the 600 s that the last run
#: may take, it is less than what its job may.
GO_ON_S = 30.0

#: Makes, inside the worker process, what executes an invocation id and tells whether to ask it again.
Wiring = Callable[[], Callable[[str], bool]]


class Worker(SimpleWorker):
    """Carries out one invocation at a time in its own process; `execute` does it, and tells whether to ask it again."""

    queue_class = IdQueue
    #: Back-off between attempts to reach Redis, seconds: a caller waits for the first call after an outage.
    max_connection_wait_time = 1.0

    def __init__(self, queues: Sequence[str], *, name: str, connection: Redis, execute: Callable[[str], bool]) -> None:
        super().__init__(list(queues), name=name, connection=connection, worker_ttl=WORKER_TTL_S)
        self._execute = execute
        self._ended = threading.Event()
        #: Shows that this process lives, however long what it carries out takes.
        self._heart = ThreadLoop("heartbeat", self._beat, stopping=self._ended)

    def register_birth(self) -> None:
        """Say that this worker is there, from now on; and that those are not who were killed and could not say so."""
        super().register_birth()  # type: ignore[no-untyped-call]
        for queue in self.queues:
            worker_registration.clean_worker_registry(queue)
        self._heart.start()

    def execute_job(self, job: Job, queue: Queue) -> None:  # noqa: ARG002 (RQ's signature)
        """Carry out the invocation whose id was taken, and what waits after it; not once it was told to stop."""
        self.set_state(WorkerStatus.BUSY)
        until = time.monotonic() + GO_ON_S
        try:
            with self.death_penalty_class(TIMEOUT_S, JobTimeoutException, job_id=job.id):
                while self._execute(job.id) and not self._stop_requested and time.monotonic() < until:
                    pass
        except Exception:  # the edge of this process: the lease runs out and the sweep closes the row
            log.exception("invocation_not_carried_out", invocation=job.id)
        finally:
            self.set_state(WorkerStatus.IDLE)

    def set_state(self, state: str, pipeline: Any = None) -> None:  # noqa: ARG002 (RQ's signature)
        """Know whether a signal comes in the middle of something; nobody else asks."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Do nothing: a thread beats."""

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 (RQ's signature)
        """Take no commands from Redis, this one neither."""

    def subscribe(self) -> None:
        """Take no commands from Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    def run_maintenance_tasks(self) -> None:
        """There are no registries of jobs to maintain."""

    def set_shutdown_requested_date(self) -> None:
        """Do nothing: it is called where a signal comes, in the middle of a run, and Redis may be away."""

    def register_death(self) -> None:
        """Say good-bye, if Redis is still there to hear it."""
        self._ended.set()
        with contextlib.suppress(RedisError):
            super().register_death()  # type: ignore[no-untyped-call]

    def _beat(self) -> bool:
        """Show that this process lives, after a while; False at its end."""
        if self._ended.wait(BEAT_EVERY_S):
            return False
        with contextlib.suppress(RedisError):  # the loop that takes ids waits for it, and says so
            super().heartbeat()
            # A Redis that came back empty knows of nobody.
            worker_registration.register(self)
        return True


class Workers(WorkerPool):
    """Keeps a number of worker processes alive; each is wired after its fork and dies with its parent."""

    def __init__(self, redis_url: str, queues: Sequence[str], *, count: int, wiring: Wiring) -> None:
        super().__init__(
            queues,
            connection=working(redis_url),
            num_workers=count,
            worker_class=Worker,
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
        worker = Worker(queues, name=name, connection=working(redis_url), execute=execute)
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
