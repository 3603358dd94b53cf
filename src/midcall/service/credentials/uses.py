"""Which functions name which credentials: read from what their versions are made of."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midcall.domain.function import NAME_PATTERN
from midcall.service.ports import Transaction

#: Functions that are named of each credential; of those that name it, those that run come first.
MOST_NAMED = 500

_NAME = re.compile(NAME_PATTERN)
_TEMPLATE = re.compile(r"\{\{\s*secret\.([a-zA-Z_][a-zA-Z0-9_]{0,62})\.")


@dataclass(frozen=True, slots=True)
class Uses:
    """Names of functions, sorted, by the credential that they name: MOST_NAMED of each."""

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
    found = [*_declared(webhook.get("auth")), *_templates(webhook), *_declared(declared)]
    # What is no name is no credential's.
    return frozenset(name for name in found if _NAME.fullmatch(name))


def find_uses(tx: Transaction, workspace_id: str, credentials: Collection[str]) -> Uses:
    """Find the versions in use that name one of some credentials."""
    by_name: dict[str, list[str]] = {}
    running: dict[str, list[str]] = {}
    for use in tx.functions.uses_of(workspace_id, credentials, most=MOST_NAMED):
        by_name.setdefault(use.credential, []).append(use.function)
        if use.runs:
            running.setdefault(use.credential, []).append(use.function)
    return Uses(by_name, running)


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
