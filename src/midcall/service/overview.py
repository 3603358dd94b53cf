"""What a workspace looks like at a glance: each function with how far it has come and how its runs go."""

from dataclasses import dataclass

from midcall.domain.function import Function, VersionStatus
from midcall.service.access import Caller
from midcall.service.ports import Storage
from midcall.service.stores import Page, RunsAtAGlance

#: Runs that a glance looks at: a function's latest ones.
RECENT = 20


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """One function at a glance."""

    function: Function
    description: str
    #: Of the latest version.
    status: VersionStatus
    runs: RunsAtAGlance


@dataclass(frozen=True, slots=True)
class Overview:
    """Use cases of looking around."""

    storage: Storage

    def functions(self, caller: Caller, page: Page, *, search: str = "") -> list[FunctionLine]:
        """List functions by name, those whose name or display name has the words of `search`; four queries in all."""
        with self.storage.read() as tx:
            found = tx.functions.page(caller.workspace_id, page, search=search)
            versions = tx.functions.numbered([(function.id, function.latest) for function in found])
            runs = tx.invocations.at_a_glance([function.id for function in found], recent=RECENT)
        return [
            FunctionLine(
                function,
                str(versions[function.id, function.latest].config.get("description", "")),
                versions[function.id, function.latest].status,
                runs.get(function.id, RunsAtAGlance()),
            )
            for function in found
        ]
