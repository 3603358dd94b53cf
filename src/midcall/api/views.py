"""From domain values to the JSON of the contract."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from midcall.domain.adapter import Adapter, Vendor
from midcall.domain.agent import Attachment
from midcall.domain.credential import ANY_ENVIRONMENT
from midcall.domain.function import DEFAULT_ENVIRONMENT, Version
from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.jsonvalue import Json
from midcall.domain.mock import Mock
from midcall.domain.parameters import MASK
from midcall.domain.preview import MOST_OF_A_FIELD, preview
from midcall.domain.rereview import Rereview, VersionFlag
from midcall.domain.run import RunReport
from midcall.domain.session import Session, SessionStatus
from midcall.domain.test_case import TestCase
from midcall.domain.times import iso, iso_or_none
from midcall.domain.timings import timings, timings_of
from midcall.domain.variables import Variable, values
from midcall.domain.workspace import Key, Workspace
from midcall.service.access.access import NewSecret
from midcall.service.agents.agents import AgentView
from midcall.service.agents.tools import ToolsView
from midcall.service.credentials.credentials import CredentialView
from midcall.service.credentials.inline_secrets import shown
from midcall.service.functions.catalog import FunctionView, VersionView
from midcall.service.releases.import_function import ImportView
from midcall.service.runs.outcome import outcome_document
from midcall.service.sessions.sessions import SessionView
from midcall.service.test_cases.case_runs import CaseResult, SuiteResult
from midcall.storage.listings import AuditLine, BriefCase, ListedInvocation, ListedSession, SessionLine

#: Versions that an item of a list shows, and characters of a text that it shows whole in any case.
MOST_VERSIONS, MOST_OF_A_LINE = 20, 200

#: Below an adapter's own path, what its vendor calls there; `midcall.compat` has the routes.
ADAPTER_PATHS: Mapping[Vendor, Mapping[str, str]] = {
    Vendor.RETELL: {"functions": "/functions/{name}", "inbound": "/inbound", "events": "/events"},
    Vendor.VAPI: {"messages": ""},
    Vendor.ELEVENLABS: {"functions": "/functions/{name}", "initiation": "/initiation", "post_call": "/post-call"},
}


def function_view(view: FunctionView) -> Json:
    """Show a function with its latest version."""
    function, flags = view.function, view.flags
    published = {flag for number in function.published.values() for flag in flags.get(number, ())}
    return {
        "id": function.id,
        "display_name": function.display_name,
        "tags": list(function.tags),
        **shown(view.version.stored),
        "published": dict(function.published),
        "published_version": function.published.get(DEFAULT_ENVIRONMENT),
        "flags": [flag.value for flag in VersionFlag if flag in published],
        "versions": [version_brief(version, flags.get(version.number, ())) for version in view.versions],
        "created_at": iso(function.created_at),
        "updated_at": iso(function.updated_at),
    }


def function_listed(view: FunctionView) -> Json:
    """Show a function in a list: large fields of its latest version are null, and begin as `preview` has it."""
    cut = dict(view.cut)
    few = ("versions",) if len(view.versions) <= MOST_VERSIONS else ()
    return brief({**function_view(view), **dict.fromkeys(cut)}, kept=("description", *few), cut=cut)


def brief(item: Json, *, kept: Collection[str] = (), cut: Mapping[str, str] | None = None) -> Json:
    """Show an item in a list: what is large is null, and `preview` has its name and how it begins."""
    # A line of text is whole, in whatever script.
    lines = {name for name, value in item.items() if isinstance(value, str) and len(value) <= MOST_OF_A_LINE}
    found = preview({name: value for name, value in item.items() if name not in {*kept, *lines}}, MOST_OF_A_FIELD)
    return {name: found["whole"].get(name) for name in item} | {
        **{name: item[name] for name in (*kept, *lines)},
        **_previews({**found["cut"], **(cut or {})}),
    }


def _previews(cut: Mapping[str, str]) -> Json:
    """Tell what was cut, where anything was."""
    return {"preview": dict(cut)} if cut else {}


def version_brief(version: Version, flags: Sequence[VersionFlag]) -> Json:
    """Show a version in brief."""
    return {
        "number": version.number,
        "status": version.status.value,
        "flags": [flag.value for flag in flags],
        "sha256": version.sha256,
        "author": version.author,
        "created_at": iso(version.created_at),
    }


def version_view(view: VersionView) -> Json:
    """Show a version in full."""
    version, rereview = view.version, view.rereview
    return {
        **version_brief(version, view.flags),
        **shown(version.stored),
        "name": view.function.name,
        "review": version.review,
        "rereview": None if rereview is None else _rereview(rereview),
    }


def _rereview(rereview: Rereview) -> Json:
    return {
        "policy": rereview.policy,
        "status": rereview.status.value,
        "comments": [dict(comment) for comment in rereview.comments],
        "reviewed_at": iso(rereview.reviewed_at),
    }


def import_view(view: ImportView) -> Json:
    """Show what became of a vendor's config."""
    return {
        "function": None if view.config is None else {"display_name": view.display_name, **shown(view.config)},
        "notes": [{"loc": note.loc, "msg": note.msg} for note in view.notes],
        "review": None if view.review is None else dict(view.review),
        "created": view.created,
    }


