"""Tools for one function: review it, or run it."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.cli.any_pool import any_pool
from midcall.cli.document import (
    ActionFlag,
    EgressFlag,
    FunctionFile,
    ParametersFlag,
    PhaseFlag,
    read_function,
    read_json,
    read_mocks,
    read_params,
    refusal,
)
from midcall.cli.say import say_json
from midcall.connectors.enabled import operations_enabled
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.ids import new_id
from midcall.domain.invocation import Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import run_status
from midcall.domain.session_body import body_alone, body_faults
from midcall.domain.times import now_ms
from midcall.reviewer import SubprocessReviewer
from midcall.service.actions.dry import DryGateway
from midcall.service.functions.findings import findings_of
from midcall.service.runs.outcome import outcome_of
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params


def review(
    file: FunctionFile,
    parameters: ParametersFlag = None,
    action: ActionFlag = None,
    egress: EgressFlag = None,
    phase: PhaseFlag = None,
) -> None:
    """Review a function; prints the review as JSON, and exits with 1 if it would be refused.

    Credentials are a workspace's: whether those that it names are there is not looked at.
    """
    draft = read_function(file, parameters=parameters, actions=action, egress=egress, phases=phase)
    reviewer = SubprocessReviewer(children=1, allowed=allow_list(Settings()))
    try:
        findings = findings_of(reviewer, draft.config(), None, frozenset(draft.phases))
    finally:
        reviewer.close()
    status = "approved" if findings.clean else "changes_requested"
    comments = [asdict(comment) for comment in findings.comments]
    shown = {"status": status, "policy": findings.policy, "took_ms": round(findings.took_ms, 2), "comments": comments}
    say_json(shown)
    raise typer.Exit(0 if findings.clean else 1)


def run(
    file: FunctionFile,
    session: Annotated[str | None, typer.Option(help="session body: JSON, or a file with it")] = None,
    params: Annotated[str | None, typer.Option(help="the call's parameters: JSON, or a file with it")] = None,
    mocks: Annotated[
        str | None, typer.Option(help="answers of actions, as test runs take them: JSON, or a file with it")
    ] = None,
    parameters: ParametersFlag = None,
    action: ActionFlag = None,
    egress: EgressFlag = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, max=600, help="seconds; default: the function's own, 120 for a source")
    ] = None,
) -> None:
    """Run code in the sandbox WITHOUT review and print the report as JSON: the operator's own tool.

    Nothing leaves this machine: mocks answer its actions, and an action without one fails.
    """
    config = read_function(file, parameters=parameters, actions=action, egress=egress).config()
    if config.kind is not Kind.CODE:
        raise refusal(f"{file} is a webhook; there is no code to run. Try it with a test run of the API")
    settings = Settings()
    set_up_logs(settings, "run")  # to standard error: standard output is the report's
    answers = read_mocks(mocks)
    deadline_ms = int((timeout or config.timeout) * 1000)
    request = RunRequest(
        run_id=new_id("run"),
        source=config.code.source,
        session=session_of(config, session, params, deadline_ms),
        deadline_ms=deadline_ms,
        actions=operations_enabled(config.code.entries),
    )
    with any_pool(settings) as client:
        gateway = DryGateway(config.code.entries, answers)
        report = replace(client.run(request, gateway.act), actions=gateway.records)
    variables = request.session["dynamicVariables"]
    say_json(shown_report(report, outcome_of(report, config, Phase(request.session["phase"]), variables)))


def session_of(config: FunctionConfig, session: str | None, params: str | None, deadline_ms: int) -> dict[str, Any]:
    """Return the session body for a run; parameters stand in `params` of it, unless they are given apart.

    Raises typer.BadParameter.
    """
    given: Any = {} if session is None else read_json(session)
    if not isinstance(given, dict):
        raise refusal(f"{session}: a session body is a JSON object")
    if faults := [f"{fault.loc}: {fault.msg}" for fault in body_faults(given)]:
        raise refusal(f"{session}: {'; '.join(faults)}")
    apart = read_params(params)
    sent = (given.get("params") or {}) if apart is None else apart
    if config.parameters.get("properties"):
        sent, unfit = fitting_params(config.parameters, sent, given.get("dynamicVariables") or {})
        if unfit:
            raise refusal(f"params: {faults_as_text(unfit)}")
    return body_alone(
        given,
        session_id=given.get("sessionId") or "run",
        phase=Phase(given.get("phase") or Phase.DURING_SESSION),
        environment=given.get("environment") or "production",
        params=sent,
        now=now_ms(),
        deadline_ms=deadline_ms,
    )


def shown_report(report: RunReport, outcome: Outcome) -> dict[str, Any]:
    """Return a report as it is printed: its end and its error are those that a test run of it would have."""
    shown = asdict(replace(report, error=outcome.error))
    waited, inside = shown.pop("waited_ms"), shown.pop("sandbox_ms")
    timings = {"queued_ms": waited, "sandbox_ms": inside, "total_ms": round(waited + inside, 2)}
    return {**shown, "status": run_status(report.status, outcome.status).value, "timings": timings}
