"""What `handler(session, actions)` is given: calls go to the host over the channel, answers come back to who asked.

All of this is the author's own process: nothing here is a border. What may be called, and with what, is decided by the
host; what is checked here is checked so that a mistake gets its error at its line and not at the other end.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from contextlib import suppress

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:  # in the image all of these lie side by side
    import asyncio
    import socket
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from sandbox import values
    from sandbox.answer import Answer

    from midcall.sandbox import frames

    Send = Callable[[frames.FrameKind, bytes], None]
    #: Takes the answer to one call, in the thread that reads; raises nothing.
    Take = Callable[[dict[str, Any]], None]
else:
    import frames

    import values
    from answer import Answer

#: Progress messages of one run (further ones are dropped), and the length of one.
MAX_PROGRESS, MAX_PROGRESS_CHARS = 100, 500
LEVELS = ("debug", "info", "warning", "error")
READ_BYTES = 256 * frames.KIB
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class ActionNotEnabled(AttributeError):
    """An action was used that this function may not use."""


class ActionError(Exception):
    """An action failed. `status` and `body` are the target's answer, where there was one; `code` is a stable word."""

    def __init__(
        self, message: str, *, action: str = "", code: str = "failed", status: int | None = None, body: Any = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.action = action
        self.code = code
        self.status = status
        self.body = body


class Refuse(Exception):
    """Raised by code that cannot do what it was asked for: its text tells the LLM why, and it counts as no fault."""


class Actions:
    """`actions`: `log`, `progress` and `Refuse` work always, all else must be enabled for the function.

    Fields of what authors are given are named as guards are (`_calls_`): review lets nobody reach such names.
    """

    #: `raise actions.Refuse("order 4711 does not exist")`
    Refuse = refuse = Refuse

    def __init__(self, send: Send, calls: Calls | None = None, enabled: Iterable[str] = ()) -> None:
        self._send_ = send
        self._calls_ = calls
        self._enabled_ = frozenset(enabled)
        self._progress_left_ = MAX_PROGRESS

    def log(self, level: object, *items: object, **fields: object) -> Done | None:
        """Write a line to the invocation's logs: `log("warning", "slow answer", ms=900)`; the level may be left out."""
        known = isinstance(level, str) and level.lower() in LEVELS and items
        words = (f"[{str(level).lower()}]" if known else level, *items)
        print(*words, *(f"{name}={value!r}" for name, value in fields.items()))  # noqa: T201 - logs are what is printed
        return _done()

    def progress(self, message: object) -> Done | None:
        """Show `message` (500 characters at most) to whoever waits, while the code runs on; 100 times in a run."""
        if self._progress_left_ > 0:
            self._progress_left_ -= 1
            text = json.dumps(str(message)[:MAX_PROGRESS_CHARS], ensure_ascii=False)
            self._send_(frames.FrameKind.PROGRESS, text.encode("utf-8", "replace"))
        return _done()

    def __getattr__(self, name: str) -> Group:
        group = snake(name)
        operations = frozenset(each.partition(".")[2] for each in self._enabled_ if each.startswith(f"{group}."))
        if self._calls_ is None or not operations:
            groups = ", ".join(sorted({each.partition(".")[0] for each in self._enabled_})) or "no actions are"
            raise ActionNotEnabled(f"actions.{name} is not enabled for this function: {groups} enabled")
        return Group(group, operations, self._calls_)


class Done:
    """What is done already; in an async handler it may be awaited like any other action."""

    def __await__(self) -> Iterator[None]:
        return iter(())


def _done() -> Done | None:
    return Done() if _running_loop() is not None else None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of this thread; only where somebody has imported asyncio can there be one."""
    if "asyncio" not in sys.modules:
        return None
    try:
        found: asyncio.AbstractEventLoop = sys.modules["asyncio"].get_running_loop()
    except RuntimeError:
        return None
    return found


class Group:
    """`actions.<group>`: its enabled operations, in snake_case or camelCase."""

    def __init__(self, name: str, operations: frozenset[str], calls: Calls) -> None:
        self._name_ = name
        self._operations_ = operations
        self._calls_ = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = snake(name)
        if operation not in self._operations_:
            known = ", ".join(sorted(self._operations_))
            raise ActionNotEnabled(f"actions.{self._name_}.{name} is not enabled for this function; there is {known}")
        whole = f"{self._name_}.{operation}"

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._calls_.call(whole, args, kwargs)

        call.__name__ = operation
        return call


class Calls:
    """Calls under way. One thread reads the answers; it starts with the first call, most runs make none."""

    def __init__(self, send: Send, channel: socket.socket, token: bytes) -> None:
        self._send = send
        self._channel = channel
        self._token = token
        self._lock = threading.Lock()
        self._waiting: dict[int, Take] = {}
        self._made = 0
        self._bytes_left = frames.ACTION_BYTES
        self._reader: threading.Thread | None = None
        self._process = os.getpid()

    def call(self, action: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask the host, and return its answer; under a running event loop, return what awaits it.

        The request is on its way when this returns: calls made one after the other and then gathered run side by side.
        """
        if (loop := _running_loop()) is None:
            answer = _Answer()
            self._post(action, args, kwargs, answer.take)
            return _unwrapped(action, answer.wait())
        future: asyncio.Future[dict[str, Any]] = loop.create_future()

        def take(reply: dict[str, Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, future, reply)

        self._post(action, args, kwargs, take)
        return _awaited(action, future)

    def _post(self, action: str, args: tuple[Any, ...], kwargs: dict[str, Any], take: Take) -> None:
        if os.getpid() != self._process:
            # The answer would come to the first one, and the number may be taken there.
            message = f"{action}: actions are for the process that the handler was called in; use threads or asyncio"
            raise ActionError(message, action=action, code="other_process")
        with self._lock:
            self._made += 1
            number = self._made
        if number > frames.ACTION_CALLS:
            message = f"{action}: a run may call {frames.ACTION_CALLS} actions at most"
            raise ActionError(message, action=action, code="too_many_calls")
        body = {"id": number, "action": action, "args": list(args), "kwargs": kwargs}
        payload = self._encoded(action, body)
        with self._lock:
            self._waiting[number] = take
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="actions", daemon=True)
                self._reader.start()
        self._send(frames.FrameKind.ACTION, payload)

    def _encoded(self, action: str, body: dict[str, Any]) -> bytes:
        try:
            payload = values.encode(body, frames.CAPS[frames.FrameKind.ACTION], f"what {action} was called with")
        except values.TooLong:
            message = f"{action}: what it was called with is longer than {frames.CAPS[frames.FrameKind.ACTION]} bytes"
            raise ActionError(message, action=action, code="too_large") from None
        except values.NotJson as error:
            raise ActionError(str(error), action=action, code="bad_options") from None
        with self._lock:
            self._bytes_left -= len(payload)
            if self._bytes_left < 0:
                message = f"{action}: all calls of a run together may send {frames.ACTION_BYTES} bytes at most"
                raise ActionError(message, action=action, code="too_large")
        return payload

    def _read(self) -> None:
        reader = frames.FrameReader(self._token, {frames.FrameKind.REPLY: frames.CAPS[frames.FrameKind.REPLY]})
        try:
            while data := self._channel.recv(READ_BYTES):
                for frame in reader.feed(data):
                    reply = json.loads(frame.payload)
                    with self._lock:
                        take = self._waiting.pop(reply["id"])
                    take(reply)
        finally:
            for take in self._waiting.values():
                take({"error": {"code": "failed", "message": "the host does not answer any more"}})


class _Answer:
    """The answer to one call, for the thread that waits for it. A `Future` of Python's would cost the import of it."""

    def __init__(self) -> None:
        self._there = threading.Event()
        self._reply: dict[str, Any] = {}

    def take(self, reply: dict[str, Any]) -> None:
        """Take it."""
        self._reply = reply
        self._there.set()

    def wait(self) -> dict[str, Any]:
        """Wait for it."""
        self._there.wait()
        return self._reply


def _settle(future: asyncio.Future[dict[str, Any]], reply: dict[str, Any]) -> None:
    """Answer who awaits, unless that one gave up: one that no longer waits must not end the thread that reads."""
    if not future.done():
        future.set_result(reply)


async def _awaited(action: str, future: asyncio.Future[dict[str, Any]]) -> Any:
    return _unwrapped(action, await future)


def _unwrapped(action: str, reply: dict[str, Any]) -> Any:
    error = reply.get("error")
    if error is None:
        return _answer(action, reply.get("value"))
    raise ActionError(
        f"{action}: {error.get('message')}",
        action=action,
        code=error.get("code", "failed"),
        status=error.get("status"),
        body=error.get("body"),
    )


def _answer(action: str, value: Any) -> Any:
    """Return a value as code is given it: what came over HTTP also answers to `.json()`, `.status_code`, ..."""
    if not action.startswith("http.") or type(value) is not dict or "responseCode" not in value:
        return value
    answer = Answer(value)
    answer.fault = lambda message, status, body: ActionError(
        f"{action}: {message}", action=action, status=status, body=body
    )
    return answer


def snake(name: str) -> str:
    """Write a name as Python does: `getRecordList` is `get_record_list`."""
    return _WORD_BEGINS.sub("_", name).lower()
