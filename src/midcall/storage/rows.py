"""Rows to values and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row

from midcall.domain.action import ActionRecord
from midcall.domain.function import Approval, Function, Version, VersionStatus
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.isolation import Isolation
from midcall.domain.phases import Phase
from midcall.domain.preview import came_preview
from midcall.domain.rereview import VersionFlag
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.workspace import ApprovalMode, Ceilings, Key, Scope, Workspace, WorkspaceSettings
from midcall.storage.large_values import LargeValueKey, SplitValues, marked, split, split_variables, whole

#: Columns of an invocation that may be megabytes.
LARGE = ("params", "session", "report", "outcome")

_OF_FUNCTION = ("id", "workspace_id", "name", "display_name", "tags", "latest", "created_at", "updated_at")


def workspace_of(row: Row[Any]) -> Workspace:
    """Read a workspace."""
    return Workspace(
        id=row.id,
        name=row.name,
        settings=settings_of(row.settings),
        created_at=row.created_at,
        ceilings=ceilings_of(row.ceilings),
    )


def settings_of(document: Mapping[str, Any]) -> WorkspaceSettings:
    """Read a workspace's settings; those that a later release added take their defaults."""
    settings = dict(document)
    settings["retell_previous_for"] = tuple(settings.get("retell_previous_for", ()))
    settings["approval"] = ApprovalMode(settings.get("approval", ApprovalMode.AUTO))
    return WorkspaceSettings(**settings)


def ceilings_of(document: Mapping[str, int] | None) -> Ceilings:
    """Read what the operator allows a workspace."""
    return Ceilings(**(document or {}))


def key_of(row: Row[Any]) -> Key:
    """Read an API key from its row."""
    return Key(
        id=row.id,
        workspace_id=row.workspace_id,
        principal=row.principal,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        agents=tuple(row.agents),
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        previous_hash=row.previous_hash,
        previous_until=row.previous_until,
        revoked_at=row.revoked_at,
    )


def function_of(row: Row[Any], published: Mapping[str, int], *, prefix: str = "") -> Function:
    """Read a function from its columns, and from where which version is published.

    `prefix` begins the columns' names in a row that has another table's as well.
    """
    columns = {name: getattr(row, f"{prefix}{name}") for name in _OF_FUNCTION}
    return Function(**{**columns, "tags": tuple(columns["tags"])}, published=published)


def version_of(row: Row[Any], *, stored: Mapping[str, Any], review: Mapping[str, Any] | None) -> Version:
    """Read a version, its two large columns given apart since a listing leaves them out."""
    approval = None
    if row.approval_seal is not None:
        approval = Approval(
            policy=row.approval_policy, principal=row.approval_principal, at=row.approval_at, seal=row.approval_seal
        )
    return Version(
        function_id=row.function_id,
        number=row.number,
        stored=stored,
        sha256=row.sha256,
        status=VersionStatus(row.status),
        author=row.author,
        created_at=row.created_at,
        review=review,
        approval=approval,
    )


def decision_columns(version: Version) -> dict[str, Any]:
    """Return what a decision on a version writes."""
    approval = version.approval
    return {
        "status": version.status.value,
        "review": version.review,
        "approval_policy": approval.policy if approval else None,
        "approval_principal": approval.principal if approval else None,
        "approval_at": approval.at if approval else None,
        "approval_seal": approval.seal if approval else None,
    }


def invocation_columns(invocation: Invocation) -> SplitValues:
    """Return the columns of a new invocation; its report and outcome come later."""
    columns = {name: getattr(invocation, name) for name in Invocation.__slots__ if name not in {"report", "outcome"}}
    large = split(invocation.id, {"params": dict(invocation.params), "session": dict(invocation.session)})
    columns |= {
        "purpose": invocation.purpose.value,
        "phase": invocation.phase.value,
        "kind": invocation.kind.value,
        "status": invocation.status.value,
        "asked": None if invocation.asked is None else dict(invocation.asked),
    }
    return SplitValues(columns | large.columns, large.apart)


