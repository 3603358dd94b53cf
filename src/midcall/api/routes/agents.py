"""`/v1/agents`: which functions an agent has."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from midcall.api import views
from midcall.api.examples import tools_examples
from midcall.api.shapes import AgentListed, AgentShape, Listing, ToolsShape
from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.service.agents.form import PutAgent
from midcall.service.fields import Environment
from midcall.vendors.tools.export import Format
from midcall.web.common import PROBLEMS, Paged
from midcall.web.json_response import AsciiJsonResponse, unless_known
from midcall.web.routes import JsonRoute
from midcall.web.services import OwnReader, OwnRunnerOrReader, Use, Writer

router = APIRouter(prefix="/v1", tags=["agents"], responses=PROBLEMS, route_class=JsonRoute)

AgentName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]{0,199}$", description="the agent's name")]


@router.put("/agents/{name}", response_model=AgentShape)
def put_agent(name: AgentName, wanted: PutAgent, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Create an agent, or replace it whole; sessions under way keep what they started with."""
    view = use.agents.put(caller, name, version=wanted.version, number=wanted.number, attachments=wanted.attachments())
    return AsciiJsonResponse(views.agent_view(view))


@router.get("/agents", response_model=Listing[AgentListed])
def list_agents(use: Use, caller: OwnReader, page: Paged) -> AsciiJsonResponse:
    """List agents by name."""
    items = [views.agent_listed(view) for view in use.agents.page(caller, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "name"))


@router.get("/agents/{name}", response_model=AgentShape)
def get_agent(name: AgentName, use: Use, caller: OwnReader) -> AsciiJsonResponse:
    """Read one agent."""
    return AsciiJsonResponse(views.agent_view(use.agents.get(caller, name)))


@router.get(
    "/agents/{name}/tools",
    response_model=ToolsShape,
    responses={
        200: {"content": {"application/json": {"examples": tools_examples()}}},
        304: {"description": "Nothing has changed since the answer whose ETag `If-None-Match` names"},
    },
)
def export_tools(
    name: AgentName,
    use: Use,
    caller: OwnRunnerOrReader,
    format: Annotated[Format, Query(description="who the tools are for")] = Format.OPENAI,  # noqa: A002 (the contract's)
    environment: Annotated[Environment, Query(description="whose published versions")] = DEFAULT_ENVIRONMENT,
    adapter: Annotated[
        str | None,
        Query(pattern=r"^[a-z0-9][a-z0-9_-]{2,62}$", description="the adapter that the vendor is to call"),
    ] = None,
    if_none_match: Annotated[str | None, Header(description="ETags of answers that the caller has")] = None,
) -> Response:
    """Write the agent's during-session functions as tools, with nothing in them that an LLM must not see.

    What the format has no place for is listed in `problems`; a function that it cannot say at all is left out.
    """
    found = use.tools.export(caller, name, wanted=format, environment=environment, adapter=adapter)
    return unless_known(AsciiJsonResponse(views.tools_view(found)), if_none_match)
