"""To come."""

from midcall.ui.function.opened import OpenFunction
from midcall.ui.visit import Visit


async def build(_visit: Visit, _opened: OpenFunction) -> None:
    """Make the panel."""
