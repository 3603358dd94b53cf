"""The self-probe refuses a host whose limits are not effective: each limit taken away in turn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving

import midcall.sandbox.probe
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import PoolUnfit
from midcall.sandbox.frames import MIB
from midcall.sandbox.image import seccomp_profile
from midcall.sandbox.limits import PoolConfig, SandboxLimits
from midcall.sandbox.pool import Pool
from midcall.sandbox.probe import MEMORY_MARGIN, findings, probe

CODE = Path(midcall.sandbox.probe.__file__).with_name("probe_code.py")


class LoosePool(Pool):
    """A pool whose containers are made with some protection taken away."""

    loosened: dict[str, Any]

    def container(self, slot: int) -> dict[str, Any]:
        """Return the usual container with `loosened` laid over its host configuration."""
        config = super().container(slot)
        top = {name: value for name, value in self.loosened.items() if name in config}
        host = {name: value for name, value in self.loosened.items() if name not in config}
        return {**config, **top, "HostConfig": {**config["HostConfig"], **host}}


def findings_with(engine: Engine, config: PoolConfig, loosened: dict[str, Any]) -> str:
    """Return what the probe says of a pool that is loosened so; empty where it finds nothing."""
    assert config.image is not None
    pool = LoosePool(engine=engine, config=config, image=config.image, seccomp=seccomp_profile())
    pool.loosened = loosened
    pool.start()
    try:
        probe(pool, config.limits)
    except PoolUnfit as error:
        return error.message
    finally:
        pool.close()
    return ""


def test_a_pool_with_every_limit_effective_passes(engine: Engine, small: PoolConfig) -> None:
    """The positive control."""
    assert findings_with(engine, small, {}) == ""


def test_an_image_of_another_python_is_refused(pool: Serving, config: PoolConfig) -> None:
    """The review would parse code as this Python does, and another would run it."""
    session = {"memory_bytes": config.limits.memory_bytes + MEMORY_MARGIN, "pids": config.limits.pids + 8}
    report = pool.run(CODE.read_text(), ms=30_000, session=session)
    assert isinstance(report.result, dict)
    assert list(findings(report, config.limits)) == []
    other = replace(report, result={**report.result, "python": [3, 10]})
    (fault,) = findings(other, config.limits)
    assert "the image has Python 3.10" in fault


@pytest.mark.parametrize(
    ("loosened", "words"),
    [
        ({"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}, "no seccomp profile"),
        ({"SecurityOpt": ["no-new-privileges"]}, "seccomp lets through"),
        ({"NetworkMode": "bridge", "NetworkDisabled": False}, "there is a network"),
        ({"ReadonlyRootfs": False, "User": "0:0"}, "the root file system is writable"),
        ({"CapDrop": []}, "capabilities are left"),
        ({"Memory": 512 * MIB, "MemorySwap": 512 * MIB}, "memory over 128 MB"),
        ({"PidsLimit": 256}, "processes could start"),
        ({"NanoCpus": 0}, "the CPU limit is None"),
        ({"Tmpfs": {"/tmp": "rw,size=64m"}}, "/tmp holds"),
        ({"Ulimits": []}, "files may be open"),
        ({"MaskedPaths": None}, "code can see the host's /proc/locks, /proc/stat, "),
    ],
)
def test_a_limit_that_is_not_effective_is_named(
    engine: Engine, small: PoolConfig, loosened: dict[str, Any], words: str
) -> None:
    """Take one protection away, and the pool refuses to serve and says which it was."""
    assert words in findings_with(engine, small, loosened)


def test_limits_that_are_looser_than_configured_are_all_named(engine: Engine, small: PoolConfig) -> None:
    """One text with every fault: the operator mends them in one go."""
    assert small.image is not None
    pool = Pool(engine=engine, config=small, image=small.image, seccomp=seccomp_profile())
    pool.start()
    try:
        with pytest.raises(PoolUnfit, match=r"/tmp holds .*; .*processes could start.*; .*CPU"):
            probe(pool, SandboxLimits(pids=16, tmp_bytes=MIB, cpus=0.25))
    finally:
        pool.close()
