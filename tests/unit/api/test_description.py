"""The API's description is written once, whoever asks for it: without a key anybody may."""

import asyncio
import re
from typing import Any
from unittest.mock import patch

from openapi_spec_validator import validate
from starlette.types import Message

from midcall.app import create_app
from midcall.bootstrap.settings import Settings


def test_the_description_is_written_once_for_each_path_of_a_proxy() -> None:
    """And is the same document each time."""
    app = create_app(Settings())
    answers: list[Message] = []

    async def ask(root: str) -> bytes:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        answers.clear()
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": f"{root}/openapi.json", "root_path": root}
        await app.router({**scope, "headers": [], "query_string": b"", "app": app}, receive, send)
        body: bytes = answers[-1]["body"]
        return body

    with patch.object(app, "openapi", wraps=app.openapi) as made:
        first, again = asyncio.run(ask("")), asyncio.run(ask(""))
        below = asyncio.run(ask("/below"))
    assert first == again
    assert made.call_count == 2
    assert b'"servers":[{"url":"/below"}]' in below
    assert b"/v1/functions" in first


def test_the_description_is_valid_and_its_operations_have_names() -> None:
    """Makers of clients take it: by the published schema of OpenAPI 3.1, and words that code may use."""
    document = create_app(Settings()).openapi()
    validate(document)
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(operations)) == len(operations)
    for name in operations:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name), name
