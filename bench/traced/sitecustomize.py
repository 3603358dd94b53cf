"""Puts a watch into every process that `python -m bench.stages` starts; Python runs it as it starts, by PYTHONPATH.

Each call of a watched function is one line in the file that BENCH_TRACE names: its name, when it began and ended, in
nanoseconds of the clock that all processes share, and the processor time of its thread (coroutines have none of their
own). Nothing of the product knows of it.
"""

import functools
import importlib.abc
import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: Module -> what is watched in it.
WATCHED: Mapping[str, Sequence[str]] = {
    "midcall.web.intake": ["Intake.__call__", "Intake._enter"],
    "midcall.service.runs.wait": ["OutcomeWaiter.run", "OutcomeWaiter._look"],
    "midcall.service.runs.submit": ["Invocations.admit"],
    "midcall.queue.rq_queue": ["RqQueue.enqueue", "RqQueue.announce"],
    "midcall.queue.worker": ["Worker.execute_job"],
    "midcall.service.runs.execute": ["Executor._claim", "Executor._judged", "Executor._recorded"],
    "midcall.service.claimed_run": ["ClaimedRuns.load"],
    "midcall.sandbox.client": ["PoolClient.run"],
    "midcall.sandbox.pool": ["Pool.run", "Pool._take"],
    "midcall.sandbox.conversation": ["SandboxConversation.run"],
}
TRACE = os.environ.get("BENCH_TRACE", "")


class Finder(importlib.abc.MetaPathFinder):
    """Finds watched modules as everybody else does, and puts the watch in once they are loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a watched module; None for all others."""
        if name not in WATCHED:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                for qualified in WATCHED[name]:
                    watch(module, qualified)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign] # of this one module
        return spec


def watch(module: ModuleType, qualified: str) -> None:
    """Put a watch on one function of a class; a name that is none any more ends the benchmark."""
    class_name, name = qualified.split(".")
    owner = getattr(module, class_name)
    setattr(owner, name, watched(qualified, getattr(owner, name)))


def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function or a coroutine function."""

    @functools.wraps(function)
    async def watch_coroutine(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic_ns()
        try:
            return await function(*args, **kwargs)
        finally:
            write(name, began, 0)

    @functools.wraps(function)
    def watch_function(*args: Any, **kwargs: Any) -> Any:
        began, computed = time.monotonic_ns(), time.thread_time_ns()
        try:
            return function(*args, **kwargs)
        finally:
            write(name, began, time.thread_time_ns() - computed)

    return watch_coroutine if inspect.iscoroutinefunction(function) else watch_function


def write(name: str, began: int, computed: int) -> None:
    """Add a line: opened anew each time, as processes fork, and appended whole."""
    line = f"{name} {began} {time.monotonic_ns()} {computed}\n"
    file = os.open(TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, line.encode())
    os.close(file)


if TRACE:
    sys.meta_path.insert(0, Finder())
