"""How a container of either kind begins: created, attached to, started, ready; or it leaves nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from midcall.sandbox.engine import AttachedStreams, Engine


class Booting(Protocol):
    """A container whose PID 1 has still to say that it is ready."""

    def await_ready(self, deadline: float) -> None:
        """Wait for it until `deadline` (monotonic); raises EngineFailed."""

    def close(self) -> None:
        """Close the container's streams."""


B = TypeVar("B", bound=Booting)


def boot(
    engine: Engine,
    config: Mapping[str, Any],
    *,
    name: str,
    make: Callable[[str, AttachedStreams], B],
    timeout_s: float,
) -> B:
    """Create and start a container, and wait until what `make` makes of its id and streams is ready.

    Raises EngineFailed, leaving nothing.
    """
    container = engine.create(config, name)
    booting: B | None = None
    try:
        booting = make(container, engine.attach(container))
        engine.start(container)
        booting.await_ready(time.monotonic() + timeout_s)
    except BaseException:
        if booting is not None:
            booting.close()
        engine.remove(container)
        raise
    return booting
