"""The container of one sandbox as the Engine is told to make it: every flag in one place, a pure function."""

import json
import os
from dataclasses import replace
from typing import Any

from midcall.sandbox.frames import KIB, MIB
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.masked_paths import MASKED_PATHS

#: Labels by which a pool finds its own containers, and no others.
POOL_LABEL = "midcall.pool"

#: The whole container is a likelier victim of the host's OOM killer than any service of the host; inside it, the
#: child raises its own score to 1000, so that PID 1 outlives it and can report.
OOM_SCORE_ADJ = 500

#: Of a container of jails, beside what its jails have: PID 1, and the template with all that it has loaded.
TEMPLATE_BYTES = 96 * MIB
#: Of a jail, beside its memory: its /tmp, and what pipes and sockets within its descriptors hold, in the kernel.
KERNEL_BYTES = 64 * MIB
PROCESSES_OF_THE_TEMPLATE = 8
#: Beside the code's own: the one that makes its namespaces, and its supervisor while it is counted twice.
PROCESSES_OF_A_JAIL = 4

NANO = 1_000_000_000


def container_config(
    *, image: str, pool_id: str, uid: int, limits: SandboxLimits, seccomp: str, runtime: str | None = None
) -> dict[str, Any]:
    """Return the body of the Engine's create call for one sandbox.

    `seccomp` is the profile's JSON text. Nothing of a run is in here: code and session arrive on stdin, so that
    neither `ps` nor `docker inspect` shows them.
    """
    return {
        "Image": image,
        "User": f"{uid}:{uid}",
        "Hostname": "sandbox",
        "Labels": {POOL_LABEL: pool_id},
        "NetworkDisabled": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,  # when the pool's connection goes, stdin ends, and PID 1 with it
        "Tty": False,
        "HostConfig": _host_config(uid, limits, seccomp, runtime),
    }


def jails_config(
    *, image: str, pool_id: str, uid: int, limits: SandboxLimits, jails: int, seccomp: str, runtime: str | None = None
) -> dict[str, Any]:
    """Return the same for a container of so many jails, each with `limits`, under the profile for such containers."""
    all_of_them = replace(
        limits,
        memory_bytes=jails * (limits.memory_bytes + KERNEL_BYTES) + TEMPLATE_BYTES,
        pids=jails * (limits.pids + PROCESSES_OF_A_JAIL) + PROCESSES_OF_THE_TEMPLATE,
        cpus=min(jails * limits.cpus, float(os.cpu_count() or 1)),
    )
    each = {"pids": limits.pids, "tmp_bytes": limits.tmp_bytes, "tmp_inodes": limits.tmp_inodes}
    config = container_config(
        image=image, pool_id=pool_id, uid=uid, limits=all_of_them, seccomp=seccomp, runtime=runtime
    )
    return {**config, "Cmd": [json.dumps(each)]}


def _host_config(uid: int, limits: SandboxLimits, seccomp: str, runtime: str | None) -> dict[str, Any]:
    tmp = f"rw,noexec,nosuid,nodev,size={limits.tmp_bytes},nr_inodes={limits.tmp_inodes},mode=0700,uid={uid},gid={uid}"
    config: dict[str, Any] = {
        "AutoRemove": True,
        # Both this and NetworkDisabled: the Engine then skips a prestart hook that re-executes dockerd (16 starts per
        # second instead of 8); the isolation is the same.
        "NetworkMode": "none",
        "IpcMode": "none",
        "ReadonlyRootfs": True,
        "MaskedPaths": list(MASKED_PATHS),  # replaces the Engine's own list, which it contains
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={seccomp}"],
        "Tmpfs": {"/tmp": tmp},  # noqa: S108 - the sandbox's own
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,  # memory and swap together: no swap
        "PidsLimit": limits.pids,
        "NanoCpus": int(limits.cpus * NANO),
        # No nproc: the kernel counts it per user id across containers, and one fork bomb starved another container.
        "Ulimits": [
            _ulimit("nofile", limits.open_files),
            _ulimit("fsize", limits.tmp_bytes),
            _ulimit("core", 0),
            _ulimit("memlock", 64 * KIB),
            _ulimit("msgqueue", 0),
            _ulimit("stack", 8 * MIB),
        ],
        "OomScoreAdj": OOM_SCORE_ADJ,
        "LogConfig": {"Type": "none", "Config": {}},
        "Init": False,
    }
    if runtime is not None:
        config["Runtime"] = runtime
    return config


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}
