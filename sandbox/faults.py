"""Describes an exception of the user's code: its type, its message, the line in *their* source, their frames alone."""

from __future__ import annotations

import contextlib
import json

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

#: The name under which the source is compiled; frames of any other file are not the author's and are left out.
FILENAME = "function.py"

MAX_TYPE_CHARS = 200
MAX_MESSAGE_CHARS = 2_000
MAX_FRAMES = 20
MAX_LINE_CHARS = 200
#: With every character escaped, type, message and traceback stay below the cap of a FAULT frame.
MAX_TRACEBACK_CHARS = 6_000
MAX_BODY_CHARS = 1_500

_HINTS = {
    "MemoryError": "the code needed more memory than the sandbox has",
    "SystemExit": "the code ended the program; return a value from handler instead",
    "KeyboardInterrupt": "the code raised KeyboardInterrupt",
}


def describe(error: BaseException, source: str) -> dict[str, Any]:
    """Return `{"type", "message", "line", "traceback"}`, all of it bounded, whatever the exception does to stop us."""
    name = _name(error)
    message = _message(error) or _HINTS.get(name, "")
    lines = source.splitlines()
    frames = _own_frames(error.__traceback__)
    if isinstance(error, MemoryError):
        _let_go(error.__traceback__)  # else what filled the memory is still held while we write this
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        line = error.lineno if type(error.lineno) is int else None
        frames = [*frames, (line, "<module>")] if line else frames
        message = error.msg if type(error.msg) is str else message
    else:
        line = frames[-1][0] if frames else None
    return {"type": name, "message": message, "line": line, "traceback": _traceback(frames, lines, name, message)}


def of_action(status: Any, body: Any) -> dict[str, Any]:
    """Return what an action's target answered: `{"http_status", "body"}`, the body as text, cut."""
    text = body if isinstance(body, str) else "" if body is None else repr(body)
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        text = text if isinstance(body, str | None) else json.dumps(body, ensure_ascii=False)
    return {"http_status": status if type(status) is int else None, "body": text[:MAX_BODY_CHARS]}


def _name(error: BaseException) -> str:
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name[:MAX_TYPE_CHARS]


def _message(error: BaseException) -> str:
    """Return `str(error)`, cut; the exception's own `__str__` is the author's code and may do anything."""
    try:
        text = str(error)
    except BaseException as inner:
        return f"(its message could not be read: {_name(inner)})"
    if len(text) > MAX_MESSAGE_CHARS:
        text = text[:MAX_MESSAGE_CHARS] + " ... (cut)"
    return text.encode("utf-8", "replace").decode()


def _own_frames(trace: TracebackType | None) -> list[tuple[int, str]]:
    """Return (line, function name) of the frames in the author's file, outermost first; the middle is cut out."""
    first: list[tuple[int, str]] = []
    last: list[tuple[int, str]] = []
    while trace is not None:
        frame: FrameType = trace.tb_frame
        if frame.f_code.co_filename == FILENAME and trace.tb_lineno is not None:
            (first if len(first) < MAX_FRAMES // 2 else last).append((trace.tb_lineno, frame.f_code.co_name))
            del last[: -MAX_FRAMES // 2]
        trace = trace.tb_next
    return first + last


def _traceback(frames: list[tuple[int, str]], lines: list[str], name: str, message: str) -> str:
    text = ["Traceback (most recent call last):"]
    for line, function in frames:
        text.append(f'  File "{FILENAME}", line {line}, in {function[:MAX_LINE_CHARS]}')
        if 0 < line <= len(lines):
            text.append(f"    {lines[line - 1].strip()[:MAX_LINE_CHARS]}")
    text.append(f"{name}: {message[:MAX_LINE_CHARS]}")
    return "\n".join(text)[:MAX_TRACEBACK_CHARS]


def _let_go(trace: TracebackType | None) -> None:
    """Drop what the frames hold, as `traceback.clear_frames` does, which is not worth the import of it."""
    while trace is not None:
        with contextlib.suppress(RuntimeError):  # it still runs
            trace.tb_frame.clear()
        trace = trace.tb_next


class Lines:
    """As `__loader__` of the author's module: `traceback.print_exc()` in their code finds their own lines by it."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, _name: str) -> str:
        """Return the source, as `linecache` asks for it."""
        return self._source