def key_view(key: Key) -> Json:
    """Show a key without anything that its secret could be guessed from."""
    return {
        "id": key.id,
        "principal": key.principal,
        "scopes": sorted(key.held),
        "agents": list(key.agents),
        "created_at": iso(key.created_at),
        "revoked_at": iso_or_none(key.revoked_at),
    }


def new_key_view(new: NewSecret) -> Json:
    """Show a key with its secret, this once."""
    return {**key_view(new.key), "secret": new.token}


def workspace_view(workspace: Workspace) -> Json:
    """Return a workspace's settings and limits as the API shows them."""
    settings = workspace.settings
    return {
        "id": workspace.id,
        "name": workspace.name,
        "approval": settings.approval.value,
        "enforce_current_policy": settings.enforce_current_policy,
        "allow_jail": settings.allow_jail,
        "limits": {
            "max_in_flight": settings.max_in_flight,
            "max_webhooks_in_flight": settings.max_webhooks_in_flight,
        },
        "ceilings": asdict(workspace.ceilings),
        "session_idle_s": settings.session_idle_s,
        "session_max_age_s": settings.session_max_age_s,
        "pre_session_timeout_ms": settings.pre_session_timeout_ms,
        "post_session_wait_s": settings.post_session_wait_s,
        "callback_url": settings.callback_url,
        "retention_days": settings.retention_days,
        "refused_retention_days": settings.refused_retention_days,
        "event_retention_days": settings.event_retention_days,
        "audit_retention_days": settings.audit_retention_days,
        "record_actions": settings.record_actions,
        "default_region": settings.default_region,
        "time_zone": settings.time_zone,
        "signing_previous_until": iso(settings.signing_overlap_until) if settings.signing_overlap_until else None,
        "retell_previous_for": list(settings.retell_previous_for),
        "created_at": iso(workspace.created_at),
    }


def audit_view(line: AuditLine) -> Json:
    """Show a line of the audit trail; what it says of a version stands beside who and when."""
    detail = dict(line.detail)
    return {
        "id": str(line.id),
        "at": iso(line.at),
        "principal": line.principal,
        "key_id": line.key_id,
        "kind": line.act,
        "subject": line.subject,
        "function": line.function,
        "version": detail.pop("version", None),
        "sha256": detail.pop("sha256", None),
        "detail": detail,
    }


def outcome_view(invocation: Invocation) -> Json:
    """Show an outcome as the agent sees it: what to say, never a traceback."""
    return with_timings(outcome_document(invocation, invocation.told), invocation)


def with_timings(document: Json, invocation: Invocation) -> Json:
    """Add an invocation's timings to what is said of it."""
    return {**document, "timings": asdict(timings_of(invocation))}


