"""Routes that take a body as the intake has parsed it: FastAPI would parse it once more, where all others wait.

And would validate it there; what takes its time is validated in a thread instead.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast, get_args

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from midcall.domain.errors import InvalidInput
from midcall.service.fields import faults_of
from midcall.web.intake import SMALL_BYTES
from midcall.web.services import RequireScope
from midcall.web.shared_threads import SharedThreads

RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Read(Request):
    """A request whose body is a value already; FastAPI takes an object of its form as it is."""

    value: Any

    async def json(self) -> Any:
        """Return what the body is."""
        return self.value


class JsonRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> RouteHandler:
        """Wrap FastAPI's own handler."""
        handler = super().get_route_handler()
        bodies = [] if self._embed_body_fields else self.dependant.body_params
        required = list(_required(self.dependant))
        forms = [_Form(cast("Any", body.field_info.annotation)) for body in bodies]

        async def wrapped(request: Request) -> Response:
            parsed = _Read(request.scope, request.receive)
            if "json" in request.scope["state"]:
                parsed.value = request.scope["state"]["json"]
                size = len(await parsed.body())
                for form in forms:
                    if form.costly or size > SMALL_BYTES:
                        # FastAPI asks who may come in before it looks at a body; so it is here.
                        for scope in required:
                            scope.admit(parsed)
                        parsed.value = await form.read(parsed)
            return await handler(parsed)

        return wrapped


def _required(dependant: Dependant) -> Iterator[RequireScope]:
    """Yield what a route asks of keys."""
    for each in dependant.dependencies:
        if isinstance(each.call, RequireScope):
            yield each.call
        yield from _required(each)


class _Form:
    """What a route takes for its body."""

    def __init__(self, annotation: Any) -> None:
        self._adapter = TypeAdapter[Any](annotation)
        self.costly = _is_costly(annotation)

    async def read(self, request: _Read) -> Any:
        """Validate a body where nobody else waits for it; raises InvalidInput.

        FastAPI would do it on the event loop: patterns of a schema are compiled there, a tenth of a second for a few
        KB of them, and each of 100,000 faults is made before the first is told.
        """
        threads: SharedThreads = request.app.state.service_threads
        try:
            return await threads.run(self._adapter.validate_python, request.value)
        except ValidationError as error:
            raise InvalidInput(faults=list(faults_of(error))) from None


def _is_costly(annotation: Any) -> bool:
    """Tell whether a form is, or holds, one that takes its time."""
    if getattr(annotation, "costly", False):
        return True
    inner = [field.annotation for field in getattr(annotation, "model_fields", {}).values()]
    return any(map(_is_costly, (*get_args(annotation), *inner)))
