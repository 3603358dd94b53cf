"""Use cases of workspaces."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from midcall.domain.errors import Conflict, Fault, InvalidInput
from midcall.domain.ids import new_id
from midcall.domain.workspace import OPERATOR, Ceilings, Scope, Workspace, WorkspaceSettings
from midcall.service.access.access import Access, Caller, NewSecret
from midcall.service.ports import Outbound
from midcall.storage.database import Storage, Transaction

DEFAULT_WORKSPACE = "default"
JAIL_FORBIDDEN = "the operator of this installation forbids jails (MIDCALL_JAIL=forbid); leave it false, or ask there"


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Use cases of workspaces."""

    storage: Storage
    access: Access
    clock: Callable[[], int]
    outbound: Outbound
    #: Whether the operator lets workspaces allow jails.
    jails: bool = True

    def create(self, name: str, *, principal: str) -> NewSecret:
        """Make a workspace and its first key, an admin's; raises Conflict if the name is taken."""
        with self.storage.write() as tx:
            if tx.workspaces.by_name(name) is not None:
                raise Conflict(f"a workspace named {name} exists already")
            workspace = Workspace(new_id("ws"), name, WorkspaceSettings(), self.clock())
            tx.workspaces.add(workspace)
            self._note_operator(tx, workspace.id, "workspace.create", workspace.id, {"name": name})
            return self._operators_key(tx, workspace.id, principal, frozenset({Scope.ADMIN}))

    def exists(self, name: str) -> bool:
        """Tell whether there is a workspace of that name."""
        with self.storage.read() as tx:
            return tx.workspaces.by_name(name) is not None

    def create_key(self, name: str, *, principal: str, scopes: frozenset[Scope]) -> NewSecret:
        """Make a key in a named workspace: the operator's way; raises Conflict if there is no such workspace."""
        with self.storage.write() as tx:
            workspace = tx.workspaces.by_name(name)
            if workspace is None:
                raise _missing(name)
            return self._operators_key(tx, workspace.id, principal, scopes)

    def get(self, caller: Caller) -> Workspace:
        """Read the caller's workspace."""
        with self.storage.read() as tx:
            return tx.workspaces.get(caller.workspace_id)

    def change(self, caller: Caller, changes: dict[str, Any]) -> Workspace:
        """Change some of the workspace's settings; raises InvalidInput for what is more than the operator allows."""
        if changes.get("callback_url"):
            self.outbound.check(changes["callback_url"], loc="callback_url")
        with self.storage.write() as tx:
            workspace = tx.workspaces.get(caller.workspace_id, lock=True)
            before = workspace.settings
            self._check_allowed(workspace.ceilings, changes)
            workspace = replace(workspace, settings=replace(before, **changes))
            tx.workspaces.set_settings(workspace.id, workspace.settings)
            tx.audit.add(
                workspace_id=workspace.id,
                at=self.clock(),
                principal=caller.principal,
                key_id=caller.key.id,
                act="workspace.change",
                subject=workspace.id,
                detail=_changes(before, workspace.settings),
            )
        return workspace

    def allow(self, name: str, changes: Mapping[str, int]) -> Workspace:
        """Change some of what a named workspace is allowed: the operator's way; raises Conflict if there is none."""
        with self.storage.write() as tx:
            named = tx.workspaces.by_name(name)
            if named is None:
                raise _missing(name)
            workspace = tx.workspaces.get(named.id, lock=True)
            ceilings = replace(workspace.ceilings, **changes)
            if ceilings != workspace.ceilings:
                tx.workspaces.set_ceilings(workspace.id, ceilings)
                before, after = asdict(workspace.ceilings), asdict(ceilings)
                detail = {each: {"before": before[each], "after": after[each]} for each in changes}
                self._note_operator(tx, workspace.id, "workspace.allow", workspace.id, detail)
        return replace(workspace, ceilings=ceilings)

    def _check_allowed(self, ceilings: Ceilings, changes: Mapping[str, Any]) -> None:
        most = asdict(ceilings)
        text = "the operator of this installation allows at most {}; ask there for more (`midcall workspace allow`)"
        faults = [
            Fault(f"limits.{name}", text.format(most[name]))
            for name in ("max_in_flight", "max_webhooks_in_flight")
            if changes.get(name, 0) > most[name]
        ]
        if changes.get("allow_jail") and not self.jails:
            faults.append(Fault("allow_jail", JAIL_FORBIDDEN))
        if faults:
            raise InvalidInput(faults=faults)

    def _operators_key(self, tx: Transaction, workspace_id: str, principal: str, scopes: frozenset[Scope]) -> NewSecret:
        new = self.access.create_in(tx, workspace_id, principal=principal, scopes=scopes)
        detail = {"principal": principal, "scopes": sorted(scopes), "agents": []}
        self._note_operator(tx, workspace_id, "key.create", new.key.id, detail)
        return new

    def _note_operator(
        self, tx: Transaction, workspace_id: str, act: str, subject: str, detail: Mapping[str, Any]
    ) -> None:
        tx.audit.add(
            workspace_id=workspace_id,
            at=self.clock(),
            principal=OPERATOR,
            key_id=None,
            act=act,
            subject=subject,
            detail=detail,
        )


def _missing(name: str) -> Conflict:
    return Conflict(f"there is no workspace named {name}; make it with `midcall workspace create {name}`")


def _changes(before: WorkspaceSettings, after: WorkspaceSettings) -> dict[str, Any]:
    """Tell each setting that is another now, with what it was."""
    was, now = asdict(before), asdict(after)
    return {
        name: {"before": _shown(name, was[name]), "after": _shown(name, now[name])}
        for name in was
        if was[name] != now[name]
    }


def _shown(name: str, value: Any) -> Any:
    """Leave out what may be secret: platforms put tokens into the URLs that they want to be called at."""
    if name != "callback_url" or value is None:
        return value
    return urlsplit(value).hostname