def replay_view(invocation: Invocation, replay_of: str) -> Json:
    """Show a dry replay."""
    return {**report_view(invocation), "replay_of": replay_of}


def report_view(invocation: Invocation, recording: Sequence[Mock] | None = None) -> Json:
    """Show a test run as its author wants to see it: the raw value, the logs, the line that failed."""
    outcome, report = invocation.told, invocation.report
    return {
        "invocation_id": invocation.id,
        "version": invocation.version,
        "status": invocation.run_status.value,
        "result": report.result if report else outcome.result,
        "dynamicVariables": outcome.set_variables,
        "terminateAgent": outcome.terminate,
        "reason": outcome.reason,
        "logs": report.logs if report else "",
        "logs_truncated": bool(report and report.logs_truncated),
        "error": _error(outcome),
        "warnings": list(outcome.warnings),
        "flags": [flag.value for flag in outcome.flags],
        "request": report.request if report else None,
        "response": report.response if report else None,
        "actions": [asdict(record) for record in report.actions] if report else [],
        "recording": None if recording is None else [mock.document() for mock in recording],
        **_isolation(report),
        "timings": asdict(timings_of(invocation)),
        "sha256": invocation.sha256,
    }


def case_view(case: TestCase) -> Json:
    """Show a test case; its service has masked what is sensitive."""
    return {
        "name": case.name,
        **case.document(),
        "updated_by": case.principal,
        "updated_at": iso(case.updated_at),
    }


def case_listed(case: BriefCase) -> Json:
    """Show a test case in a list; what is large is null, and `preview` has how it begins."""
    document = {**dict.fromkeys(case.cut), **case.whole}
    more = {"updated_by": case.principal, "updated_at": iso(case.updated_at)}
    return {"name": case.name, **document, **more, **_previews(case.cut)}


def case_result_view(result: CaseResult) -> Json:
    """Show what came of one test case."""
    return {
        "case": result.case,
        "passed": result.passed,
        "why": result.why,
        "invocation_id": result.invocation_id,
        "status": result.status,
        "ms": result.ms,
    }


def suite_view(found: SuiteResult) -> Json:
    """Show what came of test cases that were run."""
    failed = len(found.failed)
    return {
        "version": found.suite.version.number,
        "sha256": found.suite.version.sha256,
        "passed": len(found.results) - failed,
        "failed": failed,
        "results": [case_result_view(result) for result in found.results],
    }


def invocation_view(invocation: Invocation) -> Json:
    """Show an invocation on record."""
    outcome, report = invocation.outcome, invocation.report
    sent = invocation.session.get("sessionId")
    # Of a call that was refused, large parameters are not kept: a preview is all there is.
    dropped = not invocation.params and invocation.status.refused and invocation.asked
    return {
        "id": invocation.id,
        "session": invocation.session_id or (sent if isinstance(sent, str) else None),
        "function": invocation.function,
        "version": invocation.version,
        "sha256": invocation.sha256,
        "purpose": invocation.purpose.value,
        "phase": invocation.phase.value,
        "environment": invocation.environment,
        "principal": invocation.principal,
        "status": invocation.status.value,
        "attempt": invocation.attempt,
        "params": dict(invocation.params),
        "result": (report.result if report else outcome.result) if outcome else None,
        "error": _error(outcome) if outcome else None,
        "logs": report.logs if report else "",
        "request": report.request if report else None,
        "response": report.response if report else None,
        "actions": [asdict(record) for record in report.actions] if report else [],
        "changed": list(outcome.changed) if outcome else [],
        **_previews(dropped["cut"] if dropped else {}),
        "flags": [flag.value for flag in outcome.flags] if outcome else [],
        "sandbox_id": report.sandbox_id or None if report else None,
        **_isolation(report),
        "idempotency_key": invocation.idempotency_key,
        "due_at": iso_or_none(invocation.due_at),
        "trace_id": invocation.trace_id,
        "created_at": iso(invocation.created_at),
        "started_at": iso_or_none(invocation.started_at),
        "ended_at": iso_or_none(invocation.ended_at),
        "timings": asdict(timings_of(invocation)),
    }


