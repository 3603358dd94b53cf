"""`/v1/workspace` and `/v1/keys`."""

from typing import Annotated

from fastapi import APIRouter, Path

from midcall.api import views
from midcall.api.shapes import KeyListed, KeyShape, Listing, NewKeyShape, SigningSecretShape, WorkspaceShape
from midcall.domain.times import iso
from midcall.service.admin.forms import NewKey, NewSigningSecret, Rotate, WorkspaceChange
from midcall.web.common import NO_NUL, PROBLEMS, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Admin, Reader, Use

router = APIRouter(prefix="/v1", tags=["workspace"], responses=PROBLEMS, route_class=JsonRoute)

KeyId = Annotated[str, Path(max_length=64, pattern=NO_NUL)]


@router.get("/workspace", response_model=WorkspaceShape)
def get_workspace(use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read the workspace that this key belongs to."""
    return AsciiJsonResponse(views.workspace_view(use.workspaces.get(caller)))


@router.patch("/workspace", response_model=WorkspaceShape)
def change_workspace(change: WorkspaceChange, use: Use, caller: Admin) -> AsciiJsonResponse:
    """Change settings; what is left out stays."""
    return AsciiJsonResponse(views.workspace_view(use.workspaces.change(caller, change.changes())))


@router.post("/workspace/signing-secret", response_model=SigningSecretShape)
def rotate_signing_secret(use: Use, caller: Admin, wanted: NewSigningSecret | None = None) -> AsciiJsonResponse:
    """Make a new secret that webhooks and callbacks are signed with, or bring one; the one before goes on a while."""
    form = wanted or NewSigningSecret()
    rotated = use.signing.rotate(
        caller, form.secret, overlap_s=form.overlap_s, retell_previous_for=form.retell_previous_for
    )
    until = iso(rotated.previous_until)
    return AsciiJsonResponse({"current": rotated.current, "standard": rotated.standard, "previous_until": until})


@router.post("/keys", status_code=201, response_model=NewKeyShape)
def create_key(wanted: NewKey, use: Use, caller: Admin) -> AsciiJsonResponse:
    """Create a key; its secret is in this answer and never again."""
    new = use.access.create(
        caller, principal=wanted.principal, scopes=frozenset(wanted.scopes), agents=tuple(wanted.agents)
    )
    return AsciiJsonResponse(views.new_key_view(new), 201)


@router.get("/keys", response_model=Listing[KeyListed])
def list_keys(use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List keys, oldest first, revoked ones too."""
    items = [views.brief(views.key_view(key)) for key in use.access.page(caller, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "id"))


@router.post("/keys/{key_id}/rotate", response_model=NewKeyShape)
def rotate_key(key_id: KeyId, use: Use, caller: Admin, wanted: Rotate | None = None) -> AsciiJsonResponse:
    """Give a key a new secret; the old one stays good for `grace_s` seconds."""
    return AsciiJsonResponse(
        views.new_key_view(use.access.rotate(caller, key_id, grace_s=(wanted or Rotate()).grace_s))
    )


@router.delete("/keys/{key_id}", response_model=KeyShape)
def revoke_key(key_id: KeyId, use: Use, caller: Admin) -> AsciiJsonResponse:
    """Make a key worthless at once."""
    return AsciiJsonResponse(views.key_view(use.access.revoke(caller, key_id)))
