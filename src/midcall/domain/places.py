"""What `x-midcall` says anywhere in a schema of parameters, by the places of a value: all that is filled or masked.

One walk reads it; hiding, filling, refusing and masking all go by what it found, so that none of them can see less than
another. It follows references and `allOf` as they are, and conditions (`anyOf`, `if`, …) as though they all held: in
doubt something is hidden or masked. What cannot be enforced so is a fault, for whoever saves the schema; a version that
was saved before there was such a fault is `closed`: it takes no calls.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.errors import Fault
from midcall.domain.made_once import made_once
from midcall.domain.subschemas import DEFINITIONS, MANY, NAMED, subschemas

OPTIONS = "x-midcall"
#: What `x-midcall` may hold.
PROPERTY_OPTIONS = frozenset({"constant", "from_variable", "trusted_only", "sensitive", "strict"})

#: Bounds of one walk: levels, steps, and values that midcall may have to make for one call. A schema that can be saved
#: has 5,000 parts; steps beyond that come from `allOf` branches that speak of each other's properties.
MAX_DEPTH = 100
MAX_STEPS = 50_000
MAX_MADE = 5_000
#: Faults of one schema that are told.
_MAX_FAULTS = 20

_REFERENCE = re.compile(r"#/(\$defs|definitions)/([^/]+)")
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
#: Keywords whose schemas are about the same value, and hold only sometimes.
_SOMETIMES = frozenset({"anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"})
#: Keywords whose schemas are about names, or about what a text contains.
_ELSEWHERE = ("propertyNames", "contentSchema")
#: Matching a pattern is the validator's work: it alone has regular expressions that nobody can stall.
_PATTERNS = "patternProperties"


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One place of a value, and those below it. `properties` by name; `others` are all further ones.

    `prefix` are the first entries of a list, `rest` all further ones.
    """

    hidden: bool = False
    sensitive: bool = False
    #: The one constant, or none.
    constants: tuple[Any, ...] = ()
    #: The dynamic variable that it is filled from.
    source: str | None = None
    #: Type and default, as far as the schema says them, of what is hidden.
    declared: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, "Place"] = field(default_factory=dict)
    others: "Place | None" = None
    prefix: tuple["Place", ...] = ()
    rest: "Place | None" = None
    #: Names below it that midcall fills, or that hold something to fill.
    fills: tuple[str, ...] = ()
    #: Values that midcall makes where nothing was sent.
    made: int = 0
    #: Whether a constant is among them, which is always there.
    fixed: bool = False
    #: Names that an object here needs of whoever sends it.
    needs: tuple[str, ...] = ()
    #: Whether anything below is filled, if the value is an object, or a list; whether anything there is sensitive.
    filled_object: bool = False
    filled_list: bool = False
    secret_object: bool = False
    secret_list: bool = False

    @property
    def filled(self) -> bool:
        """Whether midcall fills anything here or below."""
        return self.hidden or self.filled_object or self.filled_list

    @property
    def secret(self) -> bool:
        """Whether anything here or below is sensitive."""
        return self.sensitive or self.secret_object or self.secret_list

    def named(self, name: str) -> "Place | None":
        """Return the place of a property; None: there is nothing to do."""
        return self.properties.get(name, self.others)

    def entry(self, index: int) -> "Place | None":
        """Return the place of an entry of a list."""
        return self.prefix[index] if index < len(self.prefix) else self.rest

    def of_object(self) -> Iterator["Place"]:
        """Yield the places of an object's properties."""
        yield from self.properties.values()
        if self.others is not None:
            yield self.others

    def of_list(self) -> Iterator["Place"]:
        """Yield the places of a list's entries."""
        yield from self.prefix
        if self.rest is not None:
            yield self.rest

    def below(self) -> Iterator["Place"]:
        """Yield the places right below this one."""
        yield from self.of_object()
        yield from self.of_list()