#: What a list shows of an invocation that has not come to anything yet.
_NOTHING_YET: Mapping[str, Any] = {
    "result": None,
    "error": None,
    "logs": "",
    "request": None,
    "response": None,
    "actions": [],
    "changed": [],
}
#: Older releases left no preview.
_UNKNOWN: Mapping[str, Any] = {"whole": {}, "cut": {"params": ""}}


def invocation_listed(found: ListedInvocation) -> Json:
    """Show an invocation in a list: what is large is null, and its beginning stands in `preview`."""
    line, asked, came = found.line, found.asked or _UNKNOWN, found.came or {}
    large = {**asked["whole"], **(came["whole"] if came else _NOTHING_YET)}
    cut = {**asked["cut"], **came.get("cut", {})}
    return {
        "id": line.id,
        "session": line.session_id or asked.get("session"),
        "function": line.function,
        "version": line.version,
        "sha256": found.sha256,
        "purpose": line.purpose.value,
        "phase": line.phase.value,
        "environment": found.environment,
        "principal": found.principal,
        "status": line.status.value,
        "attempt": line.attempt,
        **{name: large.get(name) for name in ("params", *_NOTHING_YET)},
        **_previews(cut),
        "flags": list(came.get("flags", ())),
        "sandbox_id": came.get("sandbox_id"),
        "isolation": came.get("isolation"),
        "isolation_note": came.get("isolation_note"),
        "idempotency_key": found.idempotency_key,
        "due_at": iso_or_none(line.due_at),
        "trace_id": found.trace_id,
        "created_at": iso(line.created_at),
        "started_at": iso_or_none(line.started_at),
        "ended_at": iso_or_none(line.ended_at),
        "timings": _timings_listed(found),
    }


def _isolation(report: RunReport | None) -> Json:
    """Show what a run was kept in, and why not in what was asked for."""
    kept_in = report.isolation if report else None
    return {
        "isolation": kept_in.value if kept_in else None,
        "isolation_note": report.isolation_note or None if report else None,
    }


def _timings_listed(found: ListedInvocation) -> Json:
    line, came = found.line, found.came or {}
    moments = (line.created_at, line.started_at, line.ended_at)
    return asdict(timings(moments, came.get("waited_ms", 0.0), came.get("sandbox_ms", 0.0)))


def tools_view(view: ToolsView) -> Json:
    """Show an agent's tools in a vendor's format."""
    return {
        "agent": view.agent,
        "environment": view.environment,
        "format": view.format.value,
        "tools": list(view.export.tools),
        "execution": dict(view.export.execution),
        "problems": [asdict(problem) for problem in view.export.problems],
    }


def session_tools(view: ToolsView) -> Json:
    """Show the tools of a session beside its own fields."""
    shown = tools_view(view)
    return {"tools": shown["tools"], "tools_execution": shown["execution"], "tools_problems": shown["problems"]}


def agent_view(view: AgentView) -> Json:
    """Show an agent with its attachments, and what whoever attached should know."""
    agent = view.agent
    return {
        "id": agent.id,
        "name": agent.name,
        "version": agent.version,
        "number": agent.number,
        "functions": [_attachment(attached) for attached in agent.attachments],
        "warnings": list(view.warnings),
        "created_at": iso(agent.created_at),
        "updated_at": iso(agent.updated_at),
    }


def agent_listed(view: AgentView) -> Json:
    """Show an agent in a list; attachments that are large are null, since what is said in them was not read."""
    item = agent_view(view)
    return brief({**item, **dict.fromkeys(view.cut)}, cut=view.cut)


