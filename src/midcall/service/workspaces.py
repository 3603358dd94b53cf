"""Use cases of workspaces."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from midcall.domain.errors import Conflict
from midcall.domain.ids import new_id
from midcall.domain.workspace import Scope, Workspace, WorkspaceSettings
from midcall.service.access import Access, Caller, NewSecret
from midcall.service.ports import Outbound, Storage

DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Use cases of workspaces."""

    storage: Storage
    access: Access
    clock: Callable[[], int]
    outbound: Outbound

    def create(self, name: str, *, principal: str) -> NewSecret:
        """Make a workspace and its first key, an admin's; raises Conflict if the name is taken."""
        with self.storage.write() as tx:
            if tx.workspaces.by_name(name) is not None:
                raise Conflict(f"a workspace named {name} exists already")
            workspace = Workspace(new_id("ws"), name, WorkspaceSettings(), self.clock())
            tx.workspaces.add(workspace)
            return self.access.create_in(tx, workspace.id, principal=principal, scopes=frozenset({Scope.ADMIN}))

    def exists(self, name: str) -> bool:
        """Tell whether there is a workspace of that name."""
        with self.storage.read() as tx:
            return tx.workspaces.by_name(name) is not None

    def create_key(self, name: str, *, principal: str, scopes: frozenset[Scope]) -> NewSecret:
        """Make a key in a named workspace: the operator's way; raises Conflict if there is no such workspace."""
        with self.storage.write() as tx:
            workspace = tx.workspaces.by_name(name)
            if workspace is None:
                raise Conflict(f"there is no workspace named {name}; make it with `midcall workspace create {name}`")
            return self.access.create_in(tx, workspace.id, principal=principal, scopes=scopes)

    def get(self, caller: Caller) -> Workspace:
        """Read the caller's workspace."""
        with self.storage.read() as tx:
            return tx.workspaces.get(caller.workspace_id)

    def change(self, caller: Caller, changes: dict[str, Any]) -> Workspace:
        """Change some of the workspace's settings."""
        if changes.get("callback_url"):
            self.outbound.check(changes["callback_url"], loc="callback_url")
        with self.storage.write() as tx:
            workspace = tx.workspaces.get(caller.workspace_id, lock=True)
            workspace = replace(workspace, settings=replace(workspace.settings, **changes))
            tx.workspaces.set_settings(workspace.id, workspace.settings)
            tx.audit.add(
                workspace_id=workspace.id,
                at=self.clock(),
                principal=caller.principal,
                act="workspace.change",
                subject=workspace.id,
                detail=asdict(workspace.settings),
            )
        return workspace
