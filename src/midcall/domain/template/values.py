"""What names in templates stand for, and how a value is written where text is wanted."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.errors import Fault, TemplateUnfilled
from midcall.domain.javascript_json import number_text, stringify
from midcall.domain.times import iso

#: Names that every session has a value for, if only an empty one.
BUILT_IN = frozenset(
    {"agent_number", "agent_name", "agent_id", "direction", "medium", "session_id", "current_datetime"}
)

#: A place in a list, from 0.
_PLACE = re.compile(r"[0-9]{1,6}")


class NoValue(LookupError):
    """A name has no value; the message says which, and what to do."""


class Empty(NoValue):
    """A name of what a session may not have: without a default it stands for the empty text."""


class LeftOut(NoValue):
    """A name of a parameter that the call left out, as it may."""


@dataclass(frozen=True, slots=True)
class TemplateValues:
    """The values of the names in one call's templates.

    A plain name is looked for in `params`, then `variables`, then `built_in`. `secrets` are credentials' values by
    credential and key; nothing else ever answers for `secret.*`, nor for `contact.*` anything but `contact`.
    `optional` are the parameters that a call may leave out: those that are not, it has.
    """

    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    contact: Mapping[str, Any] = field(default_factory=dict, repr=False)
    built_in: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    optional: Collection[str] = ()

    def get(self, name: str) -> Any:
        """Return the value of a name of the grammar; raises NoValue. What a contact does not have is the empty text."""
        try:
            return self.find(name)
        except Empty:
            return ""

    def find(self, name: str, path: Sequence[str] = ()) -> Any:
        """Return the value of a name of the grammar, or what stands in it at the end of a path; raises NoValue.

        Raises Empty for what a contact or a session does not have, LeftOut for what a call may leave out.
        """
        space, _, rest = name.partition(".")
        if not rest:
            return self._inside(name, self._plain(name), path)
        if space == "contact":
            value = self.contact.get(rest)
            if value is None:
                raise Empty(f"{{{{{name}}}}} is not known of this contact")
            return self._inside(name, value, path)
        if space == "secret":
            return self._secret(name, *rest.split("."))
        raise NoValue(f"{{{{{name}}}}} is no name that a template may use")

    def _inside(self, name: str, value: Any, path: Sequence[str]) -> Any:
        """Follow a path: keys of objects, and places in lists from 0; nothing else of a value is ever looked at."""
        for count, step in enumerate(path):
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, list | tuple) and _PLACE.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                missing = ".".join((name, *path[: count + 1]))
                if name.startswith("contact."):
                    raise Empty(f"{{{{{missing}}}}} is not known of this contact")
                raise self._none(name, missing)
        return value

    def _plain(self, name: str) -> Any:
        for source in (self.params, self.variables, self.built_in):
            if name in source:
                return source[name]
        if name in BUILT_IN:
            raise Empty(f"{{{{{name}}}}} is not known of this session")
        raise self._none(name, name)

    def _none(self, name: str, missing: str) -> NoValue:
        """Say that there is no value, and whether there has to be one."""
        if name in self.optional:
            return LeftOut(f"{{{{{missing}}}}} was left out of this call")
        return self._unset(missing)

    @staticmethod
    def _unset(name: str) -> NoValue:
        return NoValue(
            f"{{{{{name}}}}} has no value in this call: declare it as a parameter, set the dynamic variable before, or"
            f' write {{{{{name} | default("")}}}}'
        )

    def _secret(self, name: str, credential: str, key: str | None = None) -> str:
        values = self.secrets.get(credential)
        if values is None:
            raise NoValue(f"{{{{{name}}}}}: there is no credential {credential}; save one under that name")
        if key is None and len(values) == 1:
            return next(iter(values.values()))
        if key is None or key not in values:
            raise NoValue(f"{{{{{name}}}}}: name a key of that credential, as in secret.{credential}.<key>")
        return values[key]


def values_of(
    body: Mapping[str, Any],
    *,
    params: Mapping[str, Any],
    now: int,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    optional: Collection[str] = (),
) -> TemplateValues:
    """Make the values of a call from its session body, its prepared parameters and the time (ms since the epoch)."""
    agent = _mapping(body.get("agentDetails"))
    built_in = {
        "agent_number": agent.get("number"),
        "agent_name": agent.get("name"),
        "agent_id": agent.get("id"),
        "direction": body.get("direction"),
        "medium": body.get("medium"),
        "session_id": body.get("sessionId"),
    }
    return TemplateValues(
        params=params,
        variables=_mapping(body.get("dynamicVariables")),
        contact=_mapping(body.get("contact")),
        built_in={
            "current_datetime": iso(now),
            **{name: as_text(value) for name, value in built_in.items() if value not in (None, "")},
        },
        secrets=secrets or {},
        optional=optional,
    )


def as_text(value: Any, *, max_chars: int | None = None) -> str:
    """Write a value where text is wanted: a text as it is, null as nothing, all else as JSON (5, 1.5, true, [1,2]).

    Raises ValueError over `max_chars`, and for what JSON has no text for; the message does not quote the value.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = number_text(value)
    else:
        text = stringify(value, max_chars=max_chars)
    if max_chars is not None and len(text) > max_chars:
        raise ValueError(f"longer than {max_chars:,} characters")
    return text


def refused(loc: str, message: str) -> TemplateUnfilled:
    """Make the error of a template that cannot be filled in this call; `message` quotes no value."""
    return TemplateUnfilled(f"{loc}: {message}", faults=[Fault(loc, message)])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
