"""`/v1/credentials`: named secrets, written and never read back."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from midcall.api import views
from midcall.api.shapes import CredentialListed, CredentialShape, CredentialTestShape, Listing
from midcall.domain.function import NAME_PATTERN
from midcall.service.admin.forms import PutCredential, TestCredential
from midcall.service.fields import Environment
from midcall.web.common import PROBLEMS, Paged, Tests
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Reader, Use, Writer

router = APIRouter(prefix="/v1", tags=["credentials"], responses=PROBLEMS, route_class=JsonRoute)

#: A test without a body is one of the values that hold everywhere.
_NO_WISHES = TestCredential()

CredentialNameParam = Annotated[str, Path(pattern=NAME_PATTERN, description="the credential's name")]


@router.put("/credentials/{name}", response_model=CredentialShape)
def put_credential(name: CredentialNameParam, wanted: PutCredential, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Save a credential's values; answers show names and addresses, never secrets.

    With another address (`token_url`, `token_uri`, `shop_domain`) its secrets must be sent again: they would go there.
    So must they with another of `hosts`, unless an admin adds it.
    """
    view = use.credentials.put(caller, name, wanted.type, wanted.values, wanted.environment, hosts=wanted.hosts)
    return AsciiJsonResponse(views.credential_view(view))


@router.get("/credentials", response_model=Listing[CredentialListed])
def list_credentials(use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List credentials by name, their secrets masked."""
    items = [views.brief(views.credential_view(view)) for view in use.credentials.page(caller, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "name"))


@router.get("/credentials/{name}", response_model=CredentialShape)
def get_credential(name: CredentialNameParam, use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read a credential, its secrets masked."""
    return AsciiJsonResponse(views.credential_view(use.credentials.get(caller, name)))


@router.post("/credentials/{name}/test", response_model=CredentialTestShape)
async def check_credential(
    name: CredentialNameParam, use: Use, caller: Writer, tests: Tests, wanted: TestCredential = _NO_WISHES
) -> AsciiJsonResponse:
    """Ask the credential's own service something harmless, or a URL with a GET request; takes 10 s at most.

    The answer is a 200 either way: `ok` says whether it was let in. With `url` the key needs the scope `admin`, since
    the secret goes there.
    """
    tested = await tests(
        lambda: use.credential_checks.test(caller, name, environment=wanted.environment, url=wanted.url)
    )
    return AsciiJsonResponse(asdict(tested))


@router.delete("/credentials/{name}", status_code=204)
def delete_credential(
    name: CredentialNameParam,
    use: Use,
    caller: Writer,
    environment: Annotated[Environment | None, Query(description="delete the values of this environment alone")] = None,
    *,
    force: Annotated[bool, Query(description="even if versions that run name it: their calls then fail")] = False,
) -> None:
    """Delete a credential, or its values for one environment; a 409 names the functions that run with it."""
    use.credentials.delete(caller, name, environment=environment, force=force)