def invocations_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Invocation]:
    """Read invocations, with what of them stands apart; without those that were deleted since their rows were read."""
    documents = [(row, {name: getattr(row, name) for name in LARGE}) for row in rows]
    found = whole(connection, [place for row, each in documents for place in marked(row.id, each, LARGE)])
    there = []
    for row, each in documents:
        marks = marked(row.id, each, LARGE)
        if all(place in found for place in marks):
            there.append((row, each | {place.name: found[place] for place in marks}))
    named = {LargeValueKey(row.session_key, name) for row, each in there for name in _variables_apart(each).values()}
    variables = whole(connection, named)
    return [
        _invocation(row, each, variables)
        for row, each in there
        if all(LargeValueKey(row.session_key, name) in variables for name in _variables_apart(each).values())
    ]


def _variables_apart(large: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the names under which variables of an outcome stand apart."""
    found: Mapping[str, str] = (large["outcome"] or {}).get("variables_apart", {})
    return found


def bare_invocation(row: Row[Any]) -> Invocation:
    """Read an invocation without what is large of it."""
    return _invocation(row, {"params": {}, "session": {}, "report": None, "outcome": None}, {})


def _invocation(row: Row[Any], large: Mapping[str, Any], variables: Mapping[LargeValueKey, Any]) -> Invocation:
    columns = {name: getattr(row, name) for name in Invocation.__slots__ if name not in LARGE}
    report, outcome = large["report"], large["outcome"]
    if outcome is not None:
        apart = outcome.pop("variables_apart", {})
        outcome["variables"] |= {name: variables[LargeValueKey(row.session_key, key)] for name, key in apart.items()}
    return Invocation(
        **columns
        | {
            "params": large["params"],
            "session": large["session"],
            "purpose": Purpose(row.purpose),
            "phase": Phase(row.phase),
            "kind": Kind(row.kind),
            "status": InvocationStatus(row.status),
            "report": None if report is None else _report_of(report),
            "outcome": None if outcome is None else _outcome_of(outcome),
        }
    )


def report_columns(report: RunReport | None) -> dict[str, Any] | None:
    """Write a report as JSON; its recording has a table of its own."""
    if report is None:
        return None
    columns = asdict(replace(report, recording=None))
    del columns["recording"]
    return columns


def outcome_columns(
    invocation_id: str, outcome: Outcome, report: RunReport | None, session: str | None
) -> tuple[SplitValues, list[dict[str, str]]]:
    """Return the columns of what an invocation came to, and large variables, which stand apart once for a `session`."""
    document, apart = asdict(outcome), []
    if session is not None:
        small, named, variables = split_variables(session, outcome.variables)
        document |= {"variables": small, "variables_apart": named}
        apart = variables.apart
    large = split(invocation_id, {"report": report_columns(report), "outcome": document})
    return SplitValues({**large.columns, "came": came_preview(outcome, report)}, large.apart), apart


def _report_of(value: Mapping[str, Any]) -> RunReport:
    error = value["error"] and RunError(**value["error"])
    # Reports of earlier releases have none of these.
    isolation = value.get("isolation")
    actions = tuple(ActionRecord(**each) for each in value.get("actions", ()))
    read = {"status": RunStatus(value["status"]), "error": error, "actions": actions}
    read["isolation"] = isolation and Isolation(isolation)
    return RunReport(**{**value, **read, "warnings": tuple(value.get("warnings", ()))})


def _outcome_of(value: Mapping[str, Any]) -> Outcome:
    return Outcome(
        **{
            **value,
            "status": InvocationStatus(value["status"]),
            "changed": tuple(value["changed"]),
            "warnings": tuple(value["warnings"]),
            # Outcomes of earlier releases have none.
            "flags": tuple(VersionFlag(flag) for flag in value.get("flags", ())),
            "error": value["error"] and RunError(**value["error"]),
        }
    )
