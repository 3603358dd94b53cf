"""The session body: what every function gets as `session`, in every phase and every kind of run.

FIELDS is the one place that says which fields there are, of which type, and what stands there while nothing is known.
What callers may send is checked by it; OpenAPI, what the assistant is told and samples come from it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from midcall.domain.errors import Fault
from midcall.domain.phases import Phase
from midcall.domain.times import iso
from midcall.domain.variables import CURRENT_TIME


class FieldType(Enum):
    """The type of a field, by its word in JSON Schema."""

    TEXT = "string"
    NUMBER = "integer"
    OBJECT = "object"
    LIST = "array"


_PYTHON: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: int,
    FieldType.OBJECT: dict,
    FieldType.LIST: list,
}
_WORDS: Mapping[FieldType, str] = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "a whole number",
    FieldType.OBJECT: "an object",
    FieldType.LIST: "a list",
}


@dataclass(frozen=True, slots=True)
class BodyField:
    """One field. `about` and `example` are for people and models."""

    name: str
    kind: FieldType
    about: str
    example: Any
    #: Of a text: what it may be; the first stands there while nothing is known.
    choices: tuple[str, ...] = ()
    #: Of an object: texts that are in it always. It may have more.
    parts: tuple["BodyField", ...] = ()
    #: Of a list: whether all of it is text.
    of_texts: bool = False
    #: Set by midcall itself: what a caller sends under its name is not kept.
    own: bool = False

    @property
    def empty(self) -> Any:
        """The value that stands there while nothing is known."""
        if self.choices:
            return self.choices[0]
        return {part.name: part.empty for part in self.parts} or _PYTHON[self.kind]()

    @property
    def schema(self) -> dict[str, Any]:
        """The field as JSON Schema."""
        found: dict[str, Any] = {"type": self.kind.value, "description": self.about}
        if self.choices:
            found |= {"enum": list(self.choices), "default": self.choices[0]}
        if self.parts:
            found["properties"] = {part.name: part.schema for part in self.parts}
        if self.of_texts:
            found["items"] = {"type": FieldType.TEXT.value}
        return found

    @property
    def in_words(self) -> str:
        """The field in a line for people and models."""
        if self.choices:
            return f"{self._wanted}: {self.about}"
        texts = " of texts" if self.of_texts else ""
        parts = f" {{{', '.join(part.name for part in self.parts)}}}" if self.parts else ""
        return f"{_WORDS[self.kind]}{texts}{parts}: {self.about}"

    def has(self, value: Any) -> bool:
        """Tell whether a value is of its type; what is in an object is not looked at."""
        if not isinstance(value, _PYTHON[self.kind]) or isinstance(value, bool):
            return False
        if self.choices:
            return value in self.choices
        return not self.of_texts or (isinstance(value, list) and all(isinstance(each, str) for each in value))

    def faults(self, value: Any, loc: str) -> Iterator[Fault]:
        """Say what is wrong with a value that a caller sent; null is none: it says that nothing is known."""
        if value is None:
            return
        if not self.has(value):
            yield Fault(loc, f"must be {self._wanted}; leave it out where it is not known")
            return
        for part in self.parts:
            yield from part.faults(value.get(part.name), f"{loc}.{part.name}")

    def shaped(self, value: Any) -> Any:
        """Bring any value to the field's type, as one that was stored before types were checked may be of another."""
        if self.parts:
            given = value if isinstance(value, Mapping) else {}
            return {**given, **{part.name: part.shaped(given.get(part.name)) for part in self.parts}}
        if self.has(value):
            return value
        if self.kind is FieldType.TEXT:
            return _text(value) or self.empty
        if self.kind is FieldType.LIST and value not in (None, ""):
            found = value if isinstance(value, list) else [value]
            return [_text(each) for each in found] if self.of_texts else found
        return self.empty

    @property
    def _wanted(self) -> str:
        if self.choices:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        texts = " of texts" if self.of_texts else ""
        return f"{_WORDS[self.kind]}{texts}, such as {json.dumps(self.example)}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _texts(**parts: tuple[str, str]) -> tuple[BodyField, ...]:
    return tuple(BodyField(name, FieldType.TEXT, about, example) for name, (about, example) in parts.items())


_NOW = "2026-04-28T07:13:23.915Z"

