"""Agents, with their attachments."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.agent import Agent, Attachment, OnFailure
from midcall.domain.errors import Conflict, NotFound
from midcall.domain.phases import Phase
from midcall.service.stores import Page
from midcall.storage.schema import agents


@dataclass(frozen=True, slots=True)
class SqlAgents:
    """Agents."""

    connection: Connection

    def put(self, agent: Agent) -> None:
        """Store an agent, or replace the one that has its id; raises Conflict if another one has its name."""
        row = asdict(agent) | {"attachments": [asdict(attached) for attached in agent.attachments]}
        if self.connection.execute(update(agents).where(agents.c.id == agent.id).values(row)).rowcount == 0:
            try:
                self.connection.execute(insert(agents).values(row))
            except IntegrityError as error:
                raise Conflict("an agent of that name exists already") from error

    def find(self, workspace_id: str, name: str, *, lock: bool = False) -> Agent | None:
        """Read one by its name."""
        query = select(agents).where(agents.c.workspace_id == workspace_id, agents.c.name == name)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else _agent_of(row)

    def get(self, workspace_id: str, name: str) -> Agent:
        """Read one by its name; raises NotFound."""
        agent = self.find(workspace_id, name)
        if agent is None:
            raise NotFound(f"there is no agent named {name!r:.80} in this workspace")
        return agent

    def page(self, workspace_id: str, page: Page, *, among: Sequence[str] | None = None) -> Sequence[Agent]:
        """List a workspace's agents by name; `among` names those that may be shown."""
        query = select(agents).where(agents.c.workspace_id == workspace_id)
        if among is not None:
            query = query.where(agents.c.name.in_(among))
        if page.cursor is not None:
            query = query.where(agents.c.name > page.cursor)
        return [_agent_of(row) for row in self.connection.execute(query.order_by(agents.c.name).limit(page.limit))]


def _agent_of(row: Row[Any]) -> Agent:
    attachments = tuple(
        Attachment(**item | {"phase": Phase(item["phase"]), "on_failure": OnFailure(item["on_failure"])})
        for item in row.attachments
    )
    columns = {name: getattr(row, name) for name in Agent.__slots__}
    return Agent(**columns | {"attachments": attachments})
