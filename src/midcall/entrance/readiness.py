"""Whether each part that midcall stands on answers, and how fast."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

#: Who asks within so many seconds of another gets the same answer.
FRESH_S = 0.5

Checked = dict[str, dict[str, Any]]


class Check(Protocol):
    """One part of readiness: returns details, raises whatever is wrong."""

    def __call__(self) -> dict[str, Any]:
        """Check once."""
        ...


class Readiness:
    """Asks the parts, for everybody who wants to know, without a key: once at a time, in one thread."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._look: asyncio.Task[Checked] | None = None
        self._began = 0.0

    async def look(self) -> Checked:
        """Return for each check `ok`, `ms`, and its details or the name of its error."""
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._began >= FRESH_S):
            self._began = time.monotonic()
            look = self._look = asyncio.create_task(asyncio.to_thread(run_checks, self._checks))
        # Whoever hangs up ends nobody else's wait.
        return await asyncio.shield(look)


def run_checks(checks: Mapping[str, Check]) -> Checked:
    """Run checks one after the other."""
    return {name: _run(check) for name, check in checks.items()}


def _run(check: Check) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        details = check()
    except Exception as error:  # whatever it is, that part is not ready; its text may name hosts, so not told
        return {"ok": False, "ms": _ms_since(began), "error": type(error).__name__}
    return {"ok": True, "ms": _ms_since(began), **details}


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
