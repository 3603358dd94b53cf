"""Run test cases: some at a time, all within one deadline, each the ordinary way, on record.

Asynchronous, like `midcall.service.runs.wait`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from midcall.domain.errors import Fault, InvalidInput, MidcallError, NotApproved, QueueFull
from midcall.domain.function import DEFAULT_ENVIRONMENT, Version
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.run_status import RunStatus
from midcall.domain.test_case import MAX_WHY, CaseRun, TestCase, Tested, cut, shortfall
from midcall.service.access.access import Caller
from midcall.service.claimed_run import redaction_of
from midcall.service.runs.submit import InvocationRequest, Invocations, check_status, refuse_limited
from midcall.service.runs.wait import InThread, NoOutcome, OutcomeWaiter
from midcall.service.schemas.schemas import value_faults
from midcall.service.test_cases.form import body_of, phase_of
from midcall.service.test_cases.secrets import masked_expectation
from midcall.storage.database import Storage

#: Cases of one workspace that run at a time in one process, whatever suites they belong to: others' tests, and the
#: workspace's own calls, find room beside them.
AT_ONCE = 8
#: The deadline of a whole suite.
SUITE_MS = 300_000
#: A suite that finds no room for a case asks again so often.
ROOM_AGAIN_S = 0.5
#: Seconds without a result after which whoever follows a suite is shown that it lives.
HEARTBEAT_S = 15.0


@dataclass(frozen=True, slots=True)
class SuiteRequest:
    """Which cases to run of which version; None: the latest approved one, all cases."""

    function: str
    version: int | None = None
    cases: Sequence[str] | None = None
    environment: str = DEFAULT_ENVIRONMENT
    budget_ms: int = SUITE_MS


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases to run, as they were read at one moment; `fingerprint` is that of all of the function's cases."""

    function: str
    version: Version
    cases: tuple[TestCase, ...]
    fingerprint: str
    environment: str
    budget_ms: int
    deadline_at: int


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case. `why` is None where it passed; without `invocation_id` it was not run."""

    case: str
    why: str | None
    invocation_id: str | None = None
    status: RunStatus = RunStatus.NOT_RUN
    ms: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether it came to what was expected."""
        return self.why is None


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The results of a suite, by the names of its cases."""

    suite: Suite
    results: tuple[CaseResult, ...]

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """Those that did not pass."""
        return tuple(result for result in self.results if not result.passed)

    def tested(self, reason: str | None = None) -> Tested:
        """Return what publishing wants to know."""
        version, failed = self.suite.version, tuple(result.case for result in self.failed)
        passed = len(self.results) - len(failed)
        return Tested(version.function_id, version.sha256, self.suite.fingerprint, passed, failed, reason)


@dataclass(frozen=True, slots=True)
class CaseRuns:
    """Use cases of running test cases."""

    storage: Storage
    invocations: Invocations
    waiting: OutcomeWaiter
    clock: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    heartbeat_s: float = HEARTBEAT_S
    #: By workspace; one that nobody uses is forgotten.
    _rooms: "WeakValueDictionary[str, asyncio.Semaphore]" = field(default_factory=WeakValueDictionary)

    def suite(self, caller: Caller, wanted: SuiteRequest) -> Suite:
        """Read what is to run; raises NotFound, NotApproved, and InvalidInput for names that no case has."""
        refuse_limited(caller)
        with self.storage.read() as tx:
            function = tx.functions.get(caller.workspace_id, wanted.function)
            number = tx.functions.latest_approved(function.id) if wanted.version is None else wanted.version
            if number is None:
                raise NotApproved(f"no version of {function.name} is approved; submit one for review first")
            version = tx.functions.version(function.id, number)
            check_status(version)
            cases = tx.test_cases.of(function.id)
            fingerprint = tx.test_cases.fingerprint(function.id)
        return Suite(
            function=function.name,
            version=version,
            cases=_named(cases, wanted.cases),
            fingerprint=fingerprint,
            environment=wanted.environment,
            budget_ms=wanted.budget_ms,
            deadline_at=self.clock() + wanted.budget_ms,
        )

    async def run(self, caller: Caller, wanted: SuiteRequest, in_thread: InThread) -> SuiteResult:
        """Run cases to the end."""
        suite: Suite = await in_thread(self.suite, caller, wanted)
        return in_order(suite, [each async for each in self.results(caller, suite, in_thread) if each is not None])

    async def results(
        self, caller: Caller, suite: Suite, in_thread: InThread
    ) -> AsyncGenerator[CaseResult | None, None]:
        """Run the cases of a suite; yields what came of each as it comes, and None where nothing has for a while."""
        pending = {asyncio.create_task(self._result(caller, suite, case, in_thread)) for case in suite.cases}
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending, timeout=self.heartbeat_s, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    yield None
                for task in done:
                    yield task.result()
        finally:
            # Whoever followed has gone: what runs comes to its end on its own, nothing more is started.
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _result(self, caller: Caller, suite: Suite, case: TestCase, in_thread: InThread) -> CaseResult:
        try:
            async with self._room(caller.workspace_id, suite):
                return await self._run(caller, suite, case, in_thread)
        except TimeoutError:
            return CaseResult(case.name, _late(suite))
        except NoOutcome as error:
            return CaseResult(case.name, error.message)
        except MidcallError as error:
            return CaseResult(case.name, cut(f"not run: {error.message}{_told(error.faults)}", MAX_WHY))

    async def _run(self, caller: Caller, suite: Suite, case: TestCase, in_thread: InThread) -> CaseResult:
        while True:
            call = _call(suite, case)
            if self.clock() >= suite.deadline_at:
                return CaseResult(case.name, _late(suite))
            try:
                ended = await self._ended(caller, call, in_thread)
            except QueueFull as error:
                if self.clock() + ROOM_AGAIN_S * 1000 >= suite.deadline_at:
                    return CaseResult(case.name, f"not run: {error.message}")
                await self.sleep(ROOM_AGAIN_S)
            else:
                result: CaseResult = await in_thread(judged, suite, case, ended)
                return result

    async def _ended(self, caller: Caller, call: InvocationRequest, in_thread: InThread) -> Invocation:
        return await self.waiting.run(lambda: self.invocations.admit(caller, call), call.id, in_thread)

    @asynccontextmanager
    async def _room(self, workspace_id: str, suite: Suite) -> AsyncIterator[None]:
        """Wait for one's turn; raises TimeoutError where it has not come by the suite's deadline."""
        room = self._rooms.setdefault(workspace_id, asyncio.Semaphore(AT_ONCE))
        async with asyncio.timeout(max(0, suite.deadline_at - self.clock()) / 1000):
            await room.acquire()
        try:
            yield
        finally:
            room.release()


def in_order(suite: Suite, results: Sequence[CaseResult]) -> SuiteResult:
    """Put results in the order of the suite's cases."""
    found = {result.case: result for result in results}
    return SuiteResult(suite, tuple(found[case.name] for case in suite.cases))


