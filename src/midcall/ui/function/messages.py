"""What the agent says while a function runs."""

import re
from typing import Any

from nicegui import ui

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import Json
from midcall.ui.function.inputs import InputFactory, Lines

_BY_STATUS = re.compile(r"([1-5][0-9x]{2})\s*:\s*(.*)")


class MessagesSection:
    """Messages, and when the agent speaks."""

    def __init__(self, inputs: InputFactory) -> None:
        with ui.element("section").classes("mc-fn-form").props('aria-label="Messages"'):
            ui.label("What the agent says around a call. Leave empty what it need not say.").classes(
                "mc-quiet mc-fn-wide"
            )
            self._started = Lines(
                inputs.area("When it starts", "messages.started", hint="One a line; one of them is said").classes(
                    "mc-fn-wide"
                ),
                "\n".join,
                lambda text: [line.strip() for line in text.split("\n") if line.strip()],
            )
            self._returned = inputs.text(
                "When it has returned", "messages.returned", hint="Of a background function: at once"
            )
            self._error = inputs.text("When it fails", "messages.error", hint="Sorry, I could not look that up.")
            self._by_status = Lines(
                inputs.area(
                    "When it fails with an HTTP status",
                    "messages.error.by",
                    hint="One a line: 404: I found no such order.",
                ).classes("mc-fn-wide"),
                lambda by: "\n".join(f"{status}: {text}" for status, text in by.items()),
                _statuses,
            )
            self._during = inputs.switch("Speak while it runs", "The agent may say something of its own meanwhile")
            self._after = inputs.switch("Speak after it ran", "The agent goes on by itself when the result is there")

    def write(self, document: Json) -> None:
        """Show the messages of a document."""
        messages = document.get("messages") or {}
        error = messages.get("error")
        by: dict[str, Any] = dict(error) if isinstance(error, dict) else {}
        self._started.show(list(messages.get("started") or ()))
        self._returned.value = messages.get("returned") or ""
        self._error.value = by.pop("default", "") if isinstance(error, dict) else error or ""
        self._by_status.show(by)
        self._during.value = document.get("speak_during_execution", False)
        self._after.value = document.get("speak_after_execution", True)

    async def read(self, document: Json) -> None:
        """Put the messages into a document."""
        by, text = self._by_status.value(), self._error.value or None
        error = {**by, **({"default": text} if text else {})} if by else text
        document["messages"] = {
            "started": self._started.value(),
            "error": error,
            "returned": self._returned.value or None,
        }
        document["speak_during_execution"] = bool(self._during.value)
        document["speak_after_execution"] = bool(self._after.value)


def _statuses(text: str) -> dict[str, str]:
    by = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        match = _BY_STATUS.fullmatch(line)
        if match is None:
            raise InvalidInput(faults=[Fault("messages.error.by", f"write “{line[:40]}” like 404: text, or 5xx: text")])
        by[match[1]] = match[2]
    return by
