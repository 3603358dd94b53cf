"""What the routes stand on: the use cases of one process, made by bootstrap and handed to `create_app`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import Scope as StarletteScope

from midcall.domain.errors import Unauthenticated
from midcall.domain.on_behalf import OWNER
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Access, Caller, proof_of
from midcall.service.access.audit_trail import AuditTrail
from midcall.service.access.workspaces import Workspaces
from midcall.service.actions.credential_check import CredentialChecks
from midcall.service.agents.adapters import Adapters
from midcall.service.agents.agents import Agents
from midcall.service.agents.tools import Tools
from midcall.service.assistant.assist import Assist
from midcall.service.credentials.credentials import Credentials
from midcall.service.credentials.signing import Signing
from midcall.service.functions.catalog import Catalog
from midcall.service.functions.rereview import Rereviews
from midcall.service.functions.review_version import Reviews
from midcall.service.releases.import_function import FunctionImports
from midcall.service.releases.publish import Publishing
from midcall.service.releases.write_and_publish import Releases
from midcall.service.runs.callbacks import Callbacks
from midcall.service.runs.overview import Overview
from midcall.service.runs.replay import Replays
from midcall.service.runs.submit import Invocations
from midcall.service.runs.sweep import Sweep
from midcall.service.runs.wait import OutcomeWaiter
from midcall.service.sessions.follow import SessionFollower
from midcall.service.sessions.retention import RetentionSweep
from midcall.service.sessions.session_call import SessionCalls
from midcall.service.sessions.sessions import Sessions
from midcall.service.sessions.sweep import SessionSweep
from midcall.service.sessions.timeline import Timelines
from midcall.service.test_cases.case_of_run import CasesOfRuns
from midcall.service.test_cases.case_runs import CaseRuns
from midcall.service.test_cases.test_cases import TestCases
from midcall.web.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Services:
    """Use cases, and what `/readyz` tells."""

    access: Access
    workspaces: Workspaces
    catalog: Catalog
    overview: Overview
    reviews: Reviews
    publishing: Publishing
    releases: Releases
    assist: Assist
    imports: FunctionImports
    invocations: Invocations
    replays: Replays
    test_cases: TestCases
    case_runs: CaseRuns
    cases_of_runs: CasesOfRuns
    agents: Agents
    adapters: Adapters
    credentials: Credentials
    credential_checks: CredentialChecks
    tools: Tools
    sessions: Sessions
    session_calls: SessionCalls
    timelines: Timelines
    sweep: Sweep
    session_sweep: SessionSweep
    retention_sweep: RetentionSweep
    waiting: OutcomeWaiter
    following: SessionFollower
    signing: Signing
    callbacks: Callbacks
    trail: AuditTrail
    rereviews: Rereviews
    readiness: Readiness


async def services(request: Request) -> Services:
    """Get the services of the app that serves a request; asynchronous, since FastAPI gives others a thread each."""
    found: Services = request.app.state.services
    return found


Use = Annotated[Services, Depends(services)]


_bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="`mc_<id>_<secret>`")


async def admitted(scope: StarletteScope) -> Caller:
    """Say who sends a request, by its header alone; raises the same Unauthenticated whatever is wrong with the key."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    # What could be no key costs no look into the database.
    proof = proof_of(token.strip())
    state = scope["app"].state
    OWNER.set(proof.key_id)
    found: Caller = await state.key_threads.run(state.services.access.recognise, proof)
    OWNER.set(found.workspace_id)
    state.rates.take(found)
    return found


class RequireScope:
    """A dependency that lets a key with one of some scopes in, and gives its caller.

    The intake has asked whose key it is, before it read the body; where it has not, nobody is let in.
    """

    def __init__(self, *scopes: Scope | Own) -> None:
        self._scopes = scopes

    async def __call__(
        self, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        """Let a request in."""
        return self.admit(request)

    def admit(self, request: Request) -> Caller:
        """Return the caller; raises Unauthenticated or Forbidden."""
        found: Caller | None = getattr(request.state, "caller", None)
        if found is None:
            raise Unauthenticated
        found.need(*self._scopes)
        return found


Reader = Annotated[Caller, Depends(RequireScope(Scope.READ))]
Runner = Annotated[Caller, Depends(RequireScope(Scope.RUN))]
Writer = Annotated[Caller, Depends(RequireScope(Scope.WRITE))]
Judge = Annotated[Caller, Depends(RequireScope(Scope.REVIEW))]
Admin = Annotated[Caller, Depends(RequireScope(Scope.ADMIN))]

# For keys that are limited to agents as well: the use case has to look whose a thing is.
OwnReader = Annotated[Caller, Depends(RequireScope(Own(Scope.READ)))]
OwnRunner = Annotated[Caller, Depends(RequireScope(Own(Scope.RUN)))]
OwnRunnerOrReader = Annotated[Caller, Depends(RequireScope(Own(Scope.RUN), Own(Scope.READ)))]
