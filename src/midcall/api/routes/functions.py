"""`/v1/functions`: write, version, review, publish."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header

from midcall.api import views
from midcall.api.models import Decision, Describe, ImportFunction, Publish
from midcall.api.shapes import (
    FunctionListed,
    FunctionShape,
    ImportShape,
    Listing,
    ReviewShape,
    VersionBrief,
    VersionShape,
)
from midcall.domain.errors import Fault, InvalidInput
from midcall.service.functions.form import Draft, FunctionForm
from midcall.service.releases.publish import Publication
from midcall.web.common import PROBLEMS, FunctionNameParam, InThreads, Number, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Judge, Reader, Use, Writer

router = APIRouter(prefix="/v1", tags=["functions"], responses=PROBLEMS, route_class=JsonRoute)


@router.post("/functions", status_code=201, response_model=FunctionShape)
def create_function(form: FunctionForm, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Create a function; its version 1 is a draft."""
    return AsciiJsonResponse(views.function_view(use.catalog.create(caller, form)), 201)


@router.get("/functions", response_model=Listing[FunctionListed])
def list_functions(use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List functions by name."""
    items = [views.function_listed(view) for view in use.catalog.page(caller, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "name"))


@router.get("/functions/{name}", response_model=FunctionShape)
def get_function(name: FunctionNameParam, use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read a function with its latest version; the ETag is that version's number, for `If-Match`."""
    view = use.catalog.get(caller, name)
    return AsciiJsonResponse(views.function_view(view), headers={"etag": f'"{view.version.number}"'})


@router.patch("/functions/{name}", response_model=FunctionShape)
def describe_function(name: FunctionNameParam, change: Describe, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Change display name and tags; all else is a new version."""
    view = use.catalog.describe(caller, name, display_name=change.display_name, tags=change.tags)
    return AsciiJsonResponse(views.function_view(view))


@router.delete("/functions/{name}", status_code=204)
def archive_function(name: FunctionNameParam, use: Use, caller: Writer) -> None:
    """Take a function out of use; its invocations stay on record, its name is free again."""
    use.catalog.archive(caller, name)


@router.post("/functions/{name}/versions", status_code=201, response_model=FunctionShape)
def add_version(
    name: FunctionNameParam,
    patch: Annotated[
        dict[str, Any], Body(description='JSON Merge Patch (RFC 7396) onto version `{"base"?: n}`, default the latest')
    ],
    use: Use,
    caller: Writer,
    if_match: Annotated[str | None, Header(description="number of the version this change was made from")] = None,
) -> AsciiJsonResponse:
    """Create the next version from changed fields."""
    changes = {field: value for field, value in patch.items() if field != "base"}
    view = use.catalog.add_version(caller, name, changes, base=_base(patch), if_match=_number(if_match))
    return AsciiJsonResponse(views.function_view(view), 201, headers={"etag": f'"{view.version.number}"'})


@router.get("/functions/{name}/versions", response_model=Listing[VersionBrief])
def list_versions(name: FunctionNameParam, use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List a function's versions, oldest first."""
    versions, flags = use.catalog.versions(caller, name, page)
    items = [views.version_brief(version, flags.get(version.number, ())) for version in versions]
    return AsciiJsonResponse(views.listing(items, page.limit, "number"))


@router.get("/functions/{name}/versions/{number}", response_model=VersionShape)
def get_version(name: FunctionNameParam, number: Number, use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read one version with its review, and with what today's policy says of it if it was approved under an older."""
    return AsciiJsonResponse(views.version_view(use.catalog.version(caller, name, number)))


@router.post("/functions/{name}/versions/{number}/submit", response_model=ReviewShape)
def submit_version(name: FunctionNameParam, number: Number, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Review a version; a refusal is a 200 too, the review is the answer. What was decided on keeps its review."""
    return AsciiJsonResponse(use.reviews.submit(caller, name, number))


@router.post("/functions/{name}/versions/{number}/approve", response_model=ReviewShape)
def approve_version(
    name: FunctionNameParam, number: Number, use: Use, caller: Judge, decision: Decision | None = None
) -> AsciiJsonResponse:
    """Approve a version that is pending_approval; its author cannot. 409 if the rules changed after its review."""
    return AsciiJsonResponse(use.reviews.approve(caller, name, number, (decision or Decision()).comment))


@router.post("/functions/{name}/versions/{number}/reject", response_model=ReviewShape)
def reject_version(
    name: FunctionNameParam, number: Number, use: Use, caller: Judge, decision: Decision | None = None
) -> AsciiJsonResponse:
    """Reject a version that is pending_approval; its author cannot."""
    return AsciiJsonResponse(use.reviews.reject(caller, name, number, (decision or Decision()).comment))


@router.post("/functions/{name}/publish", response_model=FunctionShape)
async def publish_version(
    name: FunctionNameParam, wanted: Publish, use: Use, caller: Writer, in_thread: InThreads
) -> AsciiJsonResponse:
    """Make an approved version the one that runs in an environment; publish an older one to roll back.

    The function's test cases run first. If one fails, the answer is a 409 `tests_failed` that says which and why,
    unless `force` is given with a reason; both go on record.
    """
    publication = Publication(name, wanted.version, wanted.environment, wanted.reason)
    return AsciiJsonResponse(views.function_view(await use.publishing.publish(caller, publication, in_thread)))


@router.post("/review", response_model=ReviewShape)
def review_draft(draft: Draft, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Review a function without saving anything."""
    return AsciiJsonResponse(use.reviews.preview(caller, draft, draft.phases))


@router.post("/import", response_model=ImportShape)
def import_function(wanted: ImportFunction, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Make a function of another vendor's config; what could not be carried over, or means something else, is told."""
    act = use.imports.create if wanted.save else use.imports.preview
    return AsciiJsonResponse(views.import_view(act(caller, wanted.vendor, wanted.config, wanted.name)))


def _base(patch: dict[str, Any]) -> int | None:
    base = patch.get("base")
    if base is not None and (type(base) is not int or not 1 <= base < 2**31):
        raise InvalidInput(faults=[Fault("base", "give the number of the version that the changes are made to")])
    return base


def _number(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 10:  # noqa: PLR2004 (digits of the largest version number)
        raise InvalidInput(faults=[Fault("If-Match", "give the number of the version that was read, in quotes")])
    return int(text)
