"""Routes that take a body as the intake has parsed it: FastAPI would parse it once more, where all others wait."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Parsed(Request):
    async def json(self) -> Any:
        """Return what the body is."""
        return self.scope["state"]["json"]


class JsonRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's own handler."""
        handler = super().get_route_handler()

        async def wrapped(request: Request) -> Response:
            return await handler(_Parsed(request.scope, request.receive))

        return wrapped
