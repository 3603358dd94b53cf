"""What names in templates stand for, and how a value is written where text is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.errors import Fault, TemplateUnfilled
from midcall.domain.javascript_json import number_text, stringify
from midcall.domain.times import iso

#: Names that every session has a value for, if only an empty one.
BUILT_IN = frozenset(
    {"agent_number", "agent_name", "agent_id", "direction", "medium", "session_id", "current_datetime"}
)


class NoValue(LookupError):
    """A name has no value; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Values:
    """What the names in one call's templates stand for.

    A plain name is looked for in `params`, then `variables`, then `built_in`. `secrets` are credentials' values by
    credential and key; nothing else ever answers for `secret.*`, nor for `contact.*` anything but `contact`.
    """

    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    contact: Mapping[str, Any] = field(default_factory=dict, repr=False)
    built_in: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> Any:
        """Return the value of a name of the grammar; raises NoValue. What a contact does not have is the empty text."""
        space, _, rest = name.partition(".")
        if not rest:
            return self._plain(name)
        if space == "contact":
            value = self.contact.get(rest)
            return "" if value is None else value
        if space == "secret":
            return self._secret(name, *rest.split("."))
        raise NoValue(f"{{{{{name}}}}} is no name that a template may use")

    def _plain(self, name: str) -> Any:
        for source in (self.params, self.variables, self.built_in):
            if name in source:
                return source[name]
        if name in BUILT_IN:
            return ""
        raise NoValue(
            f"{{{{{name}}}}} has no value in this call: send it as a parameter (give that a default if it is optional),"
            " or set the dynamic variable before"
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
) -> Values:
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
    return Values(
        params=params,
        variables=_mapping(body.get("dynamicVariables")),
        contact=_mapping(body.get("contact")),
        built_in={
            "current_datetime": iso(now),
            **{name: as_text(value) for name, value in built_in.items() if value is not None},
        },
        secrets=secrets or {},
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
