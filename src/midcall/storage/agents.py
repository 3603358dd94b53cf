"""Agents, with their attachments."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, delete, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.agent import Agent, Attachment, OnFailure
from midcall.domain.errors import Conflict, NotFound
from midcall.domain.phases import Phase
from midcall.domain.preview import MOST_OF_A_FIELD, preview
from midcall.storage.listings import BriefAgent, PageRequest
from midcall.storage.schema import agent_pins, agents

#: What warnings are made of, and nothing that is said.
_BRIEF = ("function", "phase", "order", "version", "on_failure", "timeout")
_LISTED = [column for column in agents.c if column.name != "attachments"]


@dataclass(frozen=True, slots=True)
class AgentStore:
    """Agents, with their attachments."""

    connection: Connection

    def put(self, agent: Agent) -> None:
        """Store an agent, or replace the one that has its id; raises Conflict if another one has its name."""
        attachments = [asdict(attached) for attached in agent.attachments]
        row = asdict(agent) | {"attachments": attachments, "preview": _preview(attachments)}
        if self.connection.execute(update(agents).where(agents.c.id == agent.id).values(row)).rowcount == 0:
            try:
                self.connection.execute(insert(agents).values(row))
            except IntegrityError as error:
                raise Conflict("an agent of that name exists already") from error
        self._pin(agent)

    def find(self, workspace_id: str, name: str, *, lock: bool = False) -> Agent | None:
        """Read one by its name."""
        query = select(agents).where(agents.c.workspace_id == workspace_id, agents.c.name == name)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else _agent_of(row, row.attachments)

    def get(self, workspace_id: str, name: str) -> Agent:
        """Read one by its name; raises NotFound."""
        agent = self.find(workspace_id, name)
        if agent is None:
            raise NotFound(f"there is no agent named {name!r:.80} in this workspace")
        return agent

    def page(self, workspace_id: str, page: PageRequest, *, among: Sequence[str] | None = None) -> Sequence[BriefAgent]:
        """List a workspace's agents by name; `among` names those that may be shown."""
        query = select(*_LISTED).where(agents.c.workspace_id == workspace_id)
        if among is not None:
            query = query.where(agents.c.name.in_(among))
        if page.cursor is not None:
            query = query.where(agents.c.name > page.cursor)
        return [_brief_of(row) for row in self.connection.execute(query.order_by(agents.c.name).limit(page.limit))]

    def phases_of(self, workspace_id: str, function: str) -> frozenset[str]:
        """Return the phases that a function is attached to, by any of a workspace's agents."""
        text = type_coerce(agents.c.attachments, Text).contains(f'"{function}"', autoescape=True)
        query = select(agents.c.attachments).where(agents.c.workspace_id == workspace_id, text)
        found: set[str] = set()
        for (attachments,) in self.connection.execute(query):
            found |= {each["phase"] for each in attachments if each["function"] == function}
            if len(found) == len(Phase):
                break
        return frozenset(found)

    def _pin(self, agent: Agent) -> None:
        """Write which versions it has by number."""
        self.connection.execute(delete(agent_pins).where(agent_pins.c.agent_id == agent.id))
        pins = {(each.function, each.version) for each in agent.attachments if each.version is not None}
        if pins:
            own = {"agent_id": agent.id, "workspace_id": agent.workspace_id}
            self.connection.execute(
                insert(agent_pins), [{**own, "function": name, "version": number} for name, number in sorted(pins)]
            )


def _preview(attachments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = preview({"functions": attachments}, MOST_OF_A_FIELD)
    return (
        {**found, "brief": [{name: each[name] for name in _BRIEF} for each in attachments]} if found["cut"] else found
    )


def _brief_of(row: Row[Any]) -> BriefAgent:
    found = row.preview
    return BriefAgent(_agent_of(row, found["brief"] if found["cut"] else found["whole"]["functions"]), found["cut"])


def _agent_of(row: Row[Any], attachments: Sequence[Mapping[str, Any]]) -> Agent:
    read = tuple(
        Attachment(**{**item, "phase": Phase(item["phase"]), "on_failure": OnFailure(item["on_failure"])})
        for item in attachments
    )
    columns = {name: getattr(row, name) for name in Agent.__slots__ if name != "attachments"}
    return Agent(**columns, attachments=read)
