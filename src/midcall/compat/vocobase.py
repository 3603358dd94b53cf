"""`/api/v2/functions`: Vocobase's own API. A function is reviewed and published as soon as it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path

from midcall.compat.shapes import VocobaseDeletedShape, VocobaseErrorShape, VocobaseListShape, VocobaseShape
from midcall.compat.vocobase_errors import VocobaseRoute
from midcall.domain.errors import NotFound
from midcall.domain.function import Version
from midcall.domain.function_config import Kind
from midcall.domain.times import iso
from midcall.service.functions.catalog import FunctionView
from midcall.service.functions.form import parse_function
from midcall.vendors import vocobase
from midcall.web.common import NO_NUL, InThreads, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.problems import TITLES
from midcall.web.services import Reader, Use, Writer

_STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 503)

router = APIRouter(
    prefix="/api/v2",
    tags=["vocobase"],
    route_class=VocobaseRoute,
    responses={status: {"model": VocobaseErrorShape, "description": TITLES[status]} for status in _STATUSES},
)

#: Functions in one answer: each may have a quarter of a megabyte.
MOST_WHOLE = 20

FunctionId = Annotated[str, Path(max_length=64, pattern=NO_NUL, description="the function's id")]
Fields = Annotated[
    dict[str, Any],
    Body(
        description="`name`, `description`, `method` (POST), `url`, `headers` [{key, value}], `input_schema` [fields], "
        "`output_schema` [fields], `timeout` (seconds), `started_messages`, `error_message`"
    ),
]


@router.post("/functions", status_code=201, response_model=VocobaseShape)
def create_vocobase_function(body: Fields, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Create a webhook function that gets the arguments alone, and publish it.

    What the review refuses is a 422 and leaves nothing behind. Where a person has to approve, the function is
    `pending_approval`, and not published yet.
    """
    form = parse_function(vocobase.write_only(vocobase.new_function(body)))
    return AsciiJsonResponse(_answer(use.releases.create(caller, form)), 201)


@router.get("/functions", response_model=VocobaseListShape)
def list_vocobase_functions(use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List webhook functions by name; code functions have no place here. `next_cursor` goes into `cursor`."""
    # Whole, since its format has no other form of a list: so no more than a few at a time.
    page = replace(page, limit=min(page.limit, MOST_WHOLE))
    found = use.catalog.page(caller, page, whole=True)
    data = [_data(view) for view in found if _is_webhook(view.version)]
    cursor = found[-1].function.name if len(found) == page.limit else None
    return AsciiJsonResponse({"success": True, "data": data, "next_cursor": cursor})


@router.get("/functions/{function_id}", response_model=VocobaseShape)
def get_vocobase_function(function_id: FunctionId, use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read a function; of its headers the names alone."""
    view = use.catalog.by_id(caller, function_id)
    _check_webhook(view.version)
    return AsciiJsonResponse(_answer(view))


@router.put("/functions/{function_id}", response_model=VocobaseShape, operation_id="put_vocobase_function")
@router.patch("/functions/{function_id}", response_model=VocobaseShape, operation_id="patch_vocobase_function")
async def change_vocobase_function(
    function_id: FunctionId, body: Fields, use: Use, caller: Writer, in_thread: InThreads
) -> AsciiJsonResponse:
    """Change the fields that are given, and publish that; a header without a value keeps its own.

    Where test cases of the function fail, the answer is a 409, and what ran before runs on.
    """

    def patch(version: Version) -> Mapping[str, Any]:
        _check_webhook(version)
        return vocobase.write_only(vocobase.change(body, headers=version.config.webhook.headers))

    return AsciiJsonResponse(_answer(await use.releases.change(caller, function_id, patch, in_thread)))


@router.delete("/functions/{function_id}", response_model=VocobaseDeletedShape)
def delete_vocobase_function(function_id: FunctionId, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Take a function out of use; its calls stay on record."""
    view = use.catalog.by_id(caller, function_id)
    _check_webhook(view.version)
    use.catalog.archive(caller, view.function.name)
    return AsciiJsonResponse({"success": True, "data": {"id": function_id, "deleted": True}})


def _is_webhook(version: Version) -> bool:
    return version.config.kind is Kind.WEBHOOK


def _check_webhook(version: Version) -> None:
    if not _is_webhook(version):
        raise NotFound("there is no such function")


def _answer(view: FunctionView) -> dict[str, Any]:
    return {"success": True, "data": _data(view)}


def _data(view: FunctionView) -> dict[str, Any]:
    function = view.function
    return {
        "id": function.id,
        **vocobase.shown(view.version.config),
        "status": view.version.status.value,
        "created_at": iso(function.created_at),
        "updated_at": iso(function.updated_at),
    }
