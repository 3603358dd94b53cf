"""Whether each part that midcall stands on answers, and how fast."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

#: Who asks within so many seconds of another gets the same answer.
FRESH_S = 0.5
#: Seconds for a look; each part has a bound of its own, but a network that swallows everything may have none.
LOOK_S = 15.0

Checked = dict[str, dict[str, Any]]


class Check(Protocol):
    """One part of readiness: returns details, raises whatever is wrong."""

    def __call__(self) -> dict[str, Any]:
        """Check once, and return details; raises whatever is wrong."""
        ...


class Readiness:
    """Asks the parts, for everybody who wants to know, without a key: once at a time, in one thread."""

    def __init__(self, checks: Mapping[str, Check], *, look_s: float = LOOK_S) -> None:
        self._checks = checks
        self._look_s = look_s
        self._look: asyncio.Task[None] | None = None
        self._found: Checked = {}
        self._began = 0.0

    async def look(self) -> Checked:
        """Return for each check `ok`, `ms`, and its details or the name of its error.

        Parts that have not answered by the end of a look are not ready; it goes on, and no other begins beside it.
        """
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._began >= FRESH_S):
            self._began = time.monotonic()
            self._found = {}
            look = self._look = asyncio.create_task(asyncio.to_thread(_run_all, self._checks, self._found))
        found = self._found  # of this look: another may have begun by the time that this one is waited for
        # Whoever hangs up, or has waited long enough, ends nobody else's wait.
        await asyncio.wait([look], timeout=max(0.0, self._began + self._look_s - time.monotonic()))
        silent = {"ok": False, "ms": _ms_since(self._began), "error": TimeoutError.__name__}
        return {name: found.get(name, silent) for name in self._checks}


def _run_all(checks: Mapping[str, Check], found: Checked) -> None:
    """Run checks one after the other; what came of each is there at once."""
    for name, check in checks.items():
        found[name] = _run(check)


def _run(check: Check) -> dict[str, Any]:
    began = time.monotonic()
    try:
        details = check()
    except Exception as error:  # whatever it is, that part is not ready; its text may name hosts, so not told
        return {"ok": False, "ms": _ms_since(began), "error": type(error).__name__}
    return {"ok": True, "ms": _ms_since(began), **details}


def _ms_since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 2)
