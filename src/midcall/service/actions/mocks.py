"""Which mock answers a call of an action, and what a run's calls leave behind as a recording."""

import threading
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import AliasChoices

from midcall.connectors import operations
from midcall.connectors.kit import BoundArguments, Options
from midcall.domain.action import ActionFailed, is_of, snake
from midcall.domain.mock import ActionAnswer, Rehearsal

#: Names the credential among a call's options, as the call does.
_CREDENTIAL = "credential"
_OPERATIONS = operations()


class MocksOfRun:
    """The mocks of one run: the first that fits and has times left answers. May be asked by several threads at once."""

    def __init__(self, rehearsal: Rehearsal | None) -> None:
        self._mocks = rehearsal.mocks if rehearsal else ()
        self._dry = rehearsal is not None and rehearsal.dry
        self._replays = rehearsal is not None and rehearsal.replay_of is not None
        self._left = [mock.times for mock in self._mocks]
        self._lock = threading.Lock()

    def answer(self, action: str, options: Mapping[str, Any]) -> ActionAnswer | None:
        """Return the answer to a call; None: it is made in reality. Raises ActionFailed (`no_mock`) in a dry run."""
        with self._lock:
            for place, mock in enumerate(self._mocks):
                left = self._left[place]
                if left == 0 or not mock.fits(action, options, names_of(action)):
                    continue
                if left is not None:
                    self._left[place] = left - 1
                return mock.answer
        if self._dry:
            text = (
                "the run that is replayed did not call this action with these options, or not as often"
                if self._replays
                else "no mock answers this call, and nothing leaves a dry run; add it to mocks"
            )
            raise ActionFailed(text, code="no_mock")
        return None


def options_of(action: str, bound: BoundArguments) -> dict[str, Any]:
    """Return the options of a call as it gave them, by the names of its operation, and the credential it named."""
    names = names_of(action)
    options = {names.get(name, name): value for name, value in bound.given.items()}
    return options if bound.credential is None else {**options, _CREDENTIAL: bound.credential}


def option_names(action: str) -> frozenset[str]:
    """Return every option, in snake_case, that calls of an action, or of any of a group, may have."""
    found = {_CREDENTIAL}
    for name, (_, operation) in _OPERATIONS.items():
        if is_of(name, action):
            found.update(names_of(name), _inner_names(operation.options))
    return frozenset(found)


@cache
def names_of(action: str) -> Mapping[str, str]:
    """Return each way in which an action's options may be named, in snake_case, with their own names."""
    names: dict[str, str] = {}
    for name, info in _OPERATIONS[action][1].options.model_fields.items():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names |= {snake(each): name for each in (name, *choices) if isinstance(each, str)}
    return MappingProxyType(names)


def _inner_names(options: type[Options]) -> Iterable[str]:
    """Yield what stands in options of options: HTTP's shorthands take these by name too."""
    for info in options.model_fields.values():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Options):
            yield from info.annotation.model_fields