#: A place where midcall does nothing, and one where it masks everything.
NOTHING = Place()
EVERYTHING = Place(others=Place(sensitive=True), secret_object=True)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of one schema. `faults`: why it cannot be saved; `closed`: no call can be taken."""

    root: Place = NOTHING
    faults: tuple[Fault, ...] = ()
    closed: bool = False
    #: Too large to be walked: nothing is known of it, so everything is masked and nothing shown.
    lost: bool = False

    def all(self) -> Iterator[tuple[str | None, Place]]:
        """Yield each place that is below the root once by each name that it has; None: it has none."""
        seen: set[int] = set()
        left = [self.root]
        while left:
            place = left.pop()
            if id(place) in seen:
                continue
            seen.add(id(place))
            yield from place.properties.items()
            yield from ((None, each) for each in (place.others, *place.prefix, place.rest) if each is not None)
            left += place.below()

    def hidden_names(self) -> frozenset[str]:
        """Return the names that are hidden anywhere."""
        return frozenset(name for name, place in self.all() if name is not None and place.hidden)

    def secret_names(self) -> frozenset[str]:
        """Return the names of what is sensitive anywhere."""
        return frozenset(name for name, place in self.all() if name is not None and place.sensitive)


def places_of(schema: Mapping[str, Any], loc: str = "parameters") -> Places:
    """Find the places of a schema, which is valid but may be hostile; `loc` is where it stands."""
    if not mentioned(schema):
        return Places()
    return _places_of_parameters(schema) if loc == "parameters" else _walked(schema, loc)


def _walked(schema: Mapping[str, Any], loc: str) -> Places:
    walk = _Walk(schema)
    try:
        root = walk.root_of(_Part(schema, loc))
    except _LostError as error:
        return Places(EVERYTHING, (Fault(loc, f"{OPTIONS} cannot be followed: {error}"),), closed=True, lost=True)
    return Places(root, tuple(walk.faults.values())[:_MAX_FAULTS], closed=walk.closed)


def _of_parameters(schema: Mapping[str, Any]) -> Places:
    return _walked(schema, "parameters")


_places_of_parameters = made_once(_of_parameters)


class _LostError(ValueError):
    """A schema that cannot be walked within its bounds; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One schema that speaks of a place. `doubt`: the keyword above it that makes it hold only sometimes, or for some.

    `nameless`: it speaks of whatever is there, such as each entry of a list, so that nothing can be filled at it.
    """

    schema: Any
    loc: str
    doubt: str = ""
    nameless: bool = False

    def child(self, keyword: str, schema: Any, *, doubt: str = "", nameless: bool = False) -> "_Part":
        return _Part(schema, f"{self.loc}.{keyword}", self.doubt or doubt, nameless)

    @property
    def key(self) -> tuple[int, str, bool]:
        return id(self.schema), self.doubt, self.nameless


_Key = tuple[str | None, frozenset[tuple[int, str, bool]]]


@dataclass(slots=True)
class _Walk:
    """One schema being walked; counts its steps, and keeps the places it has made."""

    schema: Mapping[str, Any]
    steps: int = MAX_STEPS
    closed: bool = False
    faults: dict[str, Fault] = field(default_factory=dict)
    _carrying: dict[int, bool] = field(default_factory=dict)
    #: None: it is being made, further up.
    _known: dict[_Key, Place | None] = field(default_factory=dict)

    def root_of(self, part: _Part) -> Place:
        place = self._of(None, [part], 1, root=True)
        if place.made > MAX_MADE:
            raise _LostError(f"midcall would have to fill more than {MAX_MADE:,} values; fill fewer")
        return place

    def _of(self, name: str | None, parts: list[_Part], depth: int, *, root: bool = False) -> Place:
        """Make the place that some schemas speak of."""
        if depth > MAX_DEPTH:
            raise _LostError(f"nested more than {MAX_DEPTH} levels deep; flatten it")
        if not any(self._carries(part.schema, depth) for part in parts):
            return NOTHING
        key = (name, frozenset(part.key for part in parts))
        if key in self._known:
            known = self._known[key]
            if known is None:
                raise _LostError("a reference comes back to itself; write it out as deep as it is used")
            return known
        self._known[key] = None
        made = self._made(name, list(self._same(parts)), depth, root=root)
        self._known[key] = made
        return made

    def _made(self, name: str | None, parts: list[_Part], depth: int, *, root: bool) -> Place:
        said = _Said(name, root=root)
        for part in parts:
            if isinstance(part.schema, Mapping) and OPTIONS in part.schema:
                self._read(said, part)
        prefix, rest = self._entries(parts, depth)
        others = self._others(parts)
        below = Place(
            properties=self._properties(parts, others, depth),
            others=self._of(None, [other for other, _ in others], depth + 1) if others else None,
            prefix=prefix,
            rest=rest,
        )
        return self._joined(said, below, parts, sensitive=said.sensitive | self._elsewhere(parts, depth))

    def _joined(self, said: "_Said", below: Place, parts: list[_Part], *, sensitive: bool) -> Place:
        fills = tuple(name for name, each in below.properties.items() if each.filled)
        if said.constants and any(each.filled for each in below.below()):
            self._fault(parts[0].loc, f"is one constant as a whole; leave {OPTIONS} out further down in it")
        required = _required(parts)
        needs = tuple(
            name
            for name in sorted(required)
            if not (each := below.properties.get(name, NOTHING)).hidden and (each.needs or not each.made)
        )
        self._contradicted(parts[0].loc, below, required)
        return Place(
            hidden=said.hidden and not said.root,
            sensitive=sensitive,
            constants=tuple(said.constants[:1]),
            source=said.source,
            declared=_declared(parts) if said.hidden else {},
            properties=below.properties,
            others=below.others,
            prefix=below.prefix,
            rest=below.rest,
            fills=fills,
            made=said.hidden + sum(below.properties[name].made for name in fills),
            fixed=bool(said.constants) or any(below.properties[name].fixed for name in fills),
            needs=needs,
            filled_object=any(each.filled for each in below.of_object()),
            filled_list=any(each.filled for each in below.of_list()),
            secret_object=any(each.secret for each in below.of_object()),
            secret_list=any(each.secret for each in below.of_list()),
        )

    def _contradicted(self, loc: str, below: Place, required: frozenset[str]) -> None:
        """Tell of objects that may be left out, hold a constant, and need something of whoever leaves them out."""
        for name, each in below.properties.items():
            if each.fixed and each.needs and not each.hidden and name not in required:
                text = f'always has a constant in it and then needs "{each.needs[0]:.80}", but may be left out; add '
                self._fault(f"{loc}.properties.{name}", f'{text}"{name:.80}" to "required" beside it')

    def _same(self, parts: Iterable[_Part]) -> Iterator[_Part]:
        """Yield all schemas that speak of the same value, each once: references, branches and conditions."""
        seen: set[tuple[int, str, bool]] = set()
        left = list(parts)
        for part in left:
            self._step(1)
            if part.key in seen:
                continue
            seen.add(part.key)
            yield part
            if not isinstance(part.schema, Mapping):
                continue
            if dynamic := sorted(_DYNAMIC & part.schema.keys()):
                raise _LostError(f'what "{dynamic[0]}" means depends on where it is used; use "$ref"')
            if "$ref" in part.schema:
                left.append(_Part(self._target(part.schema["$ref"]), part.loc, part.doubt, part.nameless))
            left += _branches(part)

    def _target(self, reference: Any) -> Any:
        match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        definitions = self.schema.get(match[1]) if match else None
        if match is None or not isinstance(definitions, Mapping) or match[2] not in definitions:
            raise _LostError(f'the reference "{reference!s:.80}" leads nowhere')
        return definitions[match[2]]

    def _others(self, parts: list[_Part]) -> list[tuple[_Part, Mapping[str, Any]]]:
        """Return what carries something and speaks of properties without naming them, and those that it leaves out."""
        found: list[tuple[_Part, Mapping[str, Any]]] = []
        for part in filter(_is_schema, parts):
            patterns = part.schema.get(_PATTERNS) or {}
            if "additionalProperties" in part.schema:
                # Which names are additional beside patterns, only a run of the validator can tell.
                other = part.child(
                    "additionalProperties",
                    part.schema["additionalProperties"],
                    doubt=_PATTERNS if patterns else "",
                    nameless=True,
                )
                found.append((other, part.schema.get("properties", {})))
            for pattern, child in patterns.items():
                found.append((part.child(f"{_PATTERNS}.{pattern}", child, doubt=_PATTERNS, nameless=True), {}))
            if "unevaluatedProperties" in part.schema:
                child = part.schema["unevaluatedProperties"]
                found.append((part.child("unevaluatedProperties", child, doubt="unevaluated", nameless=True), {}))
        return [(part, known) for part, known in found if self._carries(part.schema, 1)]

    def _properties(
        self, parts: list[_Part], others: list[tuple[_Part, Mapping[str, Any]]], depth: int
    ) -> dict[str, Place]:
        """Make the places of named properties. What speaks of all properties may speak of these too."""
        named: dict[str, list[_Part]] = {}
        for part in filter(_is_schema, parts):
            for name, child in part.schema.get("properties", {}).items():
                self._step(1)
                named.setdefault(name, []).append(part.child(f"properties.{name}", child))
        for name, found in named.items():
            self._step(len(others))
            found += [other for other, known in others if name not in known]
        return {name: self._of(name, found, depth + 1) for name, found in named.items()}

    def _entries(self, parts: list[_Part], depth: int) -> tuple[tuple[Place, ...], Place | None]:
        every, first = [], []
        for part in filter(_is_schema, parts):
            children = [
                part.child(f"prefixItems.{index}", child, nameless=True)
                for index, child in enumerate(part.schema.get("prefixItems", ()))
            ]
            rest = [part.child("items", part.schema["items"], nameless=True)] if "items" in part.schema else []
            first.append((children, rest))
            every += [
                part.child(keyword, part.schema[keyword], doubt="unevaluated", nameless=True)
                for keyword in ("unevaluatedItems", "contains")
                if keyword in part.schema
            ]
        every = [part for part in every if self._carries(part.schema, depth)]
        longest = max((len(children) for children, _ in first), default=0)
        prefixes = []
        for index in range(longest):
            self._step(len(first))
            found = [part for children, rest in first for part in (children[index : index + 1] or rest)]
            prefixes.append(self._of(None, [*found, *every], depth + 1))
        found = [part for _, rest in first for part in rest]
        return tuple(prefixes), self._of(None, [*found, *every], depth + 1) if found or every else None

    def _elsewhere(self, parts: list[_Part], depth: int) -> bool:
        """Look for what speaks of names, or of a text's content; tells whether all of the value is to be masked."""
        found = False
        for part in filter(_is_schema, parts):
            for keyword in _ELSEWHERE:
                if keyword in part.schema and self._carries(part.schema[keyword], depth):
                    found = self.closed = True
                    self._fault(f"{part.loc}.{keyword}", f"{OPTIONS} has no meaning in here; leave it out")
        return found

    def _read(self, said: "_Said", part: _Part) -> None:
        """Read what one schema says of the value at a place."""
        options, loc = part.schema[OPTIONS], f"{part.loc}.{OPTIONS}"
        if not isinstance(options, Mapping):
            self._fault(loc, 'give an object such as {"constant": 5}')
            return
        for fault in _misspelt(options, loc):
            self._fault(fault.loc, fault.msg)
        hides = is_hiding(options)
        if reason := _reason(part, root=said.root, hides=hides):
            self._fault(loc, reason)
            self.closed = self.closed or hides
        if hides and not part.nameless:
            self._fill(said, options, loc)
        said.sensitive = said.sensitive or options.get("sensitive") is True

    def _fill(self, said: "_Said", options: Mapping[str, Any], loc: str) -> None:
        said.hidden = True
        source = options.get("from_variable") or (said.name if options.get("trusted_only") is True else None)
        if "constant" in options:
            if said.constants and not _equal(said.constants[0], options["constant"]):
                self._fault(f"{loc}.constant", "another constant is said for the same value; leave one of them out")
            said.constants.append(options["constant"])
        elif isinstance(source, str):
            if said.source not in {None, source}:
                self._fault(loc, f'the same value is filled from the variable "{said.source:.80}"; name one of them')
            said.source = said.source or source

    def _carries(self, schema: Any, depth: int) -> bool:
        """Tell whether `x-midcall` stands anywhere in a schema, references followed."""
        if not isinstance(schema, Mapping):
            return False
        known = self._carrying.get(id(schema))
        if known is not None:
            return known
        if depth > 2 * MAX_DEPTH:
            return True
        # What comes back to itself counts as carrying: then the walk finds that it does, if anything is there at all.
        self._carrying[id(schema)] = True
        found = OPTIONS in schema or any(
            self._carries(child, depth + 1) for keyword, child in subschemas(schema) if keyword not in DEFINITIONS
        )
        if not found and "$ref" in schema:
            found = self._carries(self._target(schema["$ref"]), depth + 1)
        self._carrying[id(schema)] = found
        return found

    def _step(self, count: int) -> None:
        self.steps -= count
        if self.steps < 0:
            raise _LostError(f"more than {MAX_STEPS:,} steps to find out what is filled and masked; simplify it")

    def _fault(self, loc: str, msg: str) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.setdefault(loc, Fault(loc, msg))


