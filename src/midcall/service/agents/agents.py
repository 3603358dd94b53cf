"""Use cases of agents: which functions are attached, in which phase and order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from midcall.domain.agent import Agent, Attachment, OnFailure, Pin, in_order
from midcall.domain.errors import Conflict, Fault, InvalidInput, NotFound
from midcall.domain.function import DEFAULT_ENVIRONMENT, Function, VersionStatus, timeout_advice
from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.domain.phases import Phase
from midcall.domain.review import waited_for
from midcall.service.access.access import Caller, check_agent
from midcall.storage.database import Storage, Transaction
from midcall.storage.functions import Traits
from midcall.storage.listings import PageRequest

_T = TypeVar("_T")

MAX_ATTACHMENTS = 200
#: `seen` of an agent that is to be new.
NOT_YET = 0
#: Names and versions asked for at once: databases take so many parameters of a statement and no more.
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent, and what whoever attached should know."""

    agent: Agent
    warnings: tuple[str, ...]
    #: In lists, where its attachments are large: they lack what is said, and this is how they begin.
    cut: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agents:
    """Use cases of agents."""

    storage: Storage
    clock: Callable[[], int]

    def put(
        self,
        caller: Caller,
        name: str,
        *,
        version: str,
        number: str,
        attachments: Sequence[Attachment],
        seen: int | None = None,
    ) -> AgentView:
        """Create an agent or replace it whole; sessions under way keep what they started with.

        `seen` is the `updated_at` of the agent that was changed, or NOT_YET of one that is to be new: raises Conflict
        if it is another by now, so that nobody undoes what somebody else did meanwhile. None: replace it anyhow.
        """
        check_agent(caller, name)
        try:
            return self._put(caller, name, version, number, attachments, seen)
        except Conflict:
            # Somebody else created it between our look and our insert: now it is there to be replaced.
            return self._put(caller, name, version, number, attachments, seen)

    def _put(
        self,
        caller: Caller,
        name: str,
        version: str,
        number: str,
        attachments: Sequence[Attachment],
        seen: int | None,
    ) -> AgentView:
        now = self.clock()
        ordered = in_order(attachments)
        with self.storage.write() as tx:
            _check(tx, caller, ordered)
            known = tx.agents.find(caller.workspace_id, name, lock=True)
            _check_unchanged(known, seen)
            agent = Agent(
                id=known.id if known else new_id("ag"),
                workspace_id=caller.workspace_id,
                name=name,
                version=version,
                number=number,
                attachments=ordered,
                created_at=known.created_at if known else now,
                updated_at=now,
            )
            tx.agents.put(agent)
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=now,
                principal=caller.principal,
                key_id=caller.key.id,
                act="agent.put",
                subject=agent.id,
                detail={"functions": [_told(attached) for attached in ordered]},
            )
            return _viewed(tx, [agent])[0]

    def get(self, caller: Caller, name: str) -> AgentView:
        """Read one agent with its attachments and their warnings; raises NotFound."""
        check_agent(caller, name)
        with self.storage.read() as tx:
            return _viewed(tx, [tx.agents.get(caller.workspace_id, name)])[0]

    def page(self, caller: Caller, page: PageRequest) -> list[AgentView]:
        """List agents by name; a key that is limited to agents sees those alone."""
        with self.storage.read() as tx:
            found = tx.agents.page(caller.workspace_id, page, among=caller.key.agents or None)
            views = _viewed(tx, [brief.agent for brief in found])
        return [replace(view, cut=brief.cut) for view, brief in zip(views, found, strict=True)]


def _told(attached: Attachment) -> dict[str, Any]:
    """Write an attachment for the trail; its messages may be long, so it has their names alone."""
    return {**asdict(attached), "messages": None if attached.messages is None else sorted(attached.messages)}


def pins_for(tx: Transaction, agent: Agent, environment: str) -> tuple[Pin, ...]:
    """Choose the version of each attachment, for a session that starts now.

    What is not published in the environment is left out: an attachment without a version follows what is published.
    A function that was archived is left out too.
    """
    pins = []
    for attached in agent.attachments:
        try:
            function = tx.functions.get(agent.workspace_id, attached.function)
        except NotFound:
            continue
        number = attached.version or function.published.get(environment)
        if number is None:
            continue
        version = tx.functions.version(function.id, number)
        if version.status is VersionStatus.APPROVED:
            pins.append(_pin(attached, function, number, version.sha256))
    return tuple(pins)


