"""One answer of the Code Assistant: how it came about, what it would change, and what a person makes of it."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from midcall.domain.assistant import Status
from midcall.domain.errors import MidcallError
from midcall.domain.jsonvalue import Json
from midcall.domain.run_status import Tone
from midcall.service.assistant.events import (
    AssistantAnswer,
    AssistantEvent,
    Completed,
    ExplanationWritten,
    Reviewed,
    SourceWritten,
    Thinking,
)
from midcall.service.test_cases.form import parse_case
from midcall.ui.function.case_dialog import edit_case
from midcall.ui.function.opened import OpenFunction
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.code import code_view, json_view
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.status import badge

#: Tone and word of how it ended.
_ENDS: Mapping[Status, tuple[Tone, str]] = {
    Status.PASSED: ("good", "review passed"),
    Status.NOT_PASSED: ("warn", "review has errors"),
    Status.TIMED_OUT: ("bad", "took too long"),
    Status.MODEL_ERROR: ("bad", "model failed"),
    Status.UNREADABLE: ("bad", "unreadable answer"),
}
_SEVERITIES: Mapping[str, Tone] = {"error": "bad", "warning": "warn", "info": "busy"}
#: What each proposal means to who agrees to it.
_PROPOSALS: Mapping[str, str] = {
    "actions": "Let it call these actions",
    "egress": "Let it reach these hosts",
    "parameters": "Change its parameters",
}
_MARKS: Mapping[str, str] = {"+": "mc-w-added", "-": "mc-w-removed", "@": "mc-w-where"}


class AssistantReply:
    """The assistant's reply to one message; it grows as its events come."""

    def __init__(self, context: PageContext, opened: OpenFunction) -> None:
        self.context = context
        self.opened = opened
        self._before: Json = {}
        self._agreed: dict[str, ui.checkbox] = {}
        self._answer: AssistantAnswer | None = None
        self._text = ""
        with ui.element("div").classes("mc-w-reply") as self._box:
            with ui.element("div").classes("mc-w-part-head") as self._working:
                ui.spinner(size="sm").props("aria-hidden=true")
                self._doing = ui.label("Reading what the editor holds").classes("mc-quiet")
            self._explanation = ui.label().classes("mc-w-wrap")
            self._reviews = ui.element("div").classes("mc-w-fields")

    def asked_about(self, document: Json) -> None:
        """Keep what the editor held when the question was asked."""
        self._before = document

    def show(self, event: AssistantEvent) -> None:
        """Show what has happened."""
        if self.context.client.is_deleted:
            return
        match event:
            case Thinking(number):
                self._text = ""
                self._doing.text = "Writing" if number == 1 else f"Mending what the review found (attempt {number})"
            case ExplanationWritten(_, text):
                self._text += text
                self._explanation.text = self._text
            case SourceWritten(_, _, explanation, _):
                self._explanation.text = explanation
                self._doing.text = "Having it reviewed"
            case Reviewed(number, review):
                with self._reviews:
                    _review(number, review["comments"])
            case Completed(answer):
                self._complete(answer)

    def stopped(self) -> None:
        """Say that somebody stopped it."""
        self._working.delete()
        with self._box:
            badge("stopped")

    def delete(self) -> None:
        """Take the reply away from the page."""
        self._box.delete()

    def _complete(self, answer: AssistantAnswer) -> None:
        self._answer = answer
        self._working.delete()
        self._explanation.text = answer.explanation
        tone, word = _ENDS[answer.status]
        with self._box:
            with ui.element("div").classes("mc-w-part-head"):
                badge(word, tone=tone).mark("assistant-end")
                ui.label(f"{answer.rounds} attempt{'' if answer.rounds == 1 else 's'}").classes("mc-quiet mc-w-small")
            if answer.status is not Status.PASSED:
                ui.label(answer.message).classes("mc-w-wrap")
            if answer.source is None:
                return
            if answer.diff:
                _diff(answer.diff)
            elif answer.source == self._before.get("code", {}).get("source"):
                ui.label("It would leave the code as it is.").classes("mc-quiet")
            else:
                code_view(answer.source)
            for name, value in answer.proposals.items():
                self._propose(name, value)
            if answer.test:
                with ui.expansion("A test case that it suggests").classes("mc-w-expansion"):
                    json_view(answer.test, what="test case")
                    if self.opened.name is not None:
                        quiet("Keep it as a test case", partial(self._keep, answer.test), icon="playlist_add_check")
            label = "Put into the editor" if answer.status is Status.PASSED else "Put into the editor anyway"
            with ui.element("div").classes("mc-w-run"):
                self._button = primary(label, self._apply, icon="input")
                ui.label("Nothing is saved by that.").classes("mc-quiet mc-w-small")

    def _propose(self, name: str, value: Any) -> None:
        held = self._before if name == "parameters" else self._before.get("code") or {}
        with ui.element("div").classes("mc-w-proposal"):
            self._agreed[name] = ui.checkbox(_PROPOSALS.get(name, f"Change {name}")).classes("mc-strong")
            if isinstance(value, Sequence) and not isinstance(value, str):
                _changed_list(held.get(name) or [], value)
            else:
                with ui.expansion("As they would be").classes("mc-w-expansion"):
                    json_view(value, what=name)

    async def _keep(self, test: Mapping[str, Any]) -> None:
        try:
            case = parse_case(test).case("suggested", principal="", at=0)
        except MidcallError as error:
            told = "; ".join(f"{fault.loc}: {fault.msg}" for fault in error.faults)
            self.context.say(f"It is no test case that can be kept: {told or error.message}")
            return
        name = await edit_case(self.context, self.opened, case, is_new=True)
        if name is not None:
            self.context.say(f"Saved “{name}”")
            await self.opened.tell()

    async def _apply(self) -> None:
        answer = self._answer
        if answer is None or answer.source is None:
            return
        try:
            now = await self.opened.draft()
            if now.get("code", {}).get("source") != self._before.get("code", {}).get("source") and not await confirmed(
                "The code has changed since",
                "What the editor holds now is not what the assistant started from. It would be replaced.",
                act="Replace",
            ):
                return
            await self.opened.apply(self._patch(answer))
        except MidcallError as error:
            self.context.say(error.message)
            return
        left = [name for name in self._agreed if not self._agreed[name].value]
        more = f"; without what you did not agree to ({', '.join(left)})" if left else ""
        self.context.say(f"In the editor, not saved yet{more}")

    def _patch(self, answer: AssistantAnswer) -> Json:
        agreed = {name: answer.proposals[name] for name, box in self._agreed.items() if box.value}
        code = {name: value for name, value in agreed.items() if name != "parameters"}
        patch: Json = {"code": {"source": answer.source, **code}}
        if "parameters" in agreed:
            patch["parameters"] = agreed["parameters"]
        return patch