def credential_view(view: CredentialView) -> Json:
    """Show a credential; the service has masked its secrets."""
    credential = view.credential
    own = {environment: values for environment, values in view.values.items() if environment != ANY_ENVIRONMENT}
    return {
        "name": credential.name,
        "type": credential.type.value,
        "values": view.values.get(ANY_ENVIRONMENT),
        "hosts": list(view.hosts.get(ANY_ENVIRONMENT, ())),
        "environments": own,
        "environment_hosts": {name: list(hosts) for name, hosts in view.hosts.items() if name != ANY_ENVIRONMENT},
        "readable": None not in view.values.values(),
        "used_by": list(view.used_by),
        "created_at": iso(credential.created_at),
        "updated_at": iso(credential.updated_at),
        "last_used_at": iso_or_none(credential.last_used_at),
    }


def adapter_view(adapter: Adapter) -> Json:
    """Show an adapter, and where its vendor calls; never its secrets."""
    base = f"/v1/adapters/{adapter.id}"
    return {
        "id": adapter.id,
        "vendor": adapter.vendor.value,
        "agent": adapter.agent,
        "environment": adapter.environment,
        "secret": MASK,
        "signing_secret": MASK if adapter.has_signing_secret else None,
        "vendor_agent": adapter.vendor_agent,
        "paths": {name: base + path for name, path in ADAPTER_PATHS[adapter.vendor].items()},
        "created_at": iso(adapter.created_at),
        "updated_at": iso(adapter.updated_at),
    }


def session_view(view: SessionView) -> Json:
    """Show a session: its body, its variables with where each came from, and its latest invocations in brief."""
    session = view.session
    runs = [_invocation_brief(each) for each in view.invocations]
    sources = None if view.brief else _variables(session.variables)
    return {
        **(session.preview.get("whole", {}) if view.body is None else view.body),
        **_session(session, session.updated_at),
        "dynamicVariables": values(session.variables),
        "variables": sources,
        "invocations": runs,
        **_previews({} if view.body is not None else {"body": ""}),
    }


def session_listed(found: ListedSession) -> Json:
    """Show a session in a list: of its body what is small, and its variables unless they are large."""
    variables = found.variables
    return {
        **found.preview.get("whole", {}),
        **_session(found.line, found.updated_at),
        "dynamicVariables": None if variables is None else values(variables),
        "variables": None if variables is None else _variables(variables),
        **_previews(found.preview.get("cut", {}) | ({"dynamicVariables": ""} if variables is None else {})),
    }


def _session(line: SessionLine | Session, updated_at: int) -> Json:
    return {
        "sessionId": line.session_id,
        "agent": line.agent,
        "environment": line.environment,
        "status": line.status.value,
        "terminateAgent": line.status is SessionStatus.TERMINATED,
        "reason": line.reason,
        "createdAt": iso(line.created_at),
        "time": iso(updated_at),
        "endedAt": iso_or_none(line.ended_at),
    }


def _variables(variables: Mapping[str, Variable]) -> Json:
    return {
        name: {"value": variable.value, "source": variable.source, "at": iso(variable.at)}
        for name, variable in variables.items()
    }


def _invocation_brief(found: ListedInvocation) -> Json:
    line, whole = found.line, (found.came or {}).get("whole", {})
    error = whole.get("error")
    return {
        "id": line.id,
        "function": line.function,
        "version": line.version,
        "phase": line.phase.value,
        "status": line.status.value,
        "attempt": line.attempt,
        "error": error and {"type": error["type"], "message": error["message"]},
        "changed": whole.get("changed") if line.final else [],
        "due_at": iso_or_none(line.due_at),
        "timings": _timings_listed(found),
    }


def _attachment(attached: Attachment) -> Json:
    return {
        "function": attached.function,
        "phase": attached.phase.value,
        "order": attached.order,
        "version": attached.version,
        "on_failure": attached.on_failure.value,
        "messages": attached.messages,
        "timeout": attached.timeout,
    }


def listing(items: list[Json], limit: int, cursor: str) -> Json:
    """Show one page; `cursor` names the field that says where the next one begins."""
    full = len(items) == limit
    return {"items": items, "next_cursor": str(items[-1][cursor]) if full else None}


def _error(outcome: Outcome) -> Json | None:
    return None if outcome.error is None else asdict(outcome.error)