def judged(suite: Suite, case: TestCase, ended: Invocation) -> CaseResult:
    """Judge a run that is over. Sensitive values are masked in what is expected as they are on record."""
    status = ended.run_status
    total_ms = float((ended.ended_at or ended.created_at) - ended.created_at)
    outcome, report = ended.outcome, ended.report
    redaction = redaction_of(suite.version.config.parameters, ended.params)
    error = outcome.error if outcome else None
    line = f" (line {error.line})" if error and error.line else ""
    seen = CaseRun(
        status=status,
        result=redaction.value(report.result if report else None),
        variables=redaction.value(outcome.set_variables if outcome else {}),
        terminate=bool(outcome and outcome.terminate),
        problem=f"{error.type}: {error.message}{line}" if error else "",
    )
    why = shortfall(masked_expectation(case.expect, redaction), seen, _unfit)
    if ended.sha256 != suite.version.sha256 or ended.function_id != suite.version.function_id:
        why = "another version of the function was run; run the tests again"
    return CaseResult(case.name, None if why is None else redaction.text(why), ended.id, status, total_ms)


def _unfit(schema: Any, value: Any) -> str | None:
    faults = value_faults(schema, value, "$")
    return f"{faults[0].loc}: {faults[0].msg}" if faults else None


def _named(cases: Sequence[TestCase], names: Sequence[str] | None) -> tuple[TestCase, ...]:
    if names is None:
        return tuple(cases)
    known, text = {case.name for case in cases}, "there is no test case of that name"
    faults = [Fault(f"cases.{place}", text) for place, name in enumerate(names) if name not in known]
    if faults:
        raise InvalidInput(faults=faults)
    return tuple(case for case in cases if case.name in set(names))


def _call(suite: Suite, case: TestCase) -> InvocationRequest:
    return InvocationRequest(
        id=new_id("inv"),
        function=suite.function,
        purpose=Purpose.TEST,
        params=case.params,
        session=body_of(case),
        phase=phase_of(case),
        environment=suite.environment,
        version=suite.version.number,
        rehearsal=case.rehearsal,
        deadline_at=suite.deadline_at,
    )


def _late(suite: Suite) -> str:
    return f"not run: the {suite.budget_ms // 1000} seconds that all cases have together were up before its turn came"


def _told(faults: Sequence[Fault]) -> str:
    return "".join(f"; {fault.loc}: {fault.msg}" for fault in faults)
