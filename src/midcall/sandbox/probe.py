"""The self-probe of a pool at its start: whether every limit holds on this very host.

Some Engines start containers whose limits do nothing (a runtime that does not fit the host's cgroups, a seccomp
profile that was not loaded). So the pool attacks one of its own sandboxes before it serves, and refuses to serve when
an attack succeeds.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from midcall.domain.errors import SandboxBusy
from midcall.domain.python import MINOR
from midcall.domain.run import RunReport
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.errors import PoolUnfit
from midcall.sandbox.frames import MIB
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.pool import Pool

PROBE_S = 30.0
#: Above the limit by this much, memory must be refused.
MEMORY_MARGIN = 64 * MIB
#: Interfaces that the kernel makes in every new network namespace; none of them leads anywhere.
HARMLESS_INTERFACES = frozenset(
    "lo tunl0 sit0 ip6tnl0 gre0 gretap0 erspan0 ip_vti0 ip6_vti0 ip6gre0".split()  # noqa: SIM905
)


def probe(pool: Pool, limits: SandboxLimits) -> None:
    """Attack one sandbox of `pool`; raises PoolUnfit with every limit that did not hold."""
    session = {"memory_bytes": limits.memory_bytes + MEMORY_MARGIN, "pids": limits.pids + 8}
    source = Path(__file__).with_name("probe_code.py").read_text()
    try:
        report = pool.run(SandboxJob(source, session, (), limits, deadline=time.monotonic() + PROBE_S))
    except SandboxBusy:
        raise PoolUnfit(f"no sandbox boots on this host: {pool.boot_error or 'the Engine is too slow'}") from None
    if faults := list(findings(report, limits)):
        raise PoolUnfit("this host's sandboxes do not hold: " + "; ".join(faults))


def findings(report: RunReport, limits: SandboxLimits) -> Iterator[str]:
    """Yield what the probe found wrong, in words."""
    if not report.status.ok or not isinstance(report.result, dict):
        reason = report.error.message if report.error else report.status.value
        yield f"the probe itself did not run ({reason})"
        return
    seen: dict[str, Any] = report.result
    if tuple(seen["python"]) != sys.version_info[:2]:
        theirs = ".".join(map(str, seen["python"]))
        yield f"the image has Python {theirs}, and the review reads code as Python {MINOR} does; build it anew"
    if seen["uid"] == 0:
        yield "code runs as root"
    if any(int(seen["status"][name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")):
        yield "capabilities are left"
    if seen["status"]["NoNewPrivs"] != "1":
        yield "no-new-privileges is off"
    if seen["status"]["Seccomp"] != "2":
        yield "no seccomp profile is loaded"
    if seen["allowed"]:
        yield f"seccomp lets through {', '.join(seen['allowed'])}"
    if set(seen["interfaces"]) - HARMLESS_INTERFACES:
        yield f"there is a network ({', '.join(seen['interfaces'])})"
    if seen["written"]:
        yield f"the root file system is writable ({', '.join(seen['written'])})"
    yield from _sights(seen)
    yield from _amounts(seen, limits)


def _sights(seen: dict[str, Any]) -> Iterator[str]:
    """Yield what code can look into that is not its own."""
    if seen["supervisor"]:
        yield f"code can open {', '.join(seen['supervisor'])}"
    if seen["hosts"]:
        yield f"code can see the host's {', '.join(seen['hosts'])}"


def _amounts(seen: dict[str, Any], limits: SandboxLimits) -> Iterator[str]:
    """Yield the limits that are a number."""
    if seen["tmp_bytes"] > limits.tmp_bytes:
        yield f"/tmp holds {seen['tmp_bytes']} bytes, not {limits.tmp_bytes}"  # noqa: S108
    if not seen["tmp_noexec"]:
        yield "programs may run from /tmp"
    if seen["processes"] > limits.pids:
        yield f"{seen['processes']} processes could start, not {limits.pids}"
    if not seen["memory_killed"]:
        yield f"memory over {limits.memory_bytes // MIB} MB was given out"
    if seen["open_files"] > limits.open_files:
        yield f"{seen['open_files']} files may be open, not {limits.open_files}"
    if seen["cpus"] is None or seen["cpus"] > limits.cpus:
        yield f"the CPU limit is {seen['cpus']}, not {limits.cpus}"