def _pin(attached: Attachment, function: Function, number: int, sha256: str) -> Pin:
    return Pin(
        function=function.name,
        function_id=function.id,
        phase=attached.phase,
        version=number,
        sha256=sha256,
        on_failure=attached.on_failure,
        messages=attached.messages,
        timeout=attached.timeout,
    )


def _check(tx: Transaction, caller: Caller, attachments: Sequence[Attachment]) -> None:
    faults = []
    seen = set()
    for index, attached in enumerate(attachments):
        where = f"functions.{index}"
        try:
            function = tx.functions.get(caller.workspace_id, attached.function)
            if attached.version is not None:
                version = tx.functions.version(function.id, attached.version)
                if version.status is not VersionStatus.APPROVED:
                    faults.append(Fault(f"{where}.version", f"is {version.status}; only an approved one can be pinned"))
        except NotFound as error:
            faults.append(Fault(f"{where}.function", error.message))
        if (attached.function, attached.phase) in seen:
            faults.append(Fault(where, f"{attached.function} is attached to {attached.phase} twice; remove one"))
        seen.add((attached.function, attached.phase))
        if attached.on_failure is OnFailure.TERMINATE and attached.phase is not Phase.PRE_SESSION:
            faults.append(Fault(f"{where}.on_failure", "only a pre_session function can terminate a session"))
    if faults:
        raise InvalidInput(faults=faults)


def _check_unchanged(known: Agent | None, seen: int | None) -> None:
    if seen is None or (known.updated_at if known else NOT_YET) == seen:
        return
    if seen == NOT_YET:
        raise Conflict("there is an agent of this name already; open it, or choose another name")
    raise Conflict("somebody else has changed this agent meanwhile; load it again, then change it")


def _viewed(tx: Transaction, found: Sequence[Agent]) -> list[AgentView]:
    """Add what whoever attached should know; reads functions and versions of all agents together."""
    attached = [each for agent in found for each in agent.attachments]
    functions: dict[str, Function] = {}
    for some in _parts(sorted({each.function for each in attached})):
        functions |= tx.functions.named(found[0].workspace_id, some)
    wanted = {
        version
        for each in attached
        if (version := _version(functions.get(each.function), each)) is not None and not _lets_nobody_through(each)
    }
    traits = {key: each for some in _parts(sorted(wanted)) for key, each in tx.functions.traits(some).items()}
    return [AgentView(agent, tuple(_warnings(agent, functions, traits))) for agent in found]


def _parts(whole: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]


def _warnings(
    agent: Agent, functions: Mapping[str, Function], traits: Mapping[tuple[str, int], Traits]
) -> Iterator[str]:
    for attached in agent.attachments:
        function = functions.get(attached.function)
        version = _version(function, attached)
        if function is None:
            yield f"{attached.function} is archived; new sessions go without it"
        elif version is None:
            yield f"{attached.function} is not published in {DEFAULT_ENVIRONMENT}; sessions go without it"
        elif version in traits:
            yield from _advice(attached, traits[version])


def _advice(attached: Attachment, traits: Traits) -> Iterator[str]:
    """Say what of a version would surprise where it is attached."""
    name, phase = attached.function, attached.phase
    if phase is Phase.PRE_SESSION and traits.may_terminate and attached.on_failure is OnFailure.CONTINUE:
        yield (
            f"{name} can terminate the session, but if it fails the agent starts all the same; "
            'set "on_failure": "terminate" if it guards the session'
        )
    # What a webhook answers is known when it answers: its outcome says so then.
    if phase is not Phase.PRE_SESSION and traits.may_terminate and traits.kind is Kind.CODE:
        yield (
            f"{name} returns terminateAgent, which ends a session before it begins and at no other time; in {phase} "
            "nothing comes of it: attach it to pre_session"
        )
    advice = timeout_advice(attached.timeout or traits.timeout)
    if advice and waited_for({phase}, background=traits.background):
        yield f"{name} may keep the caller waiting: {advice}"


def _version(function: Function | None, attached: Attachment) -> tuple[str, int] | None:
    number = attached.version or (function.published.get(DEFAULT_ENVIRONMENT) if function else None)
    return None if function is None or number is None else (function.id, number)


def _lets_nobody_through(attached: Attachment) -> bool:
    return attached.phase is Phase.PRE_SESSION and attached.on_failure is OnFailure.TERMINATE
