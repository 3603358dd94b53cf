"""The tools of an agent, as the one who shows them to an LLM wants them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from midcall.domain.adapter import Vendor
from midcall.domain.agent import Agent, Attachment, Pin
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.expanded import Unexpandable
from midcall.domain.function import Function, Version, VersionStatus
from midcall.domain.function_config import FunctionConfig
from midcall.domain.phases import Phase
from midcall.domain.session import Session
from midcall.domain.speech import Spoken, spoken
from midcall.domain.visible import plain, visible
from midcall.service.access.access import Caller, check_agent
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import PageRequest
from midcall.vendors.tool import NO_ADAPTER, Address, Speech, Tool
from midcall.vendors.tools.export import CALLING, Export, ExportProblem, Format, export

#: Bytes of parameters, as an LLM sees them, in all of an agent's tools: more than its context, and a second's work.
MAX_PARAMETERS_BYTES = 1024 * 1024

#: Versions read at once: each may have 256 KiB, and an agent 200 of them.
_AT_ONCE = 25
_MOST_ADAPTERS = 200


@dataclass(frozen=True, slots=True)
class _Attached:
    """One attachment, or what a session holds of it, with what of its function is there."""

    held: Attachment | Pin
    environment: str
    #: None: the function is archived.
    title: str | None
    version: Version | None

    @property
    def name(self) -> str:
        return self.held.function

    def tool_or_problem(self) -> Tool | ExportProblem:
        """Make a tool; sessions that start now go without a function for which this makes a problem."""
        if self.title is None:
            return ExportProblem(self.name, "", "is archived; take it off the agent", exported=False)
        if self.version is None or self.version.status is not VersionStatus.APPROVED:
            return ExportProblem(
                self.name, "published", f"not published in {self.environment}; publish it", exported=False
            )
        try:
            return _tool(self.held, self.title, self.version.config)
        except Unexpandable as error:
            return ExportProblem(self.name, "parameters", str(error), exported=False)


@dataclass(frozen=True, slots=True)
class ToolsView:
    """An agent's tools in one format."""

    agent: str
    environment: str
    format: Format
    export: Export


@dataclass(frozen=True, slots=True)
class Tools:
    """Use cases of tools. `public_url` is where vendors reach this installation, if `public_url_set`; else a guess."""

    storage: Storage
    public_url: str
    public_url_set: bool

    def export(
        self, caller: Caller, agent_name: str, *, wanted: Format, environment: str, adapter: str | None
    ) -> ToolsView:
        """Write the functions that an agent can call during a session, in the order of their attachments.

        `adapter` is the id of the adapter that the vendor is to call, for the formats that hold URLs; by default the
        one that the agent has for that vendor. Raises InvalidInput for one that would not serve these tools.
        """
        check_agent(caller, agent_name)
        if adapter is not None and wanted not in CALLING:
            raise InvalidInput(faults=[Fault("adapter", f"only for the formats {', '.join(sorted(CALLING))}")])
        with self.storage.read() as tx:
            agent = tx.agents.get(caller.workspace_id, agent_name)
            if wanted in CALLING:
                adapter = _adapter(tx, agent.workspace_id, agent.name, Vendor(wanted.value), environment, adapter)
            written = self._written(wanted, _tools(tx, agent, environment), adapter)
        return ToolsView(agent.name, environment, wanted, written)

    def of_session(self, caller: Caller, session: Session, *, wanted: Format) -> ToolsView:
        """Write the functions that can be called in a session: the versions that it holds from its start to its end."""
        check_agent(caller, session.agent)
        adapter = None
        with self.storage.read() as tx:
            if wanted in CALLING:
                vendor = Vendor(wanted.value)
                adapter = _adapter(tx, session.workspace_id, session.agent, vendor, session.environment, None)
            written = self._written(wanted, _pinned(tx, session), adapter)
        return ToolsView(session.agent, session.environment, wanted, written)

    def _written(self, wanted: Format, attached: Iterable[_Attached], adapter: str | None) -> Export:
        written = export(wanted, _within_bounds(attached), Address(self.public_url, adapter))
        general = tuple(self._general_problems(adapter)) if wanted in CALLING else ()
        return replace(written, problems=(*general, *written.problems))

    def _general_problems(self, adapter: str | None) -> Iterator[ExportProblem]:
        if adapter is None:
            cure = (
                f"{NO_ADAPTER} in the URLs stands for an adapter's id: make one with PUT /v1/adapters/{{id}}, "
                "or name one of several with adapter=<id>"
            )
            yield ExportProblem(None, "adapter", cure, exported=True)
        if not self.public_url_set:
            cure = f"no public URL is set, so URLs start with {self.public_url}; set MIDCALL_PUBLIC_URL"
            yield ExportProblem(None, "url", cure, exported=True)


