"""`/v1/audit`: who did what, when, to which bytes."""

from typing import Annotated

from fastapi import APIRouter, Query

from midcall.api import views
from midcall.api.shapes import AuditListed, Listing
from midcall.web.common import NO_NUL, PROBLEMS, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Reader, Use

router = APIRouter(prefix="/v1", tags=["audit"], responses=PROBLEMS, route_class=JsonRoute)

_KIND = Query(
    max_length=40,
    pattern=r"^[a-z_]+(\.[a-z_]+)?$",
    description="an act (`version.submit`), or the noun of several (`version`, `key`)",
)


@router.get("/audit", response_model=Listing[AuditListed])
def list_audit(
    use: Use,
    caller: Reader,
    page: Paged,
    function: Annotated[str | None, Query(max_length=63, pattern=NO_NUL, description="a function's name")] = None,
    kind: Annotated[str | None, _KIND] = None,
) -> AsciiJsonResponse:
    """List the audit trail, newest first. Keys without the scope `admin` are shown what happened to functions alone."""
    lines = use.trail.page(caller, page, function=function, kind=kind)
    return AsciiJsonResponse(views.listing([views.brief(views.audit_view(line)) for line in lines], page.limit, "id"))
