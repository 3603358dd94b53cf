"""`/v1/actions`: what code may call, for editors and assistants."""

from fastapi import APIRouter

from midcall.api.shapes import OperationsShape
from midcall.connectors.completion import completion
from midcall.web.common import PROBLEMS
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Reader

router = APIRouter(prefix="/v1", tags=["actions"], responses=PROBLEMS, route_class=JsonRoute)


@router.get("/actions", response_model=OperationsShape)
def list_actions(_caller: Reader) -> AsciiJsonResponse:
    """List every operation that `code.actions` can enable, the same for all workspaces."""
    return AsciiJsonResponse({"items": completion()})
