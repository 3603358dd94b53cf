"""The Code Assistant beside the editor: say what the code should do, watch, look at it, take it or go on talking."""

import asyncio
from contextlib import aclosing
from functools import partial
from typing import Any

from nicegui import ui

from midcall.domain.assistant import ChatMessage, Role, Status
from midcall.domain.jsonvalue import Json
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.assistant.assist import MAX_DESCRIPTION, MAX_MESSAGE, MAX_MESSAGES
from midcall.service.assistant.events import AssistantAnswer, AssistantEvent, Completed, Question
from midcall.service.functions.form import parse_draft
from midcall.ui.function.assistant_answer import AssistantReply
from midcall.ui.function.opened import OpenFunction
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner

IDEAS = (
    "Look the order up by its number and say when it arrives.",
    "Check that the caller's date of birth is the one on record.",
    "Explain what this code does, and handle what could go wrong.",
)


async def build(context: PageContext, opened: OpenFunction) -> None:
    """Make the panel, in the slot that is open."""
    with ui.element("section").classes("mc-w-assistant").props('aria-label="Code Assistant"'):
        if not context.services.assist.configured:
            empty("The assistant is not set up", context.services.assist.advice, icon="auto_awesome")
        elif not context.may(Scope.WRITE):
            empty("The assistant needs more", 'It takes a key with the scope "write" to ask it.', icon="lock")
        else:
            Chat(context, opened)


class Chat:
    """The conversation, and the box to go on with it."""

    def __init__(self, context: PageContext, opened: OpenFunction) -> None:
        self.context = context
        self.opened = opened
        self._turns: list[ChatMessage] = []
        self._stop: asyncio.Event | None = None
        # Who closes the page asks for nothing any more.
        context.client.on_delete(self.stop)
        self._talk = (
            ui.element("div").classes("mc-w-talk").props('role="log" aria-live=polite aria-label="Conversation"')
        )
        with self._talk:
            self._welcome = ui.element("div").classes("mc-w-fields")
            with self._welcome:
                ui.label(
                    "Say what the code should do. You see it, and what the review thinks of it, before you take it."
                )
                for idea in IDEAS:
                    quiet(idea, partial(self._begin, idea)).props("align=left").classes("mc-w-idea")
        self._errors = ErrorBanner()
        with ui.element("form").classes("mc-w-ask") as form:
            form.on("submit.prevent", self.send)
            self._box = ui.textarea(placeholder="What should it do?").classes("mc-grow")
            self._box.props('outlined dense autogrow aria-label="Message to the assistant"')
            self._box.props["maxlength"] = MAX_DESCRIPTION
            # Enter sends, Shift+Enter begins a line, as in chats.
            self._box.on("keydown.enter.exact.prevent", self.send)
            self._send = primary("Send", icon="send").props("type=submit")
            self._stopper = quiet("Stop", self.stop, icon="stop")
            self._stopper.set_visibility(False)

    async def send(self) -> None:
        """Ask what the box says."""
        text = (self._box.value or "").strip()
        if not text or self._stop is not None:
            return
        self._stop = asyncio.Event()
        self._welcome.set_visibility(False)
        with self._talk:
            said = ui.label(text).classes("mc-w-said mc-w-wrap")
            reply = AssistantReply(self.context, self.opened)
        self._box.value = ""
        self._down()
        done = await self.context.run_async(
            Scope.WRITE, lambda caller: self._ask(caller, text, reply), busy=self, errors=self._errors
        )
        self._stop = None
        if self.context.client.is_deleted:
            return
        if done is None:
            # Nothing was begun: the words go back to where they can be changed.
            said.delete()
            reply.delete()
            self._box.value = text
            self._welcome.set_visibility(not self._turns)
            return
        answer = done.value
        self._turns = [*self._turns, ChatMessage(Role.USER, text), ChatMessage(Role.ASSISTANT, _told(answer))][
            -(MAX_MESSAGES - 2) :
        ]
        if answer is None:
            reply.stopped()
        elif answer.status in {Status.TIMED_OUT, Status.MODEL_ERROR, Status.UNREADABLE} and not self._box.value:
            self._box.value = text
        self._down()

    def stop(self) -> None:
        """Stop the model's answer, and keep what has come of it."""
        if self._stop is not None:
            self._stop.set()

    def set_busy(self, *, busy: bool) -> None:
        """Offer to stop while the model writes, to send otherwise."""
        self._send.set_visibility(not busy)
        self._stopper.set_visibility(busy)

    async def _ask(self, caller: Caller, text: str, reply: AssistantReply) -> AssistantAnswer | None:
        """Show events as they come; returns the answer, or None where somebody stopped it."""
        document: Json = await self.opened.draft()
        reply.asked_about(document)
        question = Question(text, parse_draft(document), tuple(self._turns))
        stop = self._stop or asyncio.Event()
        stopped = asyncio.ensure_future(stop.wait())
        try:
            async with aclosing(self.context.services.assist.ask(caller, question, self.context.in_thread)) as events:
                while (event := await _next(events, stopped)) is not None:
                    reply.show(event)
                    if isinstance(event, Completed):
                        return event.answer
        finally:
            stopped.cancel()
        return None

    def _begin(self, text: str) -> None:
        self._box.value = text
        self._box.run_method("focus")

    def _down(self) -> None:
        scripts.run(self.context.client, "mcDown", self._talk.id)


async def _next(events: Any, stopped: "asyncio.Future[Any]") -> AssistantEvent | None:
    coming = asyncio.ensure_future(anext(events, None))
    await asyncio.wait([coming, stopped], return_when=asyncio.FIRST_COMPLETED)
    if coming.done():
        event: AssistantEvent | None = coming.result()
        return event
    coming.cancel()
    await asyncio.wait([coming])
    return None


def _told(answer: AssistantAnswer | None) -> str:
    """Return what the model is told next time of what it said: its code too, which nobody may have taken over."""
    if answer is None:
        return "(stopped)"
    code = f"\n\nCode:\n{answer.source}" if answer.source else ""
    return f"{answer.explanation or answer.message}{code}"[:MAX_MESSAGE]
