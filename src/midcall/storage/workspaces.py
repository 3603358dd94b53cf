"""Workspaces and API keys."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.errors import Conflict, NotFound
from midcall.domain.workspace import Ceilings, Key, Workspace, WorkspaceSettings
from midcall.storage.listings import PageRequest
from midcall.storage.rows import key_of, workspace_of
from midcall.storage.schema import api_keys, workspaces

# Built once, as in midcall.storage.invocations.
_WORKSPACE = select(workspaces).where(workspaces.c.id == bindparam("p_id"))
_WORKSPACE_LOCKED = _WORKSPACE.with_for_update(key_share=True)
_FIRST_TWO = select(workspaces.c.id).limit(2)
_KEY = select(api_keys).where(api_keys.c.id == bindparam("p_id"))


@dataclass(frozen=True, slots=True)
class WorkspaceStore:
    """Workspaces with their settings and limits."""

    connection: Connection

    def add(self, workspace: Workspace) -> None:
        """Store a new workspace; raises Conflict if the name is taken."""
        row = {
            "id": workspace.id,
            "name": workspace.name,
            "settings": asdict(workspace.settings),
            "created_at": workspace.created_at,
        }
        try:
            self.connection.execute(insert(workspaces).values(row))
        except IntegrityError as error:
            raise Conflict(f"a workspace named {workspace.name} exists already") from error

    def get(self, workspace_id: str, *, lock: bool = False) -> Workspace:
        """Read one; raises NotFound. `lock` holds the row until the transaction ends."""
        query = _WORKSPACE_LOCKED if lock else _WORKSPACE
        row = self.connection.execute(query, {"p_id": workspace_id}).one_or_none()
        if row is None:
            raise NotFound("there is no such workspace")
        return workspace_of(row)

    def by_name(self, name: str) -> Workspace | None:
        """Read one by its name."""
        row = self.connection.execute(select(workspaces).where(workspaces.c.name == name)).one_or_none()
        return None if row is None else workspace_of(row)

    def all(self) -> Sequence[Workspace]:
        """Read every workspace: for the sweep alone."""
        return [workspace_of(row) for row in self.connection.execute(select(workspaces).order_by(workspaces.c.id))]

    def several(self) -> bool:
        """Tell whether there is more than one."""
        return len(self.connection.execute(_FIRST_TWO).all()) > 1

    def set_ceilings(self, workspace_id: str, ceilings: Ceilings) -> None:
        """Replace what the operator allows."""
        self.connection.execute(
            update(workspaces).where(workspaces.c.id == workspace_id).values(ceilings=asdict(ceilings))
        )

    def set_settings(self, workspace_id: str, settings: WorkspaceSettings) -> None:
        """Replace a workspace's settings as a whole."""
        self.connection.execute(
            update(workspaces).where(workspaces.c.id == workspace_id).values(settings=asdict(settings))
        )


@dataclass(frozen=True, slots=True)
class KeyStore:
    """API keys, without their secrets."""

    connection: Connection

    def add(self, key: Key) -> None:
        """Store a new key."""
        self.connection.execute(insert(api_keys).values(_columns(key)))

    def find(self, key_id: str) -> Key | None:
        """Read one, of whatever workspace: for authentication alone."""
        row = self.connection.execute(_KEY, {"p_id": key_id}).one_or_none()
        return None if row is None else key_of(row)

    def get(self, workspace_id: str, key_id: str) -> Key:
        """Read one of a workspace; raises NotFound."""
        key = self.find(key_id)
        if key is None or key.workspace_id != workspace_id:
            raise NotFound("there is no such key in this workspace")
        return key

    def page(self, workspace_id: str, page: PageRequest) -> Sequence[Key]:
        """List a workspace's keys by id, so by age."""
        query = select(api_keys).where(api_keys.c.workspace_id == workspace_id).order_by(api_keys.c.id)
        if page.cursor is not None:
            query = query.where(api_keys.c.id > page.cursor)
        return [key_of(row) for row in self.connection.execute(query.limit(page.limit))]

    def replace(self, key: Key) -> None:
        """Write a key's changed hashes or revocation."""
        self.connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(_columns(key)))


def _columns(key: Key) -> dict[str, object]:
    return asdict(key) | {"scopes": sorted(key.scopes), "agents": list(key.agents)}
