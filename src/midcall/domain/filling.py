"""Parameters at their places: what midcall fills is filled, whatever was sent there, and what is sensitive is found."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.conversion import convert
from midcall.domain.errors import Fault
from midcall.domain.places import Place, Places

#: Values that are filled in one call, and the characters of those that are filled in each entry of a list: what a
#: schema says once, a caller's list would else multiply by the thousand.
MAX_FILLED = 10_000
MAX_REPEATED_CHARS = 1024 * 1024

#: Faults of one call that are told.
_MAX_FAULTS = 20


def filled(
    places: Places, params: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return parameters with constants and values of variables at their places, and why this cannot be done.

    Objects on the way to a constant are made where nothing was sent; what else was sent where an object or a list must
    be is a fault. With faults, no parameter is to be used.
    """
    if places.closed:
        text = "this version was saved before midcall checked where its x-midcall stands; save and publish a new one"
        return dict(params), (Fault("", text),)
    filling = _Filling(variables)
    return filling.object_of(places.root, params, "", repeated=False), tuple(filling.faults[:_MAX_FAULTS])


def stripped(place: Place | None, value: Any) -> Any:
    """Return a value without what midcall fills in it: what is left may have been sent."""
    if place is None or not place.filled:
        return value
    if isinstance(value, Mapping):
        kept = {name: (place.named(name), child) for name, child in value.items()}
        return {name: stripped(below, child) for name, (below, child) in kept.items() if not _hidden(below)}
    if isinstance(value, list):
        return [stripped(place.entry(index), entry) for index, entry in enumerate(value)]
    return value


def with_secrets(place: Place | None, value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value in which each sensitive one is what `change` makes of it.

    What stands where an object or a list with something sensitive in it should be is sensitive as a whole.
    """
    if place is None or not place.secret:
        return value
    if place.sensitive:
        return change(value)
    if isinstance(value, Mapping) and place.secret_object:
        return {name: with_secrets(place.named(name), child, change) for name, child in value.items()}
    if isinstance(value, list) and place.secret_list:
        return [with_secrets(place.entry(index), entry, change) for index, entry in enumerate(value)]
    return value if value is None else change(value)


def variables_in(place: Place | None, value: Any, *, sensitive: bool = False) -> dict[str, Any]:
    """Return the values that sensitive places are filled with, by the dynamic variables that they are filled from."""
    if place is None or not place.filled:
        return {}
    secret = sensitive or place.sensitive
    if place.hidden and place.source is not None and not place.constants and (secret or place.secret):
        return {place.source: value}
    found: dict[str, Any] = {}
    if isinstance(value, Mapping):
        for name, child in value.items():
            found |= variables_in(place.named(name), child, sensitive=secret)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            found |= variables_in(place.entry(index), entry, sensitive=secret)
    return found


def _below(loc: str, name: str) -> str:
    """Write a path; of a long name the beginning, since all paths below have it."""
    return f"{loc}.{name:.80}"


def _hidden(place: Place | None) -> bool:
    return place is not None and place.hidden


@dataclass(slots=True)
class _Filling:
    """One call being filled; counts what it fills."""

    variables: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)
    left: int = MAX_FILLED
    chars: int = MAX_REPEATED_CHARS

    def of(self, place: Place | None, value: Any, loc: str, *, repeated: bool) -> Any:
        if place is None or not place.filled:
            return value
        if isinstance(value, Mapping) and place.filled_object:
            return self.object_of(place, value, loc, repeated=repeated)
        # Where a schema speaks of both, a list would be a way around what the object has to have.
        if isinstance(value, list) and place.filled_list and not place.filled_object:
            return [
                self.of(place.entry(index), entry, f"{loc}.{index}", repeated=True) for index, entry in enumerate(value)
            ]
        if place.filled_object or place.filled_list:
            self.faults.append(Fault(loc, "give an object" if place.filled_object else "give a list"))
        return value

    def object_of(self, place: Place, value: Mapping[str, Any], loc: str, *, repeated: bool) -> dict[str, Any]:
        """Fill an object: nothing of what was sent at hidden places is left in it."""
        kept = {}
        for name, child in value.items():
            below = place.named(name)
            if not _hidden(below):
                again = repeated or name not in place.properties
                # A null on the way to what is filled says that nothing was sent.
                empty = child is None and name in place.fills
                kept[name] = child if empty else self.of(below, child, _below(loc, name), repeated=again)
        for name in place.fills:
            if not self._spend(1, ""):
                break
            below = place.properties[name]
            where = _below(loc, name)
            if below.hidden:
                self._fill(kept, name, below, where, repeated=repeated)
            elif kept.get(name) is None:
                self._make(kept, name, below, where, repeated=repeated)
        return kept

    def _fill(self, kept: dict[str, Any], name: str, place: Place, loc: str, *, repeated: bool) -> None:
        if place.constants:
            value = place.constants[0]
        elif place.source is not None and place.source in self.variables:
            value = convert(place.declared, self.variables[place.source])
        elif "default" in place.declared:
            value = place.declared["default"]
        else:
            self._make(kept, name, place, loc, repeated=repeated)
            return
        if not repeated or self._spend(0, value):
            kept[name] = value if place.constants else self.of(place, value, loc, repeated=repeated)

    def _make(self, kept: dict[str, Any], name: str, place: Place, loc: str, *, repeated: bool) -> None:
        """Make an object that was not sent, if a constant has to be in it, or else if nothing of the caller's has."""
        if place.fills and (place.fixed or not place.needs):
            made = self.object_of(place, {}, loc, repeated=repeated)
            if made:
                kept[name] = made

    def _spend(self, count: int, value: Any) -> bool:
        """Count what is filled; tells whether there is room for it."""
        self.left -= count
        # Written no more once there is no room: it may be long, and asked for often.
        self.chars -= len(json.dumps(value)) if value and self.chars >= 0 else 0
        if self.left >= 0 and self.chars >= 0:
            return True
        self.faults.append(Fault("", "midcall would have to fill in too much; send fewer entries"))
        return False
