"""Sandboxes by another OCI runtime than the Engine's own: the same self-probe, and a name that the Engine must know."""

from dataclasses import replace

import pytest
from tests.integration.sandbox.pools import serving
from tests.support.patience import wait_for

from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import PoolUnfit
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import check_runtime


def test_the_named_runtime_starts_the_sandboxes(engine: Engine, small: PoolConfig) -> None:
    """The Engine is asked which it was; the probe passed, or nothing would be served."""
    with serving(replace(small, runtime="runc"), engine) as served:
        assert wait_for(served.full)  # one that was used is about to go
        (container, *_) = engine.containers(served.config.pool_id)
        assert engine.api.inspect_container(container)["HostConfig"]["Runtime"] == "runc"
        report = served.run("def handler(session):\n    return 1\n")
        assert report.result == 1


def test_one_that_the_engine_does_not_know_is_refused_in_one_line(engine: Engine) -> None:
    """It says which there are, and where to add one."""
    with pytest.raises(PoolUnfit, match=r"is runsc, which .* it knows .*runc.*daemon\.json"):
        check_runtime(engine, "runsc")
    check_runtime(engine, None)
    check_runtime(engine, "io.containerd.runc.v2")
