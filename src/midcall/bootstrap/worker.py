"""Wiring of the worker processes."""

from collections.abc import Callable, Sequence

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.execution import wire_executor
from midcall.bootstrap.interpreter import tune_interpreter
from midcall.bootstrap.parts import wire_parts
from midcall.bootstrap.settings import Settings, approval_key, secret_keys
from midcall.bootstrap.store import open_queue, open_storage
from midcall.queue.names import LIVE, QUEUES
from midcall.queue.worker import Workers
from midcall.review import policy_version
from midcall.service.runs.turns import CachedCount, Turns


def wire_workers(settings: Settings, *, live_only: bool, count: int) -> Workers:
    """Wire a group of worker processes; each wires itself after its fork."""
    open_storage(settings).close()  # fail here, once, rather than in every child
    approval_key(settings)
    secret_keys(settings)
    # Once for the group: a worker that is started again later must not know another policy than its siblings.
    policy = policy_version(allow_list(settings))
    queues = (LIVE,) if live_only else QUEUES
    group = "live" if live_only else "general"

    def wiring() -> Callable[[str], bool]:
        execute = wire_execute(settings, policy=policy, group=group, queues=queues, count=count)
        tune_interpreter()
        return execute

    return Workers(settings.redis, queues, count=count, wiring=wiring)


def wire_execute(
    settings: Settings, *, policy: str, group: str, queues: Sequence[str], count: int
) -> Callable[[str], bool]:
    """Wire what carries out an invocation in one worker process of a group; `policy` is the version that is current."""
    storage, queue = open_storage(settings), open_queue(settings)
    turns = Turns(group, CachedCount(lambda: queue.workers(queues), first=count))
    # One pool: the threads of a run come and go, and a connection is to be used again by whichever is next.
    return wire_executor(wire_parts(settings, storage, queue, pools=1), policy=policy, turns=turns).execute