FIELDS: tuple[BodyField, ...] = (
    BodyField("sessionId", FieldType.TEXT, "the runtime's id of the session", "call-4711", own=True),
    BodyField("direction", FieldType.TEXT, "who began it", "inbound", choices=("inbound", "outbound")),
    BodyField("medium", FieldType.TEXT, "what it is held over", "phone", choices=("phone", "web", "chat", "email")),
    BodyField(
        "agentDetails",
        FieldType.OBJECT,
        "the agent",
        {"name": "front_desk", "version": "v9"},
        parts=_texts(
            id=("its id", "agent_7"),
            name=("its name", "front_desk"),
            version=("free text such as v9 or draft - v8", "v9"),
            number=("its telephone number", "+15550100"),
        ),
    ),
    BodyField(
        "userDetails",
        FieldType.OBJECT,
        "the customer",
        {"id": "customer-17", "email": "ada@example.com", "number": "+15550123"},
        parts=_texts(
            id=("the customer's id", "customer-17"),
            email=("the customer's address", "ada@example.com"),
            number=("the customer's telephone or chat number", "+15550123"),
        ),
    ),
    BodyField("communicationChannelName", FieldType.TEXT, "name of the channel that it came through", "support line"),
    BodyField("communicationChannelId", FieldType.TEXT, "id of that channel", "channel-3"),
    BodyField("threadId", FieldType.LIST, "ids of the thread's messages", ["message-1", "message-2"], of_texts=True),
    BodyField("recordingUrl", FieldType.TEXT, "where the recording is, once it is over", "https://example.com/1.mp3"),
    BodyField(
        "dynamicVariables",
        FieldType.OBJECT,
        "name -> value, as set until now; has currentTime",
        {"customer_name": "Ada"},
        own=True,
    ),
    BodyField("createdAt", FieldType.TEXT, "when it began", _NOW, own=True),
    BodyField("time", FieldType.TEXT, "when it changed last", _NOW, own=True),
    BodyField(
        "params",
        FieldType.OBJECT,
        "name -> value: the call's parameters, already converted to their types; empty but for during_session",
        {"order_number": "ORD-12345"},
        own=True,
    ),
    BodyField(
        "analysis",
        FieldType.OBJECT,
        "what the platform made of the conversation; empty but for post_session",
        {"summary": "The caller's question was answered."},
    ),
    BodyField("llmResponse", FieldType.TEXT, "what a background agent answered", "Done: the order was changed."),
    BodyField("transcript", FieldType.LIST, "what was said", [{"role": "user", "content": "Hello."}]),
    BodyField("contact", FieldType.OBJECT, "what is known of the customer, by any names", {"first_name": "Ada"}),
    BodyField(
        "phase",
        FieldType.TEXT,
        "when the function runs",
        Phase.DURING_SESSION.value,
        choices=tuple(phase.value for phase in Phase),
        own=True,
    ),
    BodyField("environment", FieldType.TEXT, "where its version is published", "production", own=True),
    BodyField("deadlineMs", FieldType.NUMBER, "milliseconds that are left for this run", 7000, own=True),
)

#: There only where a runtime passed it: its own description of the call.
CALL = BodyField("call", FieldType.OBJECT, "the runtime's own description of the call", {"call_id": "call_1"})

#: Fields that midcall sets itself; what a caller sends under these names is not kept.
OWN_FIELDS = frozenset(field.name for field in FIELDS if field.own)
#: All that are known, by name.
KNOWN: Mapping[str, BodyField] = {field.name: field for field in (*FIELDS, CALL)}


def body_faults(given: Mapping[str, Any]) -> Iterator[Fault]:
    """Say which known fields of a body that a caller sent are of another type; unknown ones may be anything."""
    for name in given.keys() & KNOWN.keys():
        yield from KNOWN[name].faults(given[name], name)


def kept_shape(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Bring what is kept of a body to shape: every field that midcall does not set itself is there, of its type."""
    found = {field.name: field.shaped(kept.get(field.name)) for field in FIELDS if not field.own}
    others = {name: value for name, value in kept.items() if name not in found and name not in OWN_FIELDS}
    if CALL.name in others and not CALL.has(others[CALL.name]):
        del others[CALL.name]
    return {**found, **others}


def whole_body(
    kept: Mapping[str, Any],
    *,
    session_id: str,
    variables: Mapping[str, Any],
    created_at: str,
    time: str,
    phase: Phase,
    params: Mapping[str, Any],
    environment: str,
    deadline_ms: int,
) -> dict[str, Any]:
    """Return the session body for one run, of what is kept of it and what midcall sets itself; times as text."""
    own = {
        "sessionId": session_id,
        "dynamicVariables": dict(variables),
        "createdAt": created_at,
        "time": time,
        "params": dict(params),
        "phase": phase.value,
        "environment": environment,
        "deadlineMs": deadline_ms,
    }
    found = {**kept_shape(kept), **own}
    return {**{each.name: found[each.name] for each in FIELDS}, **found}


def body_alone(
    given: Mapping[str, Any],
    *,
    session_id: str,
    phase: Phase,
    environment: str,
    params: Mapping[str, Any],
    now: int,
    deadline_ms: int,
) -> dict[str, Any]:
    """Return the session body of a run without a session; `given` may bring times and variables.

    `now` in milliseconds since the epoch.
    """
    moment = iso(now)
    variables = given.get("dynamicVariables")
    return whole_body(
        given,
        session_id=session_id,
        variables={CURRENT_TIME: moment, **(variables if isinstance(variables, Mapping) else {})},
        created_at=KNOWN["createdAt"].shaped(given.get("createdAt")) or moment,
        time=KNOWN["time"].shaped(given.get("time")) or moment,
        phase=phase,
        params=params,
        environment=environment,
        deadline_ms=deadline_ms,
    )
