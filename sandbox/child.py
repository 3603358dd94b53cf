"""The child: waits for one run, runs the author's code, sends one result to PID 1.

It is forked while the container is idle, before PID 1 has read a request, so no nonce of the pool was ever in its
memory. Everything in this process belongs to the author's code once that code has started.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
from collections.abc import Awaitable
from types import FunctionType, GeneratorType, ModuleType

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:  # in the image all of these lie side by side
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

    from sandbox import faults, preparation, values
    from sandbox.actions import ActionError, Actions, Calls, Refuse

    from midcall.sandbox import frames
else:
    import frames

    import faults
    import preparation
    import values
    from actions import ActionError, Actions, Calls, Refuse

#: The author's module is called this; `__name__ == "__main__"` is false, as for any imported function.
MODULE = "function"
#: Left of the container's memory for PID 1, the page tables and /tmp, so that Python meets its own limit first and
#: raises MemoryError at a line, before the kernel kills.
MEMORY_RESERVE = 20 * frames.MIB
#: On the code of a generator that `types.coroutine` made awaitable (inspect.CO_ITERABLE_COROUTINE).
_ITERABLE_COROUTINE = 0x100
#: There is no step of the preparation left.
_PREPARED = object()


class HandlerMissing(Exception):
    """The code has no function `handler`."""


def limit_memory(memory_bytes: int) -> int:
    """Limit what this process may have as its own, and return how much that is."""
    # RLIMIT_DATA, not RLIMIT_AS: the latter counts address space that threads merely reserve (64 MB per malloc arena).
    limit = max(memory_bytes - MEMORY_RESERVE, 16 * frames.MIB)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    threading.stack_size(frames.MIB)  # the default of 8 MB per thread would be charged to the limit in full
    return limit


def serve(
    channel: socket.socket,
    log_fd: int,
    *,
    limit: Callable[[int], object] = limit_memory,
    rehearsed: bool = False,
) -> NoReturn:
    """Wait for a run on `channel`, carry it out, and end the process. Never returns.

    `limit` is called with the bytes of memory that the run may have; `rehearsed`: whoever forked this process has
    made a run already.
    """
    try:
        _settle(log_fd)
        if not rehearsed:
            rehearse()
        _serve(channel, limit)
    finally:
        # No clean-up of the interpreter: finalisers and threads are the author's, and PID 1 kills them.
        os._exit(0)


def _settle(log_fd: int) -> None:
    """Point the standard descriptors away from PID 1's."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    os.close(null)
    os.close(log_fd)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding="utf-8")  # noqa: SIM115
    sys.stdout = _writer(1)
    sys.stderr = _writer(2)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def rehearse() -> None:
    """Run a small handler once, so that the pages a run writes to are our own before there is one to wait for it."""
    source = "import json\n\n\ndef handler(session):\n    return json.loads('{}')\n"
    terms = {"deadline_ms": 1, "result_bytes": frames.KIB}
    perform({"source": source, "session": {"deadlineMs": 0}}, terms, Actions(lambda _kind, _payload: None))
    del sys.modules[MODULE]


