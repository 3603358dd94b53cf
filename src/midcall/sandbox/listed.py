"""Whether the names of an allow-list are in the sandbox image, and may be listed: asked of a sandbox itself."""

from collections.abc import Collection, Mapping
from pathlib import Path

from midcall.domain.ids import new_id
from midcall.domain.run import RunRequest
from midcall.sandbox.client import PoolClient

#: Milliseconds for importing all that is listed.
LOOK_MS = 30_000


def listed_faults(client: PoolClient, names: Mapping[str, Collection[str]], modules: Collection[str]) -> list[str]:
    """Return what is wrong with these names (module -> names), in words; `modules` are all that the list has.

    A name that is a module, or shows one, would let code past the review. Raises SandboxUnavailable, SandboxBusy or
    SandboxLost where no sandbox could be asked.
    """
    source = Path(__file__).with_name("listed_code.py").read_text()
    session = {"names": {module: sorted(listed) for module, listed in names.items()}, "modules": sorted(modules)}
    report = client.run(RunRequest(new_id("run"), source, session, LOOK_MS))
    if not report.status.ok or not isinstance(report.result, list):
        reason = report.error.message if report.error else report.status.value
        return [f"the names could not be looked at in the sandbox ({reason})"]
    return [str(fault) for fault in report.result]
