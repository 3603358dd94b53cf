"""What may be written about a function's code: its source, the actions it may call, the hosts it may reach."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from midcall.connectors.enabled import closest, known_names
from midcall.domain.action import MAX_NAME, snake
from midcall.domain.egress import MAX_ENTRIES, egress_problem
from midcall.domain.function import NAME_PATTERN, source_problem
from midcall.service.fields import Form

#: Entries of `code.actions`, and credentials of one of them.
MAX_ACTIONS, MAX_CREDENTIALS = 50, 20


def _storable_source(source: str) -> str:
    problem = source_problem(source)
    if problem:
        raise ValueError(problem)
    return source


def _known_action(name: str) -> str:
    """Return the name in snake_case; a validator."""
    known, written = known_names(), snake(name)
    if written not in known:
        meant = closest(written, known)
        groups = ", ".join(each for each in known if "." not in each)
        cure = f"did you mean {' or '.join(meant)}?" if meant else f"the groups are: {groups}"
        raise ValueError(f"no action or group of actions is called so; {cure}")
    return written


def _host(entry: str) -> str:
    problem = egress_problem(entry)
    if problem:
        raise ValueError(problem)
    return entry


def _each_once(entries: list[Any]) -> list[Any]:
    names = [entry.name if isinstance(entry, ActionEntry) else entry for entry in entries]
    twice = _repeated(names)
    if twice is not None:
        raise ValueError(f"{twice} stands there twice; remove one of them")
    return entries


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


ActionName = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_known_action)]
CredentialNames = Annotated[
    list[Annotated[str, Field(pattern=NAME_PATTERN)]], Field(max_length=MAX_CREDENTIALS), AfterValidator(_each_once)
]


class ActionEntry(Form):
    """A group of actions or one of them, and the names of the credentials that its calls may use."""

    name: ActionName
    credentials: CredentialNames = Field(default=[])


def _name_or_entry(value: Any) -> str:
    return "<entry>" if isinstance(value, dict | ActionEntry) else "<name>"


Action = Annotated[
    Annotated[ActionName, Tag("<name>")] | Annotated[ActionEntry, Tag("<entry>")], Discriminator(_name_or_entry)
]


class Code(Form):
    """Python source with `def handler(session)` or `def handler(session, actions)`."""

    source: Annotated[str, AfterValidator(_storable_source)]
    actions: Annotated[list[Action], Field(max_length=MAX_ACTIONS), AfterValidator(_each_once)] = Field(
        default=[], description="what the code may call: a group such as http, or one action such as http.get"
    )
    egress: Annotated[
        list[Annotated[str, AfterValidator(_host)]], Field(max_length=MAX_ENTRIES), AfterValidator(_each_once)
    ] = Field(default=[], description="hosts that http actions may reach: api.example.com, *.example.com, host:8443")
