"""The limits of one sandbox and the shape of a pool, as data."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from midcall.sandbox.frames import CAPS, MIB, FrameKind

#: A container's user ids start here, one per slot: limits that the kernel counts per user id (pipe pages, pending
#: signals) are then not shared by containers. Far from any account of a host.
UID_BASE = 610_000


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """The resources of one sandbox. A run may ask for less, never for more."""

    memory_bytes: int = 128 * MIB
    pids: int = 64
    cpus: float = 1.0
    tmp_bytes: int = 16 * MIB
    tmp_inodes: int = 2048
    open_files: int = 256
    log_bytes: int = CAPS[FrameKind.LOG]
    result_bytes: int = CAPS[FrameKind.RESULT]
    #: Longest deadline of one run, in milliseconds (the longest timeout of a function is 600 s).
    deadline_ms: int = 600_000

    def lowered(self, wishes: Mapping[str, Any]) -> "SandboxLimits":
        """Return these limits with `log_bytes`, `result_bytes` or `deadline_ms` lowered as wished, never raised.

        Raises ValueError for any other name and for values that are no positive integer.
        """
        lower: dict[str, int] = {}
        for name, wish in wishes.items():
            if name not in _LOWERABLE:
                raise ValueError(f"{name!r} is not a limit that a run may lower")
            if type(wish) is not int or wish <= 0:
                raise ValueError(f"{name} must be a positive integer")
            lower[name] = min(getattr(self, name), wish)
        return replace(self, **lower)


#: Fixed when the container is made, so a warm one cannot change them: memory, pids, cpus, tmp, files.
_LOWERABLE = frozenset({"log_bytes", "result_bytes", "deadline_ms"})


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """One pool of one host.

    `socket` is where it serves; its directory is made private (mode 0700). `pool_id` labels its containers: two pools
    of one host need two ids, and a pool started again should have its old one, to clear away what that left.
    """

    socket: Path
    pool_id: str
    #: Image to run; None builds (or finds) the project's own.
    image: str | None = None
    #: Base image for the build; None takes what is in reach.
    base_image: str | None = None
    #: Packages for the build: a requirements file, or a folder of fetched ones; None takes the project's own.
    requirements: Path | None = None
    #: Warm sandboxes kept ready, and runs at one time.
    size: int = 4
    max_concurrent: int = 8
    #: Calls that may wait for a sandbox; further ones are turned away at once.
    max_waiting: int = 256
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    docker_url: str = "unix:///var/run/docker.sock"
    #: The Engine's runtime; None is its default.
    runtime: str | None = None
    #: User id that may call besides the pool's own; the socket then belongs to it.
    peer_uid: int | None = None
    #: Seconds for one call to the Engine, and between two sweeps.
    engine_timeout_s: float = 15.0
    sweep_every_s: float = 30.0
    #: Seconds without a run or a boot after which a sandbox that waits is told to load what runs often need, and then
    #: the next one. It takes a tenth of a second of a core; a machine that is busy has better use for that.
    prepare_after_s: float = 0.25
    #: Seconds that runs in flight are given to finish when the pool is told to stop.
    drain_s: float = 5.0
    #: First user id of its sandboxes. An Engine with remapped user ids needs one below 60,000.
    uid_base: int = UID_BASE
    #: Whether runs that ask for a jail get one. How many jails a container of jails has at one time, and how many such
    #: containers, one a workspace, there are.
    jails: bool = True
    jails_each: int = 4
    jail_containers: int = 8
    #: After so many runs or seconds such a container is replaced; unused for so many seconds, it is closed.
    jail_runs: int = 20_000
    jail_age_s: float = 3_600.0
    jail_idle_s: float = 600.0
    #: Seconds between two looks whether jails still hold.
    jail_probe_every_s: float = 60.0
    #: Containers booted at one time: more than cores + 1 only slows the runs.
    boot_concurrency: int = field(default_factory=lambda: (os.cpu_count() or 1) + 1)