@dataclass(slots=True)
class _Said:
    """What the schemas of one place say of its value."""

    name: str | None
    root: bool
    hidden: bool = False
    sensitive: bool = False
    constants: list[Any] = field(default_factory=list)
    source: str | None = None


def is_hiding(options: Mapping[str, Any]) -> bool:
    """Tell whether options have a value filled by midcall, and so hidden from the LLM."""
    return "constant" in options or "from_variable" in options or options.get("trusted_only") is True


def mentioned(schema: Any) -> bool:
    """Tell whether `x-midcall` stands anywhere in a document: most have none, and cost no more than this."""
    left = [schema]
    for value in left:
        if isinstance(value, Mapping):
            if OPTIONS in value:
                return True
            left += value.values()
        elif isinstance(value, list):
            left += value
    return False


def _is_schema(part: _Part) -> bool:
    return isinstance(part.schema, Mapping)


def _branches(part: _Part) -> Iterator[_Part]:
    """Yield the schemas inside of one that speak of the same value."""
    for index, branch in enumerate(part.schema.get("allOf", ())):
        yield _Part(branch, f"{part.loc}.allOf.{index}", part.doubt, part.nameless)
    for keyword in sorted(_SOMETIMES & part.schema.keys()):
        value = part.schema[keyword]
        inside = [value]
        if keyword in MANY:
            inside = value
        elif keyword in NAMED:
            inside = list(value.values())
        for branch in inside:
            yield _Part(branch, f"{part.loc}.{keyword}", part.doubt or keyword, part.nameless)


