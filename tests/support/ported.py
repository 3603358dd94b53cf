"""Code as people bring it along: the corpora `idioms.jsonl` and `scripts.jsonl`, its review and its results."""

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from midcall.domain.parameters import prepare
from midcall.domain.review import Comment, Severity, Subject
from midcall.review import review

CORPUS = Path(__file__).parents[1] / "corpus"
RESULT_BYTES = 64 * 1024


def entries(name: str) -> list[dict[str, Any]]:
    """Return a corpus. Not by `splitlines`: an entry may hold what that takes for the end of a line."""
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").split("\n") if line]


def comments(entry: dict[str, Any], source: str) -> tuple[Comment, ...]:
    """Review a source with what an entry declares."""
    declared = {
        name["name"]: tuple(name["credentials"]) for name in entry.get("actions") or () if isinstance(name, dict)
    }
    names = tuple(name if isinstance(name, str) else name["name"] for name in entry.get("actions") or ())
    parameters = entry.get("parameters") or {"properties": entry.get("params") or {}}
    return review(
        Subject(
            source,
            parameters=frozenset(parameters["properties"]),
            actions=names,
            egress=tuple(entry.get("egress") or ()),
            declared=declared,
        )
    )


def errors(entry: dict[str, Any], source: str) -> list[Comment]:
    """Return what refuses a source."""
    return [comment for comment in comments(entry, source) if comment.severity is Severity.ERROR]


def session(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the session that an entry's function is called with, its parameters converted as in a call."""
    given = entry.get("params") or {}
    return {"params": prepare(entry["parameters"], given, {})[0] if entry.get("parameters") else given}


class Mocked:
    """Answers calls of actions by an entry's mocks, in the place of the host."""

    def __init__(self, actions: ModuleType, mocks: list[dict[str, Any]]) -> None:
        self._actions = actions
        self._mocks = mocks

    def call(self, action: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the first answer that fits, as the code would be given it."""
        options = {**dict(zip(("url", "json"), args, strict=False)), **kwargs}
        for mock in self._mocks:
            if mock["action"] == action and _fits(mock.get("when") or {}, options):
                raised = mock.get("raises")
                reply = {"value": mock.get("returns")} if raised is None else {"error": {"code": "failed", **raised}}
                return self._actions._unwrapped(action, reply)
        raise AssertionError(f"no mock for {action} {options}")


def _fits(part: Any, given: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(given, dict) and all(_fits(value, given.get(name)) for name, value in part.items())
    if isinstance(part, str) and isinstance(given, str):
        return re.fullmatch(re.escape(part).replace(r"\*", ".*"), given) is not None
    return bool(part == given)


def result(child: ModuleType, entry: dict[str, Any], source: str) -> Any:
    """Run a source in this process as the sandbox's child does; returns its result, or the fault as a text."""
    groups = [f"http.{name}" for name in ("get", "post", "put", "patch", "delete", "send_request")]
    actions = child.Actions(lambda _kind, _payload: None, Mocked(child.actions, entry.get("mocks") or []), groups)
    request = {"source": source, "session": session(entry), "actions": groups}
    # The child leaves its loop open, and ends with its process; this process goes on.
    with closing(asyncio.new_event_loop()) as loop, patch("asyncio.new_event_loop", lambda: loop):
        kind, payload = child.perform(request, {"deadline_ms": 1000, "result_bytes": RESULT_BYTES}, actions)
        asyncio.set_event_loop(None)
    answer = json.loads(payload)
    return answer if kind.name == "RESULT" else f"{answer['type']}: {answer['message']}"


def in_plain_python(entry: dict[str, Any], source: str) -> Any:
    """Return what CPython gives by itself, as JSON would have it."""
    names: dict[str, Any] = {"__name__": "function"}
    exec(compile(source, "function.py", "exec", dont_inherit=True), names)  # noqa: S102 - what CPython does is the question
    given = names["handler"](session(entry))
    return json.loads(json.dumps(asyncio.run(_awaited(given)) if inspect.isawaitable(given) else given))


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def agrees(given: Any, expected: Any) -> bool:
    """Say whether a result is the expected one, or the expected text is a part of it."""
    return given == expected or (isinstance(expected, str) and expected in json.dumps(given, ensure_ascii=False))
