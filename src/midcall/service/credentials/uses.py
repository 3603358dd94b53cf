"""Which functions name which credentials: read from what their versions are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from midcall.storage.database import Transaction

#: Functions that are named of each credential; of those that name it, those that run come first.
MOST_NAMED = 500


@dataclass(frozen=True, slots=True)
class Uses:
    """Names of functions, sorted, by the credential that they name: MOST_NAMED of each."""

    #: In the latest version, in a published one, or in one that an agent has by number.
    by_name: Mapping[str, Sequence[str]]
    #: The same without latest versions that do not run yet.
    running: Mapping[str, Sequence[str]]


def find_uses(tx: Transaction, workspace_id: str, credentials: Collection[str]) -> Uses:
    """Find the versions in use that name one of some credentials."""
    by_name: dict[str, list[str]] = {}
    running: dict[str, list[str]] = {}
    for use in tx.functions.uses_of(workspace_id, credentials, most=MOST_NAMED):
        by_name.setdefault(use.credential, []).append(use.function)
        if use.runs:
            running.setdefault(use.credential, []).append(use.function)
    return Uses(by_name, running)
