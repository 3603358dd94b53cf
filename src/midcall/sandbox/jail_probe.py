"""The probe of a container of jails, when it has booted and periodically: whether a jail holds on this very host."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from midcall.domain.errors import SandboxBusy
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.errors import EngineFailed
from midcall.sandbox.frames import MIB
from midcall.sandbox.jail_container import JailContainer
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.outcome import judge

PROBE_S = 30.0
#: Above the limit by this much, memory must be refused.
MEMORY_MARGIN = 64 * MIB
CODE = Path(__file__).with_name("jail_probe_code.py")
#: All that a jail's root holds, and all that it is told of devices.
ROOT = frozenset(
    {"dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "root", "sandbox", "tmp", "usr", "bin", "sbin"}
)
DEVICES = frozenset({"full", "null", "random", "urandom", "zero"})


class ProbeFailed(Exception):
    """The probe did not come to an end, which tells nothing of the walls."""


def probe_jail(jails: JailContainer, limits: SandboxLimits) -> list[str]:
    """Attack one jail, and return in words what did not hold. Not for use while runs of others go on beside it.

    Raises ProbeFailed where it was not made, or not to its end.
    """
    session = {"memory_bytes": limits.memory_bytes + MEMORY_MARGIN, "threads": limits.pids + 8}
    try:
        jail = jails.take(time.monotonic() + PROBE_S)
    except (SandboxBusy, EngineFailed) as error:
        raise ProbeFailed(error.message) from error
    deadline = time.monotonic() + PROBE_S
    try:
        report = judge(jail.run(SandboxJob(CODE.read_text(), session, (), limits, deadline)), limits)
    finally:
        jails.give_up(jail)
    if not report.status.ok or not isinstance(report.result, dict):
        reason = report.error.message if report.error else report.status.value
        raise ProbeFailed(reason)
    return list(_findings(report.result, limits))


def _findings(seen: dict[str, Any], limits: SandboxLimits) -> Iterator[str]:
    if seen["allowed"]:
        yield f"the filter lets through {', '.join(seen['allowed'])}"
    if seen["pid"] != 1 or seen["parent"] != 0:
        yield "the code is not alone in its namespace of processes"
    if seen["capabilities"]:
        yield "capabilities are left"
    if seen["dumpable"]:
        yield "others may look into the process"
    yield from _sights(seen)
    yield from _amounts(seen, limits)


def _sights(seen: dict[str, Any]) -> Iterator[str]:
    """Yield what the code can see, open or write that is not its own."""
    if more := (set(seen["root"]) - ROOT) | (set(seen["devices"]) - DEVICES):
        yield f"the code sees {', '.join(sorted(more))}"
    if seen["written"]:
        yield f"the code can write to {', '.join(seen['written'])}"
    if seen["tmp"]:
        yield f"/tmp is not empty ({', '.join(seen['tmp'][:3])})"  # noqa: S108
    if seen["descriptors"]:
        yield f"descriptors are open ({', '.join(map(str, seen['descriptors']))})"


def _amounts(seen: dict[str, Any], limits: SandboxLimits) -> Iterator[str]:
    """Yield the limits that are a number."""
    if seen["tmp_bytes"] > limits.tmp_bytes:
        yield f"/tmp holds {seen['tmp_bytes']} bytes, not {limits.tmp_bytes}"  # noqa: S108
    if seen["threads"] > limits.pids:
        yield f"{seen['threads']} threads could start, not {limits.pids}"
    if seen["memory"]:
        yield f"memory over {limits.memory_bytes // MIB} MB was given out"
