"""`/v1/agents`: which functions an agent has."""

from typing import Annotated

from fastapi import APIRouter, Path

from midcall.api import views
from midcall.api.answers import Answer
from midcall.api.models import PutAgent
from midcall.api.routes.common import PROBLEMS, Paged
from midcall.api.services import Reader, Use, Writer
from midcall.api.shapes import AgentShape, Listing

router = APIRouter(prefix="/v1", tags=["agents"], responses=PROBLEMS)

AgentName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]{0,199}$", description="the agent's name")]


@router.put("/agents/{name}", response_model=AgentShape)
def put_agent(name: AgentName, wanted: PutAgent, use: Use, caller: Writer) -> Answer:
    """Create an agent, or replace it whole; sessions under way keep what they started with."""
    attachments = [each.attachment(place) for place, each in enumerate(wanted.functions)]
    view = use.agents.put(caller, name, version=wanted.version, number=wanted.number, attachments=attachments)
    return Answer(views.agent_view(view))


@router.get("/agents", response_model=Listing[AgentShape])
def list_agents(use: Use, caller: Reader, page: Paged) -> Answer:
    """List agents by name."""
    items = [views.agent_view(view) for view in use.agents.page(caller, page)]
    return Answer(views.listing(items, page.limit, "name"))


@router.get("/agents/{name}", response_model=AgentShape)
def get_agent(name: AgentName, use: Use, caller: Reader) -> Answer:
    """Read one agent."""
    return Answer(views.agent_view(use.agents.get(caller, name)))
