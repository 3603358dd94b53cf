"""Read what a vendor sent: of the type that is wanted and within a bound, or not at all.

Vendors add fields, leave fields out, and change types between releases; a call must not fail for a field that nobody
asked for. What a call cannot do without is asked for by `needed`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import NotJson, parse
from midcall.domain.variables import MAX_NAME

#: Names the conversation where a body holds the arguments alone.
CONVERSATION_HEADER = "x-conversation-id"

MAX_TEXT = 2_048
#: As in the paths of the API, where a session is named too.
SESSION_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]{0,199}"
#: More turns than a conversation of a day has.
MAX_TURNS = 10_000
MAX_TURN = 20_000
MAX_VARIABLES = 100
MAX_VARIABLE = 4_000
#: A vendor's own description of a call, in bytes as ASCII JSON; transcripts are kept apart.
MAX_CALL_BYTES = 256 * 1024
#: What one function call brings along, in bytes as ASCII JSON: as much as over the API.
MAX_OVERRIDES_BYTES = 1024 * 1024

_SESSION_ID = re.compile(SESSION_ID_PATTERN)
#: Beginnings of names that are ElevenLabs' own, that it keeps from its LLM, and ours.
_OTHERS = ("system__", "secret__", "midcall_")
_AGENT = frozenset({"agent", "assistant", "bot", "ai"})
_USER = frozenset({"user", "customer", "human"})
_LINE = re.compile(r"(agent|assistant|bot|ai|user|customer|human): ?(.*)", re.IGNORECASE)

Object = Mapping[str, Any]
Transcript = list[dict[str, str]]


def text(value: Any, most: int = MAX_TEXT) -> str:
    """Return a text of `most` characters at most; anything else is the empty text."""
    return value if isinstance(value, str) and len(value) <= most else ""


def obj(value: Any) -> Object:
    """Return an object; anything else is the empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list; anything else is the empty one."""
    return value if isinstance(value, list) else []


def needed(body: Any, loc: str) -> Object:
    """Return the object at a path such as `message` of a body; raises InvalidInput where there is none."""
    found = body
    for name in loc.split(".") if loc else ():
        found = obj(found).get(name)
    if not isinstance(found, dict):
        raise InvalidInput(faults=[Fault(loc, "must be an object here" if loc else "the body must be an object")])
    return found


def session_ids(values: Iterable[Any], loc: str) -> tuple[str, ...]:
    """Return those values that can name a session, each once; raises InvalidInput if none can."""
    found = [value for value in values if isinstance(value, str) and _SESSION_ID.fullmatch(value)]
    if not found:
        raise InvalidInput(faults=[Fault(loc, "the call's id is missing, or not 1-200 letters, digits and . _ : @ -")])
    return tuple(dict.fromkeys(found))


def arguments(value: Any) -> dict[str, Any] | None:
    """Return an object of arguments, which some send as JSON text; None for anything else."""
    if isinstance(value, str):
        try:
            value = parse(value.encode("utf-8", "surrogatepass"))
        except NotJson:
            return None
    return value if isinstance(value, dict) else None


def variables(value: Any) -> dict[str, Any]:
    """Return the variables that a platform gave a conversation: plain values, short names, MAX_VARIABLES at most."""
    found: dict[str, Any] = {}
    for name, each in obj(value).items():
        plain = isinstance(each, bool | int | float) or bool(text(each, MAX_VARIABLE)) or each == ""
        if plain and 0 < len(name) <= MAX_NAME and not name.startswith(_OTHERS):
            found[name] = each
        if len(found) == MAX_VARIABLES:
            break
    return found


def turns(value: Any, content: str) -> Transcript:
    """Return what was said of a list of turns, as `{role: agent | user, content}`; the vendor calls it `content`.

    Turns of the system and of tools are left out: they hold prompts and results, and nobody said them.
    """
    found: Transcript = []
    for each in items(value):
        role, said = _role(obj(each).get("role")), obj(each).get(content)
        if role and isinstance(said, str) and said:
            found.append({"role": role, "content": said[:MAX_TURN]})
    return found[-MAX_TURNS:]


def turns_of_text(value: Any) -> Transcript:
    """Return what was said of a transcript in one text, a line a turn: `Agent: …`, `User: …`."""
    found: Transcript = []
    for line in value.splitlines() if isinstance(value, str) else ():
        match = _LINE.fullmatch(line.strip())
        if match:
            found.append({"role": _role(match[1]), "content": match[2][:MAX_TURN]})
        elif found and line.strip():
            found[-1] = {**found[-1], "content": f"{found[-1]['content']} {line.strip()}"[:MAX_TURN]}
    return found[-MAX_TURNS:]


def call_without(call: Object, names: Iterable[str]) -> dict[str, Any]:
    """Return a vendor's description of a call without some fields; without all but plain ones if it is too large."""
    kept = {name: value for name, value in call.items() if name not in set(names)}
    if _size(kept) <= MAX_CALL_BYTES:
        return kept
    plain = {name: value for name, value in kept.items() if isinstance(value, bool | int | float) or text(value)}
    return plain if _size(plain) <= MAX_CALL_BYTES else {}


def overrides(transcript: Transcript, call: Object, without: Iterable[str]) -> dict[str, Any]:
    """Return what a function call brings along; too large, it loses the vendor's transcripts, then the first turns."""
    whole = {**({"transcript": transcript} if transcript else {}), **({"call": dict(call)} if call else {})}
    if _size(whole) <= MAX_OVERRIDES_BYTES:
        return whole
    slim = call_without(call, without)
    found: dict[str, Any] = {"call": slim} if slim else {}
    left, kept = MAX_OVERRIDES_BYTES - MAX_CALL_BYTES, 0
    for turn in reversed(transcript):
        left -= _size(turn) + 1
        if left < 0:
            break
        kept += 1
    return {**({"transcript": transcript[-kept:]} if kept else {}), **found}


def phone(*, outbound: bool, caller: Any, called: Any) -> dict[str, Any]:
    """Return direction and numbers as the session body has them, from who called whom."""
    user, agent = (called, caller) if outbound else (caller, called)
    fields: dict[str, Any] = {"direction": "outbound" if outbound else "inbound"}
    if text(user):
        fields["userDetails"] = {"number": user}
    if text(agent):
        fields["agentDetails"] = {"number": agent}
    return fields


def _role(value: Any) -> str:
    role = value.lower() if isinstance(value, str) else ""
    return "agent" if role in _AGENT else "user" if role in _USER else ""


def _size(value: Any) -> int:
    return len(json.dumps(value))
