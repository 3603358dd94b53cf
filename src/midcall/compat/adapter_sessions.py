"""One vendor's conversation, whatever its format: its session is started where there is none, called in, ended."""

from dataclasses import dataclass
from functools import partial

from midcall.domain.adapter import Adapter
from midcall.domain.errors import SessionOver
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation
from midcall.domain.session import Session
from midcall.service.access.access import Caller
from midcall.service.runs.content import told_content
from midcall.service.runs.wait import InThread, is_answerable
from midcall.service.sessions.session_call import SessionCall
from midcall.vendors.conversation import CallResult, Conversation, Ending, FunctionCall
from midcall.web.services import Services


@dataclass(frozen=True, slots=True)
class AdapterSessions:
    """The sessions of one adapter: each conversation of its platform has one."""

    use: Services
    caller: Caller
    adapter: Adapter
    in_thread: InThread
    trace_id: str | None

    async def start(self, conversation: Conversation) -> Session:
        """Return the conversation's session, started if there is none, once its pre-session phase is over."""
        known: Session | None = await self.in_thread(self.use.sessions.first_of, self.caller, conversation.ids)
        if known is not None and known.pre_done:
            return known
        key = new_id("ses")
        start = partial(
            self.use.sessions.start,
            self.caller,
            key=key,
            agent=self.adapter.agent,
            session_id=known.session_id if known else conversation.ids[-1],
            environment=self.adapter.environment,
            fields=conversation.fields,
            variables=conversation.variables,
        )
        session, _ = await self.use.following.start(start, key, self.in_thread)
        return session

    async def call(self, conversation: Conversation, wanted: FunctionCall) -> CallResult:
        """Call a function in the conversation's session, and wait for what it comes to."""
        session = await self.start(conversation)
        call = SessionCall(
            id=new_id("inv"),
            session_id=session.session_id,
            function=wanted.name,
            params=wanted.args,
            overrides=wanted.overrides,
            idempotency_key=wanted.key,
            trace_id=self.trace_id,
        )
        admit = partial(self.use.session_calls.admit, self.caller, call)
        try:
            invocation = await self.use.waiting.run(admit, call.id, self.in_thread, until=is_answerable)
        except SessionOver as error:
            # No fault of the call's format, and something the LLM can act on.
            return CallResult(ok=False, value=error.message)
        return result_of(invocation) if invocation.final else await self._runs_on(invocation)

    async def end(self, ending: Ending) -> None:
        """End the conversation's session, or add to its end. One that was never heard of is started first."""
        session = await self.start(ending.conversation)
        await self.in_thread(self.use.sessions.end, self.caller, session.session_id, ending.late)

    async def _runs_on(self, invocation: Invocation) -> CallResult:
        accepted = await self.in_thread(self.use.session_calls.accepted, invocation)
        return CallResult(ok=True, value=accepted["content"])


def result_of(invocation: Invocation) -> CallResult:
    """Return the result of a call, as the LLM is told of it."""
    return CallResult(ok=not invocation.told.status.is_error, value=told_content(invocation.told))
