"""Whether each part that midcall stands on answers, and how fast."""

import time
from collections.abc import Mapping
from typing import Any

from midcall.entrance.services import Check


def run_checks(checks: Mapping[str, Check]) -> dict[str, dict[str, Any]]:
    """Run checks one after the other; each gives `ok`, `ms`, and its details or the name of its error."""
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
