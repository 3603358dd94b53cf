"""Values to try a function out with: parameters and a session body, made from what its author has declared."""

from collections.abc import Mapping
from typing import Any

from midcall.domain.filling import stripped
from midcall.domain.phases import Phase
from midcall.domain.places import NOTHING, places_of
from midcall.domain.session_body import KNOWN

#: Levels of a schema that samples are made of; below them a value is empty.
_MAX_DEPTH = 6
_FORMATS: Mapping[str, str] = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T09:30:00.000Z",
    "time": "09:30:00Z",
    "email": "ada@example.com",
    "uri": "https://example.com",
    "uuid": "3f2b7c1e-8a54-4d0e-9c1b-2f6f1f0c9a10",
}
_PHONE = "+15550123"


def sample_params(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Make parameters out of a schema's examples, defaults and types; none of those that midcall fills itself.

    What is optional and has no example is left out, and so are examples of sensitive parameters.
    """
    required, root = set(schema.get("required", ())), places_of(schema).root
    params = {}
    for name, declared in schema.get("properties", {}).items():
        place = root.named(name) or NOTHING
        if place.hidden or not isinstance(declared, Mapping):
            continue
        given = () if place.secret else _given(declared)
        if given:
            params[name] = stripped(place, given[0])
        elif name in required:
            params[name] = stripped(place, _made(declared, _MAX_DEPTH))
    return params


def sample_session(schema: Mapping[str, Any], phase: Phase) -> dict[str, Any]:
    """Make the session body of one phase, whole, with the variables that parameters are filled from."""
    body: dict[str, Any] = {
        "sessionId": "test-1",
        "direction": "inbound",
        "medium": "phone",
        "agentDetails": KNOWN["agentDetails"].shaped({"name": "front_desk"}),
        "userDetails": KNOWN["userDetails"].shaped({"number": _PHONE}),
        "contact": {"name": "Ada Lovelace", "number": _PHONE},
        "dynamicVariables": _variables(schema),
    }
    if phase is not Phase.PRE_SESSION:
        said = "Hello, how can I help?" if phase is Phase.DURING_SESSION else "Thank you, goodbye."
        body["transcript"] = [{"role": "assistant", "content": said}]
    if phase is Phase.POST_SESSION:
        body |= {
            "analysis": {"summary": "The caller's question was answered.", "sentiment": "content"},
            "recordingUrl": "https://example.com/recording.mp3",
            "llmResponse": "",
        }
    return body


def _variables(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that parameters are filled from; one at the top has the first word on what it looks like."""
    found = places_of(schema)
    variables = {
        place.source: _made(place.declared, _MAX_DEPTH)
        for _, place in found.all()
        if place.source is not None and not place.constants
    }
    for name, declared in schema.get("properties", {}).items():
        place = found.root.named(name)
        if place is not None and place.source in variables and isinstance(declared, Mapping):
            given = _given(declared)
            variables[place.source] = given[0] if given else _made(declared, _MAX_DEPTH)
    return variables


def _given(declared: Mapping[str, Any]) -> list[Any]:
    """Return what an author has said that a value may look like, the best first."""
    examples = declared.get("examples")
    found = list(examples[:1]) if isinstance(examples, list) else []
    return found + [declared[word] for word in ("default", "const") if word in declared]


def _made(declared: Any, depth: int) -> Any:
    if not isinstance(declared, Mapping) or depth == 0:
        return None
    given = _given(declared)
    if given:
        return given[0]
    if isinstance(declared.get("enum"), list) and declared["enum"]:
        return declared["enum"][0]
    return _typed(declared, depth)


def _typed(declared: Mapping[str, Any], depth: int) -> Any:
    kinds = declared.get("type", "object" if "properties" in declared else None)
    match kinds[0] if isinstance(kinds, list) and kinds else kinds:
        case "integer" | "number":
            low = declared.get("minimum", 1)
            made: Any = low if isinstance(low, int | float) else 1
        case "boolean":
            made = True
        case "array":
            made = [_made(declared["items"], depth - 1)] if isinstance(declared.get("items"), Mapping) else []
        case "object":
            needed, properties = declared.get("required", ()), declared.get("properties", {})
            made = {name: _made(properties[name], depth - 1) for name in needed if name in properties}
        case "string":
            made = _PHONE if "[1-9]" in declared.get("pattern", "") else _FORMATS.get(declared.get("format", ""), "")
        case _:
            made = None
    return made
