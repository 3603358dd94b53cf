"""What `handler(session, actions)` is given: calls go to the host over the channel, answers come back to who asked.

All of this is the author's own process: nothing here is a border. What may be called, and with what, is decided by the
host; what is checked here is checked so that a mistake gets its error at its line and not at the other end.
"""

import asyncio
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the image all of these lie side by side
    from sandbox import values

    from midcall.sandbox import frames
else:
    import frames

    import values

Send = Callable[[frames.Kind, bytes], None]

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


class Actions:
    """`actions`: `log` and `progress` work always, all else must be enabled for the function."""

    def __init__(self, send: Send, calls: "Calls | None" = None, enabled: Iterable[str] = ()) -> None:
        self._send = send
        self._calls = calls
        self._enabled = frozenset(enabled)
        self._progress_left = MAX_PROGRESS

    def log(self, level: object, *items: object, **fields: object) -> "Done | None":
        """Write a line to the invocation's logs: `log("warning", "slow answer", ms=900)`; the level may be left out."""
        known = isinstance(level, str) and level.lower() in LEVELS and items
        words = (f"[{str(level).lower()}]" if known else level, *items)
        print(*words, *(f"{name}={value!r}" for name, value in fields.items()))  # noqa: T201 - logs are what is printed
        return _done()

    def progress(self, message: object) -> "Done | None":
        """Show `message` (500 characters at most) to whoever waits, while the code runs on; 100 times in a run."""
        if self._progress_left > 0:
            self._progress_left -= 1
            text = json.dumps(str(message)[:MAX_PROGRESS_CHARS], ensure_ascii=False)
            self._send(frames.Kind.PROGRESS, text.encode("utf-8", "replace"))
        return _done()

    def __getattr__(self, name: str) -> "Group":
        group = snake(name)
        operations = frozenset(each.partition(".")[2] for each in self._enabled if each.startswith(f"{group}."))
        if self._calls is None or not operations:
            groups = ", ".join(sorted({each.partition(".")[0] for each in self._enabled})) or "no actions are"
            raise ActionNotEnabled(f"actions.{name} is not enabled for this function: {groups} enabled")
        return Group(group, operations, self._calls)


class Done:
    """What is done already; in an async handler it may be awaited like any other action."""

    def __await__(self) -> Iterator[None]:
        return iter(())


def _done() -> Done | None:
    return Done() if _is_async() else None


def _is_async() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Group:
    """`actions.<group>`: its enabled operations, in snake_case or camelCase."""

    def __init__(self, name: str, operations: frozenset[str], calls: "Calls") -> None:
        self._name = name
        self._operations = operations
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = snake(name)
        if operation not in self._operations:
            known = ", ".join(sorted(self._operations))
            raise ActionNotEnabled(f"actions.{self._name}.{name} is not enabled for this function; there is {known}")
        whole = f"{self._name}.{operation}"

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._calls.call(whole, args, kwargs)

        call.__name__ = operation
        return call


class Calls:
    """Calls under way. One thread reads the answers; it starts with the first call, most runs make none."""

    def __init__(self, send: Send, channel: socket.socket, token: bytes) -> None:
        self._send = send
        self._channel = channel
        self._token = token
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._made = 0
        self._bytes_left = frames.ACTION_BYTES
        self._reader: threading.Thread | None = None
        self._process = os.getpid()

    def call(self, action: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask the host, and return its answer; under a running event loop, return what awaits it.

        The request is on its way when this returns: calls made one after the other and then gathered run side by side.
        """
        future = self._post(action, args, kwargs)
        return _awaited(action, future) if _is_async() else _unwrapped(action, future.result())

    def _post(self, action: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Future[dict[str, Any]]":
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
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            self._waiting[number] = future
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="actions", daemon=True)
                self._reader.start()
        self._send(frames.Kind.ACTION, payload)
        return future

    def _encoded(self, action: str, body: dict[str, Any]) -> bytes:
        try:
            payload = values.encode(body, frames.CAPS[frames.Kind.ACTION], f"what {action} was called with")
        except values.TooLong:
            message = f"{action}: what it was called with is longer than {frames.CAPS[frames.Kind.ACTION]} bytes"
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
        reader = frames.FrameReader(self._token, {frames.Kind.REPLY: frames.CAPS[frames.Kind.REPLY]})
        try:
            while data := self._channel.recv(READ_BYTES):
                for frame in reader.feed(data):
                    reply = json.loads(frame.payload)
                    with self._lock:
                        future = self._waiting.pop(reply["id"])
                    future.set_result(reply)
        finally:
            for future in self._waiting.values():
                future.set_result({"error": {"code": "failed", "message": "the host does not answer any more"}})


async def _awaited(action: str, future: "Future[dict[str, Any]]") -> Any:
    return _unwrapped(action, await asyncio.wrap_future(future))


def _unwrapped(action: str, reply: dict[str, Any]) -> Any:
    error = reply.get("error")
    if error is None:
        return reply.get("value")
    raise ActionError(
        f"{action}: {error.get('message')}",
        action=action,
        code=error.get("code", "failed"),
        status=error.get("status"),
        body=error.get("body"),
    )


def snake(name: str) -> str:
    """Write a name as Python does: `getRecordList` is `get_record_list`."""
    return _WORD_BEGINS.sub("_", name).lower()