def _review(number: int, comments: Sequence[Mapping[str, Any]]) -> None:
    errors = sum(comment["severity"] == "error" for comment in comments)
    found = "nothing to say" if not comments else f"{len(comments)} comment{'' if len(comments) == 1 else 's'}"
    with ui.expansion(f"Review of attempt {number}: {found}").classes("mc-w-expansion") as box:
        if not comments:
            ui.label("It passed.").classes("mc-quiet")
        for comment in comments:
            with ui.element("div").classes("mc-w-comment"):
                badge(comment["severity"], tone=_SEVERITIES.get(comment["severity"]))
                with ui.element("div").classes("mc-grow"):
                    ui.label(f"Line {comment['line']}: {comment['message']}").classes("mc-w-wrap")
                    if comment["suggestion"]:
                        ui.label(comment["suggestion"]).classes("mc-quiet mc-w-wrap mc-w-small")
    box.value = bool(errors)


def _diff(text: str) -> None:
    """Show a unified diff, each line by its sign and its colour."""
    with ui.element("div").classes("mc-w-diff").props('tabindex=0 role="group" aria-label="What would change"'):
        # The first two lines name the sides.
        for line in text.splitlines()[2:]:
            ui.label(line or " ").classes(_MARKS.get(line[:1], ""))


def _changed_list(before: Sequence[Any], after: Sequence[Any]) -> None:
    lines = [("+", item) for item in after if item not in before]
    lines += [("-", item) for item in before if item not in after]
    with ui.element("div").classes("mc-w-diff"):
        for sign, item in lines:
            ui.label(f"{sign} {item if isinstance(item, str) else json.dumps(item)}").classes(_MARKS[sign])