def _writer(fd: int) -> io.TextIOWrapper:
    """Return a text stream that hands on every finished line: a run that is killed keeps its logs up to there."""
    raw = io.FileIO(fd, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _serve(channel: socket.socket, limit: Callable[[int], object]) -> None:
    token, terms, request = _receive(channel, limit)
    lock = threading.Lock()

    def send(kind: frames.FrameKind, payload: bytes) -> None:
        with lock:
            channel.sendall(frames.encode(kind, payload, token))

    own_pid = os.getpid()
    streams = (sys.stdout, sys.stderr)
    if request is None:
        error = MemoryError("the session takes more memory than a run has")
        kind, payload = _fault({"kind": "error", **faults.describe(error, "")})
    else:
        kind, payload = perform(request, terms, Actions(send, Calls(send, channel, token), request["actions"]))
    if os.getpid() != own_pid:
        return  # a process that the code forked came back out of the handler: only the first one answers
    for stream in streams:
        with contextlib.suppress(BaseException):  # the author may have closed or replaced what is under it
            stream.flush()
    send(kind, payload)


def _receive(
    channel: socket.socket, limit: Callable[[int], object]
) -> tuple[bytes, dict[str, Any], dict[str, Any] | None]:
    """Return the token of this hop, the terms and the request; prepare while it does not come, if told to.

    `limit` is called before the request is read; None is one for which there is not memory enough.
    """
    token = channel.recv(frames.NONCE_BYTES, socket.MSG_WAITALL)
    wanted = (frames.FrameKind.OPEN, frames.FrameKind.INPUT)
    kinds = (frames.FrameKind.PREPARE, *wanted)
    reader = frames.FrameReader(token, {kind: frames.CAPS[kind] for kind in kinds})
    got: dict[frames.FrameKind, dict[str, Any] | None] = {}
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    preparing: Iterator[None] = iter(())
    while len(got) < len(wanted):
        if not poll.poll(0) and next(preparing, _PREPARED) is not _PREPARED:
            continue  # one step at a time: whoever comes meanwhile waits for the rest of one
        data = channel.recv(256 * frames.KIB)
        if not data:
            os._exit(0)  # PID 1 gave the run up
        for frame in reader.feed(data):
            if frame.kind is frames.FrameKind.PREPARE:
                preparing = preparation.steps(rehearse)
            elif frame.kind is frames.FrameKind.OPEN:
                terms = json.loads(frame.payload)
                limit(terms["memory_bytes"])
                got[frame.kind] = terms
            else:
                got[frame.kind] = _parsed(frame.payload)
    return token, terms, got[frames.FrameKind.INPUT]


def _parsed(payload: bytes) -> dict[str, Any] | None:
    """Return the request; None where it takes more memory than the run has."""
    try:
        return json.loads(payload)  # type: ignore[no-any-return]
    except MemoryError:
        return None


def perform(request: dict[str, Any], terms: dict[str, Any], actions: Actions) -> tuple[frames.FrameKind, bytes]:
    """Run the code of `request` once and return the one frame to send: RESULT or FAULT."""
    source = request["source"]
    try:
        value = _call(source, _session(request["session"], terms), actions)
        return frames.FrameKind.RESULT, values.encode(value, terms["result_bytes"])
    except values.TooLong:
        message = f"the result is longer than {terms['result_bytes'] // frames.KIB} KB"
        fault = {"kind": "output_limit", "type": "ResultTooLong", "message": message, "line": None, "traceback": None}
    except values.NotJson as error:
        fault = {"kind": "error", "type": "ResultNotJson", "message": str(error), "line": None, "traceback": None}
    except BaseException as error:
        fault = {"kind": "error", **faults.describe(error, source)}
        if isinstance(error, ActionError):
            fault |= faults.of_action(error.status, error.body)
        elif isinstance(error, Refuse):
            fault |= {"kind": "refused"}
    return _fault(fault)


def _fault(fault: dict[str, Any]) -> tuple[frames.FrameKind, bytes]:
    return frames.FrameKind.FAULT, json.dumps(fault, ensure_ascii=False).encode("utf-8", "replace")


def _session(session: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    """Return the session with what is really left of the deadline: part of it went by waiting for a sandbox."""
    if "deadlineMs" in session:
        session["deadlineMs"] = terms["deadline_ms"]
    return session


def _call(source: str, session: dict[str, Any], actions: Actions) -> Any:
    """Run the module, then its handler; await what is awaitable."""
    module = ModuleType(MODULE)
    module.__file__ = faults.FILENAME
    module.__loader__ = faults.Lines(source)  # type: ignore[assignment] # of a loader it has what is asked of it
    module.__dict__["exit"] = module.__dict__["quit"] = _end  # with `site` left out there are none
    module.__dict__["ActionError"] = ActionError  # `except ActionError` needs no import, as with Python's own
    sys.modules[MODULE] = module  # dataclasses and pickle look a class's module up there
    exec(compile(source, faults.FILENAME, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - this is the job
    handler = module.__dict__.get("handler")
    if handler is None:
        raise HandlerMissing("the code defines no `handler`; write: def handler(session):")
    value = handler(session, actions) if _takes_actions(handler) else handler(session)
    return _result_of(value) if _is_awaitable(value) else value


def _end(code: object = None) -> NoReturn:
    """End the run as `exit()` ends a program."""
    raise SystemExit(code)


def _is_awaitable(value: Any) -> bool:
    """Tell what `inspect.isawaitable` tells, which is not worth the import of it."""
    if isinstance(value, GeneratorType):
        return bool(value.gi_code.co_flags & _ITERABLE_COROUTINE)
    return isinstance(value, Awaitable)


def _result_of(value: Awaitable[Any]) -> Any:
    import asyncio  # noqa: PLC0415 - half of a boot's time, and most handlers await nothing

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Not asyncio.run: it would wait for tasks that the author left behind.
    return loop.run_until_complete(_await(value))


async def _await(value: Any) -> Any:
    return await value


def _takes_actions(handler: Any) -> bool:
    """Tell whether the second positional parameter of `handler` is `actions`.

    By name, not by count: review lets `handler(session, x=1)` pass, and that `x` is the author's own.
    """
    if type(handler) is FunctionType and not hasattr(handler, "__wrapped__"):
        code = handler.__code__
        return code.co_varnames[1 : code.co_argcount][:1] == ("actions",)
    import inspect  # noqa: PLC0415 - as asyncio: what is no plain function is rare

    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return False
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in by_position]
    return names[1:2] == ["actions"]
