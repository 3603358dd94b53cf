"""What a workspace looks like at a glance: functions, sessions and invocations, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from midcall.domain.activity import MAX_RUNS, MINUTE_MS, Activity, by_minute, minute_of
from midcall.domain.function import Function, VersionStatus
from midcall.service.access.access import Caller, check_agent, readable
from midcall.service.runs.submit import refuse_limited
from midcall.storage.database import Storage
from midcall.storage.listings import (
    InvocationFilter,
    InvocationLine,
    PageRequest,
    RunsAtAGlance,
    SessionFilter,
    SessionLine,
)

#: Runs that a glance looks at: a function's latest ones.
RECENT = 20


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """One function at a glance."""

    function: Function
    description: str
    #: Of the latest version.
    status: VersionStatus
    runs: RunsAtAGlance


@dataclass(frozen=True, slots=True)
class SessionAtAGlance:
    """One session, and how many invocations it has."""

    session: SessionLine
    invocations: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Use cases of looking around."""

    storage: Storage

    def functions(self, caller: Caller, page: PageRequest, *, search: str = "") -> list[FunctionLine]:
        """List functions by name, those whose name or display name has the words of `search`; four queries in all."""
        with self.storage.read() as tx:
            found = tx.functions.page(caller.workspace_id, page, search=search)
            versions = tx.functions.brief([(function.id, function.latest) for function in found])
            runs = tx.invocations.at_a_glance([function.id for function in found], recent=RECENT)
        return [
            FunctionLine(
                function,
                versions[function.id, function.latest].version.config.description,
                versions[function.id, function.latest].version.status,
                runs.get(function.id, RunsAtAGlance()),
            )
            for function in found
        ]

    def activity(self, caller: Caller, *, since: int, until: int) -> Activity:
        """Sum up what ended in the minutes from that of `since` to that of `until`; one query.

        Where more than MAX_RUNS runs did, it begins with the first minute that is counted whole.
        """
        with self.storage.read() as tx:
            runs = tx.invocations.ended_since(caller.workspace_id, minute_of(since), limit=MAX_RUNS)
        if len(runs) == MAX_RUNS:
            # Of its minute some may be missing; the last minute goes on all the same.
            since = min(minute_of(runs[-1].ended_at) + MINUTE_MS, minute_of(until))
        return by_minute(runs, since=since, until=until)

    def function_names(self, caller: Caller, page: PageRequest) -> list[str]:
        """List the names of functions: for choices."""
        with self.storage.read() as tx:
            return [function.name for function in tx.functions.page(caller.workspace_id, page)]

    def sessions(self, caller: Caller, where: SessionFilter, page: PageRequest) -> list[SessionAtAGlance]:
        """List sessions, newest first: those that the caller may read."""
        with self.storage.read() as tx:
            found = tx.sessions.lines(caller.workspace_id, readable(caller, where), page)
            counts = tx.invocations.count_by_session([line.id for line in found])
        return [SessionAtAGlance(line, counts.get(line.id, 0)) for line in found]

    def invocations(self, caller: Caller, where: InvocationFilter, page: PageRequest) -> Sequence[InvocationLine]:
        """List invocations, newest first."""
        refuse_limited(caller)
        with self.storage.read() as tx:
            return tx.invocations.lines(caller.workspace_id, readable(caller, where), page)

    def invocations_of(self, caller: Caller, session_id: str, page: PageRequest) -> Sequence[InvocationLine]:
        """List the invocations of a session, newest first; also for keys that are limited to its agent."""
        with self.storage.read() as tx:
            check_agent(caller, tx.sessions.get(caller.workspace_id, session_id).agent)
            return tx.invocations.lines(caller.workspace_id, InvocationFilter(session=session_id), page)
