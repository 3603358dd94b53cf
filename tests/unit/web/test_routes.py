"""Bodies are validated where nobody else waits for it, if that may take its time."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import AfterValidator
from starlette.types import Receive, Scope, Send
from tests.support.contract import flat

from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.service.fields import Form
from midcall.service.functions.form import FunctionForm
from midcall.web.intake import SMALL_BYTES
from midcall.web.problems import add_error_handlers
from midcall.web.routes import JsonRoute, _is_costly
from midcall.web.services import Writer
from midcall.web.shared_threads import SharedThreads

_seen: list[int] = []


def _note(value: str) -> str:
    _seen.append(threading.get_ident())
    if value == "bad":
        raise ValueError("say something else")
    return value


Noted = Annotated[str, AfterValidator(_note)]


class Light(Form):
    """A body that is read in no time, unless it is large."""

    text: Noted


class Costly(Light):
    """One whose length says nothing."""

    costly: ClassVar[bool] = True


class Around(Form):
    """One that holds it somewhere."""

    inner: list[Costly] | None = None


router = APIRouter(route_class=JsonRoute)


@router.post("/light")
async def take_light(form: Light) -> str:
    """Take one."""
    return type(form).__name__


@router.post("/costly")
async def take_costly(form: Costly) -> str:
    """Take one."""
    return type(form).__name__


@router.post("/around")
async def take_around(form: Around | None = None) -> str:
    """Take one."""
    return type(form).__name__


@router.post("/closed")
async def take_closed(form: Costly, caller: Writer) -> str:
    """Take one of whoever may write; nobody is known here."""
    return type(form).__name__


def posted(path: str, body: Any) -> tuple[httpx.Response, Sequence[bool]]:
    """Post a body; returns the answer, and of each validation whether it was on the loop's thread."""
    app = FastAPI()
    app.include_router(router)
    add_error_handlers(app)

    async def with_json(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"json": body, "request_id": "req_1"}
        await app(scope, receive, send)

    async def post() -> httpx.Response:
        app.state.service_threads = SharedThreads(4)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(with_json), base_url="http://test") as client:
            return await client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})

    _seen.clear()
    answer = asyncio.run(post())
    return answer, [ident == threading.get_ident() for ident in _seen]


@pytest.mark.parametrize(
    ("path", "body", "on_loop"),
    [
        ("/light", {"text": "x"}, [True]),
        ("/light", {"text": "x" * SMALL_BYTES}, [False]),
        ("/costly", {"text": "x"}, [False]),
        ("/around", {"inner": [{"text": "x"}]}, [False]),
    ],
)
def test_what_may_take_its_time_is_validated_in_a_thread_and_once(path: str, body: Any, on_loop: list[bool]) -> None:
    """The route gets its form all the same."""
    answer, seen = posted(path, body)
    assert answer.json() == path.removeprefix("/").capitalize()
    assert seen == on_loop


@pytest.mark.parametrize(("path", "body"), [("/light", {"text": "bad"}), ("/costly", {"text": "bad"})])
def test_a_fault_is_told_alike_wherever_it_was_found(path: str, body: Any) -> None:
    """With the field's own path."""
    answer, _ = posted(path, body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"loc": "text", "msg": "say something else"}]


@pytest.mark.parametrize("body", [{"text": "bad"}, {"no": "such field"}, {"text": "x" * SMALL_BYTES}])
def test_who_may_come_in_is_asked_before_a_body_is_looked_at(body: Any) -> None:
    """A key without the scope had patterns compiled, and was told what is wrong with a body that it may not send."""
    answer, seen = posted("/closed", body)
    assert (answer.status_code, seen) == (401, [])


def test_every_route_that_takes_a_function_validates_it_in_a_thread() -> None:
    """Whatever holds one, also deep inside; there are some."""
    taking = {
        route.path: route
        for route in flat(create_app(Settings()).routes)
        for body in route.dependant.body_params
        if _holds(body.field_info.annotation, FunctionForm)
    }
    assert {"/v1/functions", "/v1/review", "/v1/assistant/code"} <= taking.keys()
    assert [path for path, route in taking.items() if not isinstance(route, JsonRoute)] == []
    bodies = {path: route.dependant.body_params[0].field_info.annotation for path, route in taking.items()}
    assert [path for path, body in bodies.items() if not _is_costly(body)] == []


def _holds(annotation: Any, form: type[Form]) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, form):
        return True
    inner = [field.annotation for field in getattr(annotation, "model_fields", {}).values()]
    return any(_holds(each, form) for each in (*getattr(annotation, "__args__", ()), *inner))