def _required(parts: Iterable[_Part]) -> frozenset[str]:
    """Return the names that an object always needs."""
    always = [part.schema for part in parts if _is_schema(part) and not part.doubt]
    return frozenset(name for schema in always for name in schema.get("required", ()))


def _declared(parts: Iterable[_Part]) -> dict[str, Any]:
    """Return type and default as the first of some schemas says them that says them at all."""
    found: dict[str, Any] = {}
    for part in filter(_is_schema, parts):
        for word in ("type", "default"):
            if word in part.schema:
                found.setdefault(word, part.schema[word])
    return found


def _misspelt(options: Mapping[str, Any], loc: str) -> Iterator[Fault]:
    for option in sorted(set(options) - PROPERTY_OPTIONS):
        yield Fault(f"{loc}.{option}", f"no such option; there are: {', '.join(sorted(PROPERTY_OPTIONS))}")
    for option in sorted({"trusted_only", "sensitive", "strict"} & set(options)):
        if not isinstance(options[option], bool):
            yield Fault(f"{loc}.{option}", "give true or false")
    if not isinstance(options.get("from_variable", ""), str):
        yield Fault(f"{loc}.from_variable", "give the name of a dynamic variable")


def _reason(part: _Part, *, root: bool, hides: bool) -> str:
    """Say why options cannot be enforced where they stand, and what to write instead; nothing if they can."""
    if root:
        return "stands on the parameters as a whole; put it on each property that it is for"
    if part.doubt in _SOMETIMES:
        return f'stands under "{part.doubt}" but would hold always; put it on the property itself, beside that'
    if part.doubt == "unevaluated":
        return 'stands where only a check can tell what it is for; put it under "properties" or "items"'
    if hides and part.doubt == _PATTERNS:
        return 'is for names that a pattern finds, which cannot be filled; write the names out under "properties"'
    if hides and part.nameless:
        return "is for every entry, which cannot be filled; put it on the list or object as a whole, or a name in it"
    return ""


def _equal(one: Any, other: Any) -> bool:
    """Compare JSON values, of which 1 and true are two."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
