"""`/v1/adapters`: which vendors may call for which agent. What they call themselves stands in `midcall.compat`."""

from typing import Annotated

from fastapi import APIRouter, Path

from midcall.api import views
from midcall.api.models import PutAdapter
from midcall.api.shapes import AdapterShape, Listing
from midcall.domain.adapter import ADAPTER_ID_PATTERN
from midcall.web.common import NO_NUL, PROBLEMS, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import OwnReader, Use, Writer

router = APIRouter(prefix="/v1", tags=["adapters"], responses=PROBLEMS, route_class=JsonRoute)

NewId = Annotated[str, Path(pattern=ADAPTER_ID_PATTERN, description="unique in the installation; 409 if it is taken")]
AdapterIdParam = Annotated[str, Path(max_length=200, pattern=NO_NUL, description="the adapter's id")]


@router.put("/adapters/{adapter_id}", response_model=AdapterShape)
def put_adapter(adapter_id: NewId, wanted: PutAdapter, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Create an adapter, or replace it whole; secrets that are left out are kept.

    The vendor's calls name no workspace, so ids are unique in the installation: take one with some random letters.
    """
    return AsciiJsonResponse(views.adapter_view(use.adapters.put(caller, adapter_id, wanted.wanted())))


@router.get("/adapters", response_model=Listing[AdapterShape])
def list_adapters(use: Use, caller: OwnReader, page: Paged) -> AsciiJsonResponse:
    """List adapters by id, their secrets masked."""
    items = [views.adapter_view(adapter) for adapter in use.adapters.page(caller, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "id"))


@router.get("/adapters/{adapter_id}", response_model=AdapterShape)
def get_adapter(adapter_id: AdapterIdParam, use: Use, caller: OwnReader) -> AsciiJsonResponse:
    """Read an adapter, its secrets masked."""
    return AsciiJsonResponse(views.adapter_view(use.adapters.get(caller, adapter_id)))


@router.delete("/adapters/{adapter_id}", status_code=204)
def delete_adapter(adapter_id: AdapterIdParam, use: Use, caller: Writer) -> None:
    """Delete an adapter with its secrets; the vendor's calls get a 401 from then on."""
    use.adapters.delete(caller, adapter_id)
