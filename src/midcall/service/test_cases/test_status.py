"""The one word for how a run ended, as test cases expect it."""

from midcall.domain.invocation import Invocation, InvocationStatus
from midcall.domain.run import RunStatus


def word_of(invocation: Invocation) -> str:
    """Return the sandbox's word (`ok`, `timeout`), or midcall's own `refused` and `not_run`.

    What returned something unusable (a `terminateAgent` that is no boolean, a result that breaks a strict schema) is an
    `error`.
    """
    outcome, report = invocation.outcome, invocation.report
    if report is None:
        return "refused" if outcome is not None and outcome.status is InvocationStatus.REFUSED else "not_run"
    if report.status is RunStatus.OK and outcome is not None and outcome.status is not InvocationStatus.SUCCEEDED:
        return RunStatus.ERROR.value
    return report.status.value
