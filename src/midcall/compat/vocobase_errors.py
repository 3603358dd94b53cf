"""How errors are written in Vocobase's API: `{success: false, error}`, with the status they have everywhere."""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from midcall.domain.errors import MidcallError
from midcall.vendors import vocobase
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.problems import EXTRA_HEADERS, as_invalid_input, status_of
from midcall.web.routes import JsonRoute, RouteHandler


def refusal(error: MidcallError, request_id: str) -> Response:
    """Write an error as a response."""
    status = status_of(error)
    details = [{"field": fault.loc, "message": fault.msg} for fault in vocobase.faults(error.faults)]
    content = {"code": error.code, "message": error.message, "details": details, "request_id": request_id}
    return AsciiJsonResponse({"success": False, "error": content}, status, headers=EXTRA_HEADERS.get(status))


class VocobaseRoute(JsonRoute):
    """A route whose errors are written so, those of its keys and parameters too."""

    def get_route_handler(self) -> RouteHandler:
        """Wrap FastAPI's own handler."""
        handler = super().get_route_handler()

        async def wrapped(request: Request) -> Response:
            try:
                return await handler(request)
            except MidcallError as error:
                return refusal(error, request.state.request_id)
            except RequestValidationError as error:
                return refusal(as_invalid_input(error), request.state.request_id)

        return wrapped
