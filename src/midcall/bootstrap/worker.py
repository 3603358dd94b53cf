"""Wiring of the worker processes."""

import os
import socket
import time
from collections.abc import Callable

from midcall.bootstrap.settings import Settings, approval_key, secret_keys
from midcall.bootstrap.store import open_queue, open_storage, wire_settle
from midcall.domain.times import now_ms
from midcall.queue.names import LIVE, QUEUES
from midcall.queue.worker import Workers
from midcall.review import policy_version
from midcall.sandbox.client import PoolClient
from midcall.service.execute import Executor
from midcall.service.progress import Progress
from midcall.service.task import Tasks


def wire_workers(settings: Settings, *, live_only: bool, count: int) -> Workers:
    """Wire a group of worker processes; each wires itself after its fork."""
    open_storage(settings).close()  # fail here, once, rather than in every child
    approval_key(settings)
    secret_keys(settings)
    queues = (LIVE,) if live_only else QUEUES
    return Workers(settings.redis, queues, count=count, wiring=lambda: wire_executor(settings))


def wire_executor(settings: Settings) -> Callable[[str], None]:
    """Wire what carries out an invocation in one worker process."""
    storage, queue = open_storage(settings), open_queue(settings)
    progress = Progress(storage=storage, queue=queue, clock=now_ms)
    executor = Executor(
        storage=storage,
        sandbox=PoolClient(settings.pool_socket, on_progress=progress.report),
        tasks=Tasks(storage=storage, approval_key=approval_key(settings), policy=policy_version(), clock=now_ms),
        settle=wire_settle(settings, storage, queue),
        clock=now_ms,
        sleep=time.sleep,
        owner=f"{socket.gethostname()}:{os.getpid()}",
    )
    return executor.execute
