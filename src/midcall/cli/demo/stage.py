"""Where the demo's stories are played: numbered titles and facts on the terminal, calls to the server."""

import json
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from midcall.cli.say import say
from midcall.domain.errors import MidcallError
from midcall.domain.terminal import lines, one_line

#: Callers speak between two calls; meanwhile the pool warms the next sandbox.
PACE_S = 1.0
#: An event stream that is silent for so long has lost its server: it beats every 15 s.
SILENCE_S = 30.0
_WIDTH = 110
_LABEL = 13
_RULE = "─" * _WIDTH


class DemoFailed(MidcallError):
    """The demo could not go on."""

    code = "demo_failed"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a session's stream."""

    name: str
    data: dict[str, Any]


class Stage:
    """Prints for a person to read, and calls the server as a client would."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._step = 0

    def title(self, text: str) -> None:
        """Begin the next step."""
        self._step += 1
        say(f"\n{_RULE}\n{self._step:>2}. {one_line(text)}\n{_RULE}")

    def say(self, text: str = "") -> None:
        """Print one line below the step that is being told."""
        say(f"   {one_line(text)}".rstrip())

    def fact(self, label: str, text: object) -> None:
        """Print a labelled text, in as many lines as it takes."""
        indent = " " * (3 + _LABEL)
        width = _WIDTH - len(indent)
        wrapped = textwrap.wrap(lines(str(text)), width, break_long_words=False, break_on_hyphens=False) or [""]
        self.say(f"{label:<{_LABEL}}{wrapped[0]}")
        for line in wrapped[1:]:
            say(indent + line)

    def pause(self) -> None:
        """Let the caller speak."""
        time.sleep(PACE_S)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the server and return its answer; an error ends the demo."""
        answer = self._client.request(method, path, json=body)
        if answer.is_error:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def timed(self, method: str, path: str, body: Any = None) -> tuple[Any, float]:
        """Call the server; returns its answer, and the milliseconds that this client waited."""
        began = time.perf_counter()
        answer = self.call(method, path, body)
        return answer, (time.perf_counter() - began) * 1000

    def turned_away(self, method: str, path: str, body: Any = None) -> str:
        """Make a call that must be turned away; returns what was answered."""
        answer = self._client.request(method, path, json=body)
        if answer.is_success:
            raise DemoFailed(f"{method} {path} should have been turned away: {answer.text[:500]}")
        problem = answer.json()
        return f"{answer.status_code} {problem['code']}: {problem['detail']}"

    def remove(self, path: str) -> None:
        """Delete what a story made; what never came to be does not matter."""
        answer = self._client.delete(path)
        if answer.is_server_error:
            raise DemoFailed(f"DELETE {path} answered {answer.status_code}: {answer.text[:500]}")

    def follow(self, path: str) -> Iterator[StreamEvent]:
        """Follow an event stream from its beginning until the server ends it."""
        fields: dict[str, str] = {}
        with self._client.stream("GET", path, timeout=SILENCE_S) as answer:
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
                elif "data" in fields:
                    yield StreamEvent(fields["event"], json.loads(fields["data"]))
                    fields = {}


def compact(value: Any) -> str:
    """Write a JSON value in one line."""
    return json.dumps(value, ensure_ascii=False)


def timings(answer: dict[str, Any]) -> str:
    """Write an answer's timings."""
    times = answer["timings"]
    queued, inside, total = times["queued_ms"], times["sandbox_ms"], times["total_ms"]
    return f"{queued:.0f} ms queued, {inside:.1f} ms in the sandbox, {total:.0f} ms in all"
