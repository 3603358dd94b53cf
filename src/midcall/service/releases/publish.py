"""Publish a version whose test cases pass: what was tested is what is published."""

from dataclasses import dataclass

from midcall.domain.errors import CasesFailed, CasesUntested, Fault
from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.service.access.access import Caller
from midcall.service.functions.catalog import Catalog, FunctionView
from midcall.service.runs.wait import InThread
from midcall.service.test_cases.case_runs import SUITE_MS, CaseRuns, SuiteRequest, SuiteResult

#: Who forces waits no longer than this: a roll-back may be urgent. What is not over by then counts as failed.
FORCED_MS = 30_000
#: Failed cases that an error tells of.
MAX_TOLD = 20


@dataclass(frozen=True, slots=True)
class Publication:
    """Which version is to run where. `reason` is there if it is forced."""

    function: str
    version: int
    environment: str = DEFAULT_ENVIRONMENT
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Publishing:
    """Use case of publishing; an older version again is a roll-back."""

    catalog: Catalog
    case_runs: CaseRuns

    async def publish(self, caller: Caller, wanted: Publication, in_thread: InThread) -> FunctionView:
        """Run the function's test cases on a version, then publish it.

        Raises NotFound, NotApproved, CasesFailed unless it is forced, and CasesChanged if the cases are others by the
        time they have run.
        """
        try:
            return await self._publish(caller, wanted, None, in_thread)
        except CasesUntested:
            found = await self.case_runs.run(caller, _suite(wanted), in_thread)
        if found.failed and wanted.reason is None:
            raise _refusal(found)
        return await self._publish(caller, wanted, found, in_thread)

    async def _publish(
        self, caller: Caller, wanted: Publication, found: SuiteResult | None, in_thread: InThread
    ) -> FunctionView:
        def publish() -> FunctionView:
            tested = found.tested(wanted.reason) if found else None
            return self.catalog.publish(caller, wanted.function, wanted.version, wanted.environment, tested=tested)

        view: FunctionView = await in_thread(publish)
        return view


def _suite(wanted: Publication) -> SuiteRequest:
    budget_ms = SUITE_MS if wanted.reason is None else FORCED_MS
    return SuiteRequest(wanted.function, wanted.version, environment=wanted.environment, budget_ms=budget_ms)


def _refusal(found: SuiteResult) -> CasesFailed:
    failed, number = found.failed, found.suite.version.number
    names = ", ".join(result.case for result in failed[:MAX_TOLD])
    more = f" and {len(failed) - MAX_TOLD} more" if len(failed) > MAX_TOLD else ""
    return CasesFailed(
        f"{len(failed)} of {len(found.results)} test cases of version {number} failed ({names}{more}), so it was not "
        "published; mend the function or the cases, or publish it with force and a reason",
        faults=[Fault(f"tests.{result.case}", result.why or "") for result in failed[:MAX_TOLD]],
    )
