"""Which functions name which credentials: read from what their versions are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from midcall.domain.function_config import FunctionConfig, Kind
from midcall.review.webhook import credentials_named
from midcall.service.ports import Transaction

#: Functions that are named of each credential; of those that name it, those that run come first.
MOST_NAMED = 500


@dataclass(frozen=True, slots=True)
class Uses:
    """Names of functions, sorted, by the credential that they name: MOST_NAMED of each."""

    #: In the latest version, in a published one, or in one that an agent has by number.
    by_name: Mapping[str, Sequence[str]]
    #: The same without latest versions that do not run yet.
    running: Mapping[str, Sequence[str]]


def names_in(config: FunctionConfig) -> frozenset[str]:
    """Return the credentials that a version's document names.

    A webhook names them as `auth.credential` and in templates `{{secret.<credential>.<key>}}`; code in its actions.
    """
    if config.kind is Kind.WEBHOOK:
        return frozenset(credentials_named(config.webhook))
    return frozenset(name for entry in config.code.actions for name in entry.credentials)


def find_uses(tx: Transaction, workspace_id: str, credentials: Collection[str]) -> Uses:
    """Find the versions in use that name one of some credentials."""
    by_name: dict[str, list[str]] = {}
    running: dict[str, list[str]] = {}
    for use in tx.functions.uses_of(workspace_id, credentials, most=MOST_NAMED):
        by_name.setdefault(use.credential, []).append(use.function)
        if use.runs:
            running.setdefault(use.credential, []).append(use.function)
    return Uses(by_name, running)
