"""Why a value does not fit its schema, in plain words: the one place where such texts are made.

They are read by an LLM with a caller on the line, so each says what to give, with an example; never a pattern, never a
validator's sentence. They go on record as well, so nothing sensitive is in them, and nothing that midcall fills.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from midcall.domain.errors import Fault
from midcall.domain.places import Place, places_of
from midcall.domain.schema_description import SchemaDescription, sample_of_kind
from midcall.service.schemas.findings import SchemaFinding, nearer, said_at, seen_at, such

#: Characters of one text.
MAX_TEXT = 300
#: Faults of parameters that are told, and characters: the text goes to an LLM, and onto the record.
_MOST_TOLD, _MAX_TOLD_TEXT = 20, 4_000

_UNEXPECTED = frozenset({"additionalProperties", "unevaluatedProperties"})
#: Branches within branches that are looked into.
_DEPTH = 8
_FILLED = (
    "the server fills this in, and has no value for it that fits; do first what sets it, or tell who runs the agent"
)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Writes faults of values held against one schema. `verb` is what whoever reads it is to do."""

    schema: Mapping[str, Any]
    verb: str
    words: SchemaDescription = field(init=False)
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        places = places_of(self.schema)
        object.__setattr__(self, "words", SchemaDescription(self.schema, places.hidden_names()))
        object.__setattr__(self, "place", places.root)

    def faults(
        self, error: jsonschema_rs.ValidationError, value: Any, loc: str, depth: int = _DEPTH
    ) -> Iterator[Fault]:
        """Say what one finding of the validator comes to; `value` is the whole one, which stands at `loc`."""
        branch = nearer(error) if depth else []
        for each in branch:
            yield from self.faults(each, value, loc, depth - 1)
        if branch:
            return
        seen = seen_at(self.place, value, list(error.instance_path), loc)
        if seen.filled:
            yield Fault(seen.loc, _FILLED)
            return
        said, keyword = said_at(self.words, list(error.evaluation_path))
        finding = SchemaFinding(error, self.words, self.verb, seen, said, keyword)
        yield Fault(_loc(finding), _text(finding)[:MAX_TEXT])


def faults_as_text(faults: Sequence[Fault]) -> str:
    """Write faults of parameters for an LLM to read."""
    texts = []
    for fault in faults[:_MOST_TOLD]:
        name = fault.loc.removeprefix("params").removeprefix(".")
        texts.append(f"{name}: {fault.msg}" if name else fault.msg)
    if len(faults) > _MOST_TOLD:
        texts.append(f"and {len(faults) - _MOST_TOLD} more")
    return "; ".join(texts)[:_MAX_TOLD_TEXT]


def _loc(finding: SchemaFinding) -> str:
    """Return where it is to be mended: what is missing has a place, too."""
    missing = _missing(finding)
    return f"{finding.seen.loc}.{missing:.80}" if missing and not finding.seen.secret else finding.seen.loc


def _text(finding: SchemaFinding) -> str:
    """Say what is wanted."""
    if finding.seen.secret and finding.kind in _SPECIAL:
        return f"{finding.verb} {finding.told(finding.whole())}"
    return _SPECIAL.get(finding.kind, SchemaFinding.give)(finding)


def _missing(finding: SchemaFinding) -> str:
    return str(getattr(finding.error.kind, "property", "")) if finding.kind == "required" else ""


def _required(finding: SchemaFinding) -> str:
    name, place = _missing(finding), finding.seen.place
    below = place.named(name) if place is not None else None
    if below is not None and below.hidden:
        return _FILLED
    declared = [found for schema in finding.said if (found := _property(schema, name)) is not None]
    if not declared:
        return f"is missing{_because(finding, name)}; it is needed"
    secret = below is not None and below.secret
    schemas = [each for each in declared if isinstance(each, Mapping)]
    wanted = finding.words.wanted(declared[-1], secret=secret)
    example = finding.words.example(schemas, secret=secret)
    if example is None and schemas:
        example = sample_of_kind(schemas[-1])
    return f"is missing{_because(finding, name)}; {finding.verb} {wanted}{such(example, wanted)}"


def _because(finding: SchemaFinding, name: str) -> str:
    """Name the other value that makes this one needed."""
    needs, value = finding.last.get(finding.keyword), finding.seen.value
    if not isinstance(needs, Mapping) or not isinstance(value, Mapping):
        return ""
    found = [other for other, names in needs.items() if other in value and isinstance(names, list) and name in names]
    return f", and needed where there is {finding.words.names(found[:1])}" if found else ""


def _property(schema: Mapping[str, Any], name: str) -> Any:
    declared = schema.get("properties")
    return declared.get(name) if isinstance(declared, Mapping) else None


def _unexpected(finding: SchemaFinding) -> str:
    known = dict.fromkeys(name for schema in finding.said for name in schema.get("properties", ()))
    value = finding.seen.value if isinstance(finding.seen.value, Mapping) else {}
    unexpected = getattr(finding.error.kind, "unexpected", None) or [name for name in value if name not in known]
    names = finding.words.names([name for name in known if name not in set(unexpected)])
    told = f"; there is only {names}" if names else ""
    return f"leave out {finding.words.names(unexpected) or 'what is not asked for'}{told}"


def _entries(_: SchemaFinding) -> str:
    return "leave out the entries that are not asked for, at the end of the list"


def _contains(finding: SchemaFinding) -> str:
    schema = finding.last
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    count = f"at least {least}" if most is None else f"exactly {most}" if least == most else f"{least} to {most}"
    wanted = finding.told(schema.get("contains"))
    return f"{finding.verb} a list in which {count} of the entries is {wanted}"


def _not(finding: SchemaFinding) -> str:
    wanted = finding.told(finding.whole())
    return f"{finding.verb} {wanted}, but not {finding.told(finding.last.get('not'))}{finding.sent()}"


def _several(finding: SchemaFinding) -> str:
    context = getattr(finding.error.kind, "context", ())
    if not context or any(context):
        return finding.give()
    wanted = finding.told(finding.whole())
    return f"fits several of what may be given; {finding.verb} only one of them: {wanted}"


def _names(finding: SchemaFinding) -> str:
    asked = finding.last.get("propertyNames")
    wanted = finding.told(asked)
    example = finding.example([asked], asked) if isinstance(asked, Mapping) else None
    return f"{finding.verb} an object in which each name is {wanted}{such(example, wanted)}"


def _false(finding: SchemaFinding) -> str:
    return _unexpected(finding) if finding.keyword in _UNEXPECTED else "leave it out; nothing is asked for here"


#: Findings that have words of their own. They name what stands inside of a value.
_SPECIAL: Mapping[str, Callable[[SchemaFinding], str]] = {
    "required": _required,
    "additionalProperties": _unexpected,
    "unevaluatedProperties": _unexpected,
    "unevaluatedItems": _entries,
    "contains": _contains,
    "not": _not,
    "oneOf": _several,
    "propertyNames": _names,
    "falseSchema": _false,
}
