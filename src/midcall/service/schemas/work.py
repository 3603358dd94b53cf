"""How much work a check against a JSON Schema is, found before it begins: the validator cannot be stopped.

Its patterns take time linear in the text, but each character costs a step for every state that a pattern may be in, of
which `[ab]*a[ab]{4000}` has thousands; and every part that looks at a text looks at all of it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.subschemas import DEFINITIONS, NAMED, subschemas

#: States of all patterns of one schema: making them takes half a microsecond each, anew for every check.
MAX_STATES = 200_000
#: States times characters that are looked at in one check. At the worst (10 ns each) they take a second, in general a
#: hundredth of that.
MAX_WORK = 100_000_000
#: Steps in which the work is found, where schema and value are so large that it may be too much: 0.2 s.
_MAX_STEPS = 200_000
#: States of `.` and of what is not in a class: they are other bytes for each length of a character.
_STATES_OF_ANY = 10
#: A number is looked at digit by digit, and divided (`multipleOf`) in time quadratic in them.
_BITS_OF_A_DIGIT = 3
_DIGITS_TO_DIVIDE = 64
_SECONDS = 2.0
#: More states are not told apart.
_TOO_MANY = MAX_STATES + 1

#: A class that does not end takes the rest of the text with it, so that none is looked at twice.
_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*(?:\]|\Z))|(?P<open>\((?:\?(?:<\w*>|[a-z-]*:|[=!]))?)|(?P<close>\))"
    r"|\{(?P<least>[0-9]{1,6})(?:,(?P<most>[0-9]{0,6}))?\}|(?P<one>.)",
    re.DOTALL,
)


def states_of(schema: Any) -> int:
    """Return about how many states all patterns of a schema have; definitions count once, as they are made."""
    if not isinstance(schema, Mapping):
        return 0
    return sum(map(pattern_states, _patterns(schema))) + sum(states_of(child) for _, child in subschemas(schema))


def is_affordable(schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value can be held against a schema that was taken, in about a second at most."""
    if states_of(schema) > MAX_STATES:  # an older release took it
        return False
    chars = _chars(value)
    if _weight(schema, schema) * chars <= MAX_WORK:
        return True
    try:
        _Check(schema, Budget(_MAX_STEPS, seconds=_SECONDS), Budget(MAX_WORK, seconds=_SECONDS)).walk(schema, value)
    except BudgetSpent:
        return False
    return True


def pattern_states(pattern: str) -> int:
    """Return about how many states a pattern has: what it repeats {n} times is there n times."""
    totals, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        if token["open"]:
            totals.append(0)
            last = 0
        elif token["close"] and len(totals) > 1:
            last = min(totals.pop() + 1, _TOO_MANY)
            totals[-1] += last
        elif token["least"]:
            # Of {n,} what comes after the n is one more.
            times = max(1, int(token["most"] or 0), int(token["least"]) + (token["most"] == ""))
            totals[-1] += last * (times - 1)
            last = min(last * times, _TOO_MANY)
        else:
            anything = token["one"] == "." or (token["set"] or "").startswith("[^")
            last = _STATES_OF_ANY if anything else 1
            totals[-1] += last
    return sum(totals) + 1


class _Check:
    """One value held against one schema, as the validator will; counts what its texts cost."""

    def __init__(self, root: Mapping[str, Any], steps: Budget, work: Budget) -> None:
        self._root = root
        self._steps = steps
        self._work = work
        #: By the schema, which a list asks again for each of its entries.
        self._weights: dict[int, int] = {}

    def walk(self, schema: Any, value: Any) -> None:
        """Count all of it; raises BudgetSpent."""
        self._steps.spend()
        if not isinstance(schema, Mapping):
            return
        if id(schema) not in self._weights:
            self._weights[id(schema)] = _own_weight(schema)
        self._work.spend(self._weights[id(schema)] * _own_chars(value))
        reference = schema.get("$ref")
        if isinstance(reference, str):
            self.walk(_target(self._root, reference), value)
        for keyword, held in schema.items():
            if keyword in DEFINITIONS:
                continue
            if keyword == "properties" and isinstance(held, Mapping):
                for name, child in held.items():
                    if isinstance(value, Mapping) and name in value:
                        self.walk(child, value[name])
            else:
                self._into(keyword, held, value)

    def _into(self, keyword: str, held: Any, value: Any) -> None:
        for _, child in subschemas({keyword: held}):
            for part in _parts(keyword, value):
                self.walk(child, part)


def _parts(keyword: str, value: Any) -> Iterator[Any]:
    """Yield what a keyword's schemas are held against: the value itself, or what is in it."""
    if keyword in {"additionalProperties", "patternProperties", "unevaluatedProperties"}:
        yield from value.values() if isinstance(value, Mapping) else ()
    elif keyword == "propertyNames":
        yield from value if isinstance(value, Mapping) else ()
    elif keyword in {"contains", "items", "prefixItems", "unevaluatedItems"}:
        yield from value if isinstance(value, list) else ()
    else:
        yield value


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    if isinstance(schema.get("patternProperties"), Mapping):
        yield from schema["patternProperties"]


def _own_weight(schema: Mapping[str, Any]) -> int:
    """Return how often a schema, those in it left out, looks at each character of a value."""
    return 1 + sum(map(pattern_states, _patterns(schema)))


def _weight(schema: Any, root: Mapping[str, Any]) -> int:
    """Return the same of a schema with all that is in it, references followed: a bound for any value."""
    if not isinstance(schema, Mapping):
        return 1
    weight = _own_weight(schema)
    if isinstance(schema.get("$ref"), str):
        weight += _weight(_target(root, schema["$ref"]), root)
    return weight + sum(_weight(child, root) for keyword, child in subschemas(schema) if keyword not in DEFINITIONS)


def _target(root: Mapping[str, Any], reference: str) -> Any:
    """Find a definition; a schema that was taken has no other references, and none that comes back to itself."""
    _, _, place = reference.partition("#/")
    keyword, _, name = place.partition("/")
    return root.get(keyword, {}).get(name) if keyword in DEFINITIONS & NAMED else None


def _own_chars(value: Any) -> int:
    if isinstance(value, str):
        return 1 + len(value)
    if isinstance(value, Mapping):
        return 1 + sum(map(len, value))
    if isinstance(value, int):
        digits = value.bit_length() // _BITS_OF_A_DIGIT
        return 1 + digits + digits * digits // _DIGITS_TO_DIVIDE
    return 1


def _chars(value: Any) -> int:
    chars = _own_chars(value)
    if isinstance(value, Mapping):
        return chars + sum(map(_chars, value.values()))
    return chars + sum(map(_chars, value)) if isinstance(value, list) else chars
