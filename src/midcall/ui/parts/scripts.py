"""Calls of our own scripts in the browser. What they are called with is written as JSON, and nothing else is run."""

import json
from typing import Any

from nicegui import Client
from nicegui.awaitable_response import AwaitableResponse

#: The browser answers within this time, or does not.
ANSWER_S = 1.0


def called(function: str, *arguments: Any) -> str:
    """Write a call of a function of `static/*.js` as a script."""
    return f"{function}({', '.join(map(json.dumps, arguments))})"


def handler(function: str, *arguments: Any) -> str:
    """Write what listens to an event in the browser."""
    return f"() => {called(function, *arguments)}"


def run(client: Client, function: str, *arguments: Any) -> None:
    """Call a function in the browser."""
    client.run_javascript(called(function, *arguments))


def ask(client: Client, function: str, *arguments: Any, timeout: float = ANSWER_S) -> AwaitableResponse:
    """Call a function in the browser, and wait for what it returns; raises TimeoutError."""
    return client.run_javascript(f"return await {called(function, *arguments)}", timeout=timeout)
