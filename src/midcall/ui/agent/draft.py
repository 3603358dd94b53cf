"""What the page of an agent holds until it is saved: one document, as `PUT /v1/agents/{name}` takes it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.agent import Agent, Attachment, OnFailure
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import Json, parse_text
from midcall.domain.phases import Phase


@dataclass(eq=False)
class AttachmentDraft:
    """One attachment, as far as it has been changed."""

    function: str
    phase: Phase
    version: int | None = None
    on_failure: OnFailure = OnFailure.CONTINUE
    #: As typed: what is no whole number is told when it is saved.
    timeout: Any = None
    #: One of them is picked, a line each.
    started: str = ""
    #: A text, or JSON of texts by HTTP status.
    error: str = ""
    returned: str = ""

    @classmethod
    def of(cls, attached: Attachment) -> "AttachmentDraft":
        """Begin with what is saved."""
        messages = attached.messages or {}
        error = messages.get("error") or ""
        return cls(
            function=attached.function,
            phase=attached.phase,
            version=attached.version,
            on_failure=attached.on_failure,
            timeout=attached.timeout,
            started="\n".join(messages.get("started") or ()),
            error=error if isinstance(error, str) else json.dumps(error, ensure_ascii=False, indent=2),
            returned=messages.get("returned") or "",
        )

    def document(self, place: int) -> Json:
        """Write it as the API takes it; raises InvalidInput for JSON that cannot be read."""
        whole = self.timeout is not None and float(self.timeout).is_integer()
        return {
            "function": self.function,
            "phase": self.phase.value,
            "version": self.version,
            # It is for functions that run before the session alone; a row that was dragged elsewhere has lost it.
            "on_failure": (self.on_failure if self.phase is Phase.PRE_SESSION else OnFailure.CONTINUE).value,
            "timeout": int(self.timeout) if whole else self.timeout,
            "messages": self._messages(place),
        }

    def _messages(self, place: int) -> Json | None:
        started = [line.strip() for line in self.started.splitlines() if line.strip()]
        said = {"started": started, "error": self._error(place), "returned": self.returned.strip()}
        return {name: value for name, value in said.items() if value} or None

    def _error(self, place: int) -> Any:
        text = self.error.strip()
        if not text.startswith("{"):
            return text
        try:
            return parse_text(text)
        except ValueError as error:
            cure = f'cannot be read as JSON ({error}); write it as {{"404": "…", "default": "…"}}, or a plain text'
            raise InvalidInput(faults=[Fault(f"functions.{place}.messages.error", cure)]) from error


@dataclass
class AgentDraft:
    """An agent with all of its attachments, as far as they have been changed."""

    version: str
    number: str
    rows: list[AttachmentDraft] = field(default_factory=list)

    @classmethod
    def of(cls, agent: Agent) -> "AgentDraft":
        """Begin with what is saved."""
        return cls(agent.version, agent.number, [AttachmentDraft.of(each) for each in agent.attachments])

    def of_phase(self, phase: Phase) -> list[AttachmentDraft]:
        """Return the rows of a phase, in order."""
        return [row for row in self.rows if row.phase is phase]

    def arrange(self, phases: Iterable[tuple[Phase, Sequence[AttachmentDraft]]]) -> None:
        """Take over what stands where."""
        self.rows = []
        for phase, rows in phases:
            for row in rows:
                row.phase = phase
                self.rows.append(row)

    def has(self, function: str, phase: Phase) -> bool:
        """Tell whether a function is attached to a phase."""
        return any((row.function, row.phase) == (function, phase) for row in self.rows)

    def document(self) -> Json:
        """Write it as the API takes it; raises InvalidInput for JSON that cannot be read."""
        return {
            "version": self.version.strip(),
            "number": self.number.strip(),
            "functions": [row.document(place) for place, row in enumerate(self.rows)],
        }
