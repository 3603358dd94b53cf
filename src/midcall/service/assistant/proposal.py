"""What a model's answer makes of a function's document: its code, and the changes that the code needs besides."""

from collections.abc import Mapping
from typing import Any

from midcall.domain.assistant import ModelAnswer
from midcall.domain.budget import BudgetSpent
from midcall.domain.jsonvalue import canonical
from midcall.domain.line_diff import unified
from midcall.domain.places import OPTIONS, Place, mentioned, places_of
from midcall.domain.subschemas import DEFINITIONS, rewritten
from midcall.service.functions.form import FunctionForm, parsed

#: Parts of a document that a model may ask to have changed, by their place.
_IN_CODE = ("actions", "egress")
#: Parts of parameters that a model writes anew.
_WRITTEN = frozenset({"type", "properties", "required"})
#: Parts of a test case, and the size of all of it.
_TEST = ("session", "params", "mocks", "expect")
MAX_TEST_BYTES = 32 * 1024
#: Comparing takes time quadratic in the lines.
MAX_DIFF_LINES = 4_000


def proposed(draft: FunctionForm, written: ModelAnswer) -> FunctionForm:
    """Return the function as it would be with all that the model wrote; raises InvalidInput where that is none."""
    config, changes = draft.config(), written.changes
    code = {"source": written.source, "actions": config.code.entries, "egress": config.code.egress}
    document = {**config.to_stored(), "code": code | {name: changes[name] for name in _IN_CODE if name in changes}}
    if "parameters" in changes:
        document["parameters"] = _parameters(config.parameters, changes["parameters"])
    return parsed(type(draft), document)


def proposals(draft: FunctionForm, wanted: FunctionForm) -> dict[str, Any]:
    """Return what would change beside the source: the whole new values, which a person has to agree to."""
    (before, after) = (
        {"actions": list(each.code.entries), "egress": list(each.code.egress), "parameters": each.parameters}
        for each in (draft.config(), wanted.config())
    )
    return {name: value for name, value in after.items() if value != before[name]}


def case_of(written: ModelAnswer) -> dict[str, Any] | None:
    """Return the test case that the model suggests, in known parts alone; None if there is none of use."""
    given = written.test
    if not given:
        return None
    case = {name: given[name] for name in _TEST if given.get(name) is not None}
    return case if case and len(canonical(case)) <= MAX_TEST_BYTES else None


def diff(before: str, after: str) -> str:
    """Return a unified diff of two sources; empty if they are equal, longer than MAX_DIFF_LINES, or too unlike."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MAX_DIFF_LINES:
        return ""
    try:
        return "".join(f"{line}\n" for line in unified(old, new, ("current", "proposed")))
    except BudgetSpent:
        return ""


def _parameters(before: Mapping[str, Any], wanted: Any) -> Any:
    """Return wanted parameters with what the model was not told put back, and without what is not for it to say."""
    if not isinstance(wanted, Mapping) or not isinstance(wanted.get("properties", {}), Mapping):
        return wanted  # no schema: the form says so
    told = rewritten(wanted, _without_options)
    places, known = places_of(before).root.properties, before.get("properties", {})
    properties = {name: _declared(known.get(name), given) for name, given in told.get("properties", {}).items()}
    kept = {name: known[name] for name, place in places.items() if name in known and _is_kept(place, known[name])}
    required = told.get("required", [])
    if isinstance(required, list):
        hidden = {name for name in kept if places[name].hidden}
        asked = [name for name in required if name not in hidden]
        required = [*asked, *(name for name in before.get("required", []) if name in hidden)]
    around = {word: value for word, value in before.items() if word not in _WRITTEN and mentioned(value)}
    for word in DEFINITIONS & before.keys() if kept or around else ():
        given = told.get(word)
        around[word] = {**(given if isinstance(given, Mapping) else {}), **before[word]}
    return {**told, **around, "type": "object", "properties": {**properties, **kept}, "required": required}


def _is_kept(place: Place, declared: Any) -> bool:
    """Tell whether a parameter stays as it is: it is hidden, or what midcall does in it is said further down."""
    below = any(each.filled or each.secret for each in place.below())
    said_here = isinstance(declared, Mapping) and OPTIONS in declared
    return place.hidden or below or (place.sensitive and not said_here)


def _without_options(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out how midcall treats a parameter; only people say that."""
    return {word: value for word, value in schema.items() if word != OPTIONS}


def _declared(before: Any, given: Any) -> Any:
    """Keep what people said of how midcall treats a parameter."""
    if not isinstance(given, Mapping) or not isinstance(before, Mapping) or OPTIONS not in before:
        return given
    return {**given, OPTIONS: before[OPTIONS]}
