"""Every answer says that it is what its media type says, and that nothing of it may run."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.web.headers import NOTHING_RUNS, OWN_FILES_RUN

#: What could be a key, so that it is looked up.
KEY = f"Bearer mc_{'0' * 32}_{'a' * 43}"

Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Send:
    """Serve the app without what it opens when it starts: whatever needs a service is an unexpected error."""
    folder: Path = tmp_path_factory.mktemp("app")
    transport = httpx.ASGITransport(create_app(Settings(data_dir=folder)), raise_app_exceptions=False)

    async def answer(method: str, path: str, content: bytes | None, key: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://midcall") as client:
            return await client.request(method, path, content=content, headers={"authorization": key})

    return lambda method, path, content=None, key=KEY: asyncio.run(answer(method, path, content, key))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs.js", 200),
        ("GET", "/static-offline-docs/swagger-ui.css", 200),
        ("GET", "/nowhere/<script>alert(1)</script>", 404),
        ("DELETE", "/healthz", 405),
        ("POST", "/v1/review", 401),
        ("GET", "/v1/nowhere", 401),
        ("POST", "/nowhere", 404),
        ("GET", "/readyz", 500),
        ("GET", "/v1/functions", 500),
    ],
)
def test_every_answer_carries_the_headers(send: Send, method: str, path: str, status: int) -> None:
    """Good ones, refusals, files and unexpected errors alike; a request's id among them."""
    answer = send(method, path, b"<html>" if method == "POST" else None, key=KEY if status == 500 else "Bearer x")
    assert answer.status_code == status
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("content-security-policy") == [OWN_FILES_RUN if path == "/docs" else NOTHING_RUNS]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_reference_has_no_script_in_it_and_loads_files_of_its_own_alone(send: Send) -> None:
    """So its policy needs no exception for scripts, and all that it names is there."""
    page = send("GET", "/docs").text
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == ["", ""]
    assert not re.search(r"\bon\w+=|javascript:|https?:", page)
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) == 4
    for file in named:
        assert send("GET", f"/{file}").status_code == 200
    assert "unsafe-inline" not in OWN_FILES_RUN.split("style-src")[0]
    assert 'url: "openapi.json"' in send("GET", "/docs.js").text