def _adapter(
    tx: Transaction, workspace_id: str, agent: str, vendor: Vendor, environment: str, adapter_id: str | None
) -> str | None:
    """Find the adapter that the vendor is to call: the one that is named, or the only one there is."""
    if adapter_id is None:
        found = tx.adapters.page(workspace_id, PageRequest(limit=_MOST_ADAPTERS), among=[agent])
        fitting = [each.id for each in found if (each.vendor, each.environment) == (vendor, environment)]
        return fitting[0] if len(fitting) == 1 else None
    named = tx.adapters.find(adapter_id)
    if named is None or named.adapter.workspace_id != workspace_id:
        raise InvalidInput(faults=[Fault("adapter", f"there is no adapter {adapter_id!r} in this workspace")])
    adapter = named.adapter
    if (adapter.vendor, adapter.agent, adapter.environment) != (vendor, agent, environment):
        text = f"is for {adapter.vendor}, the agent {adapter.agent!r:.80} and {adapter.environment}; name another one"
        raise InvalidInput(faults=[Fault("adapter", text)])
    return adapter.id


def _within_bounds(tools: Iterable[_Attached]) -> Iterator[Tool | ExportProblem]:
    """Make tools until there is more than anybody can use."""
    left = MAX_PARAMETERS_BYTES
    for attached in tools:
        if left < 0:
            cure = f"the tools before it have {MAX_PARAMETERS_BYTES // 1024**2} MiB of parameters already; attach fewer"
            yield ExportProblem(attached.name, "parameters", cure, exported=False)
            continue
        made = attached.tool_or_problem()
        if isinstance(made, Tool):
            left -= len(json.dumps(made.parameters))
        yield made


def _tools(tx: Transaction, agent: Agent, environment: str) -> Iterator[_Attached]:
    """Read what is attached, a few versions at a time."""
    attached = [each for each in agent.attachments if each.phase is Phase.DURING_SESSION]
    functions = tx.functions.named(agent.workspace_id, {each.function for each in attached})
    chosen = [(each, *_choose(functions, each, environment)) for each in attached]
    versions = _versions(tx, [(function.id, number) for _, function, number in chosen if function and number])
    for each, function, number in chosen:
        version = next(versions) if function and number else None
        yield _Attached(each, environment, None if function is None else function.display_name, version)


def _pinned(tx: Transaction, session: Session) -> Iterator[_Attached]:
    """Read what a session holds, a few versions at a time; a function that is archived by now goes by its name."""
    pins = session.pins_of(Phase.DURING_SESSION)
    functions = tx.functions.named(session.workspace_id, {pin.function for pin in pins})
    versions = _versions(tx, [(pin.function_id, pin.version) for pin in pins])
    for pin in pins:
        function = functions.get(pin.function)
        title = function.display_name if function is not None and function.id == pin.function_id else pin.function
        yield _Attached(pin, session.environment, title, next(versions))


def _versions(tx: Transaction, wanted: Sequence[tuple[str, int]]) -> Iterator[Version | None]:
    """Read versions in the order in which they are wanted."""
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        found = tx.functions.numbered(set(some))
        yield from (found.get(each) for each in some)


def _choose(
    functions: Mapping[str, Function], attached: Attachment, environment: str
) -> tuple[Function | None, int | None]:
    function = functions.get(attached.function)
    if function is None:
        return None, None
    return function, attached.version or function.published.get(environment)


def _tool(held: Attachment | Pin, title: str, config: FunctionConfig) -> Tool:
    output = config.output_schema
    return Tool(
        name=held.function,
        title=title,
        description=config.description,
        parameters=visible(config.parameters),
        output=None if output is None else plain(output),
        output_kept=config.strict_output and not config.background,
        timeout_ms=(held.timeout or config.timeout) * 1000,
        speech=_speech(spoken(config, held.messages)),
        background=config.background,
        response_variables=config.response_variables,
    )


def _speech(said: Spoken) -> Speech:
    return Speech(
        started=said.messages.started,
        failed=said.messages.failed,
        returned=said.messages.returned,
        during=said.during,
        after=said.after,
    )
