"""Routes that take a body as the intake has parsed it: FastAPI would parse it once more, where all others wait."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from midcall.domain.errors import MAX_FAULTS, InvalidInput
from midcall.entrance.intake import SMALL_BYTES
from midcall.service.fields import faults_of

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
        bodies = [] if self._embed_body_fields else self.dependant.body_params
        adapters = [TypeAdapter[Any](cast("Any", body.field_info.annotation)) for body in bodies]

        async def wrapped(request: Request) -> Response:
            parsed = _Parsed(request.scope, request.receive)
            if "json" in request.scope["state"] and len(await parsed.body()) > SMALL_BYTES:
                for adapter in adapters:
                    _check_count(adapter, await parsed.json())
            return await handler(parsed)

        return wrapped


def _check_count(adapter: TypeAdapter[Any], body: Any) -> None:
    """Raise InvalidInput for a body with more faults than are told: FastAPI would make each of them."""
    try:
        adapter.validate_python(body)
    except ValidationError as error:
        if error.error_count() > MAX_FAULTS:
            raise InvalidInput(faults=list(faults_of(error))) from None
