"""Limits, and the container that carries them: values, without an Engine."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from midcall.sandbox.container import POOL_LABEL, container_config
from midcall.sandbox.image import sandbox_files, seccomp_profile
from midcall.sandbox.limits import SandboxLimits

CONFIG = container_config(image="i", pool_id="p", uid=610_001, limits=SandboxLimits(), seccomp="{}")
HOST = CONFIG["HostConfig"]


def test_a_run_may_lower_its_limits_but_not_raise_them() -> None:
    """Wishes above the pool's limits are cut to them."""
    lowered = replace(SandboxLimits(), log_bytes=1000).lowered(
        {"log_bytes": 5000, "result_bytes": 10, "deadline_ms": 10**9}
    )
    assert (lowered.log_bytes, lowered.result_bytes, lowered.deadline_ms) == (1000, 10, 600_000)


@pytest.mark.parametrize(
    "wishes", [{"memory_bytes": 1}, {"image": "x"}, {"log_bytes": 0}, {"log_bytes": True}, {"log_bytes": "1"}]
)
def test_other_wishes_are_refused(wishes: dict[str, object]) -> None:
    """What is fixed when a container is made cannot be asked for, and values are positive integers."""
    with pytest.raises(ValueError, match=r"limit|integer"):
        SandboxLimits().lowered(wishes)


def test_limits_are_frozen() -> None:
    """Nobody changes a limit in passing."""
    with pytest.raises(FrozenInstanceError):
        SandboxLimits().pids = 1000  # type: ignore[misc]


def test_a_container_is_closed_in_every_way() -> None:
    """All flags of the design, and nothing that opens one again."""
    assert (CONFIG["NetworkDisabled"], HOST["NetworkMode"], HOST["IpcMode"]) == (True, "none", "none")
    assert (HOST["ReadonlyRootfs"], HOST["CapDrop"]) == (True, ["ALL"])
    assert {"/proc/locks", "/proc/sys", "/proc/keys", "/sys/firmware", "/dev/pts"} <= set(HOST["MaskedPaths"])
    assert HOST["SecurityOpt"] == ["no-new-privileges", "seccomp={}"]
    assert HOST["Memory"] == HOST["MemorySwap"] == 128 * 1024**2
    assert (HOST["PidsLimit"], HOST["NanoCpus"], HOST["LogConfig"]["Type"]) == (64, 10**9, "none")
    assert HOST["Tmpfs"]["/tmp"].startswith("rw,noexec,nosuid,nodev,size=16777216,nr_inodes=2048,")
    assert (CONFIG["OpenStdin"], CONFIG["StdinOnce"], HOST["AutoRemove"]) == (True, True, True)
    assert (CONFIG["User"], CONFIG["Labels"]) == ("610001:610001", {POOL_LABEL: "p"})
    assert not {"Binds", "Mounts", "Devices", "Privileged", "CapAdd", "PidMode", "Env"} & {*HOST, *CONFIG}


def test_no_limit_counts_per_user_id() -> None:
    """An nproc ulimit would: the kernel counts it across containers, and one fork bomb would starve another one."""
    assert "nproc" not in {limit["Name"] for limit in HOST["Ulimits"]}


def test_the_seccomp_profile_is_an_allow_list_without_the_dangerous_calls() -> None:
    """Refused by default; no namespaces, no sockets, no tracing, no kernel interfaces beyond what was measured."""
    profile = json.loads(seccomp_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert all(not arch["subArchitectures"] for arch in profile["archMap"])
    rules = [rule for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"]
    free = {name for rule in rules if not rule.get("args") for name in rule["names"]}
    forbidden = [
        "socket",
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "io_uring_setup",
        "io_uring_enter",
        "shmget",
        "shmat",
        "semget",
        "msgget",
        "mq_open",
        "keyctl",
        "add_key",
        "request_key",
        "bpf",
        "userfaultfd",
        "perf_event_open",
        "mount",
        "umount2",
        "move_mount",
        "fsopen",
        "open_tree",
        "pivot_root",
        "chroot",
        "unshare",
        "setns",
        "clone",
        "clone3",
        "memfd_create",
        "pidfd_open",
        "pidfd_getfd",
        "prlimit64",
        "socketpair",
        "prctl",
        "ioctl",
        "setpriority",
        "sched_setscheduler",
        "personality",
        "kcmp",
        "mknod",
        "mknodat",
        "setxattr",
        "seccomp",
        "open_by_handle_at",
        "name_to_handle_at",
        "clock_settime",
        "settimeofday",
        "reboot",
        "init_module",
        "execveat",
        "chown",
        "fchownat",
        "setuid",
    ]
    assert free & set(forbidden) == set()


def test_the_dockerfile_ends_from_scratch() -> None:
    """The last stage has no base: no shell, no package manager. (Packages are a layer on an image made like that.)."""
    lines = (sandbox_files() / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM")][-1] == "FROM ${ROOT}"
    assert [line for line in lines if line.startswith("ARG ROOT")] == ["ARG ROOT=scratch"]
