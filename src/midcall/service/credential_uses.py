"""Which functions name which credentials: read from what their versions are made of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import NotFound
from midcall.service.ports import Transaction
from midcall.service.stores import Page, VersionInUse

#: A document that holds none of these words names no credential; the database passes over it.
WORDS = ("credential", "secret.")

_TEMPLATE = re.compile(r"\{\{\s*secret\.([a-zA-Z_][a-zA-Z0-9_]{0,62})\.")
_AGENTS_AT_A_TIME = Page(limit=200)


@dataclass(frozen=True, slots=True)
class Uses:
    """Names of functions by the credential that they name."""

    #: In the latest version, in a published one, or in one that an agent has by number.
    by_name: Mapping[str, Sequence[str]]
    #: The same without latest versions that do not run yet.
    running: Mapping[str, Sequence[str]]


def names_in(config: Mapping[str, Any]) -> frozenset[str]:
    """Return the credentials that a version's document names.

    A webhook names them as `auth.credential` and in templates `{{secret.<credential>.<key>}}`; code as `credential`
    (a name) or `credentials` (a list of names, or an object whose values are names), at any depth beside its source.
    """
    webhook, code = config.get("webhook") or {}, config.get("code") or {}
    declared = {name: value for name, value in code.items() if name != "source"}
    return frozenset([*_declared(webhook.get("auth")), *_templates(webhook), *_declared(declared)])


def find_uses(tx: Transaction, workspace_id: str) -> Uses:
    """Look through the versions in use."""
    by_name: dict[str, set[str]] = {}
    running: dict[str, set[str]] = {}
    for version in _in_use(tx, workspace_id):
        for name in names_in(version.config):
            by_name.setdefault(name, set()).add(version.function)
            if version.runs:
                running.setdefault(name, set()).add(version.function)
    return Uses(_sorted(by_name), _sorted(running))


def _in_use(tx: Transaction, workspace_id: str) -> Iterator[VersionInUse]:
    yield from tx.functions.in_use(workspace_id, holding=WORDS)
    for function, number in sorted(_pinned(tx, workspace_id)):
        try:
            found = tx.functions.version(tx.functions.get(workspace_id, function).id, number)
        except NotFound:  # archived; it runs no more
            continue
        yield VersionInUse(function, found.config, runs=True)


def _pinned(tx: Transaction, workspace_id: str) -> set[tuple[str, int]]:
    """Return the versions that agents have by number, whatever is published."""
    found: set[tuple[str, int]] = set()
    page = _AGENTS_AT_A_TIME
    while agents := tx.agents.page(workspace_id, page):
        attached = [each for agent in agents for each in agent.attachments]
        found |= {(each.function, each.version) for each in attached if each.version is not None}
        page = Page(limit=page.limit, cursor=agents[-1].name)
    return found


def _declared(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, child in value.items():
            if name == "credential" and isinstance(child, str):
                yield child
            elif name == "credentials" and isinstance(child, Mapping | list):
                named = child.values() if isinstance(child, Mapping) else child
                yield from (each for each in named if isinstance(each, str))
            else:
                yield from _declared(child)
    elif isinstance(value, list):
        for child in value:
            yield from _declared(child)


def _templates(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _TEMPLATE.findall(value)
    elif isinstance(value, Mapping | list):
        for child in value.values() if isinstance(value, Mapping) else value:
            yield from _templates(child)


def _sorted(found: Mapping[str, set[str]]) -> dict[str, Sequence[str]]:
    return {name: sorted(functions) for name, functions in found.items()}
