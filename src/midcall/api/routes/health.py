"""`/healthz` and `/readyz`: for load balancers and people, without a key."""

import time
from typing import Any

from fastapi import APIRouter

from midcall import __version__
from midcall.api.shapes import HealthShape, ReadinessShape
from midcall.entrance.answers import Answer
from midcall.entrance.services import Check, Use

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=HealthShape)
async def healthz() -> Answer:
    """Answer 200 once this process can serve."""
    return Answer({"status": "ok", "version": __version__})


@router.get("/readyz", response_model=ReadinessShape, responses={503: {"model": ReadinessShape}})
def readyz(use: Use) -> Answer:
    """Ask database, Redis and pool for a sign of life; 503 if one of them gives none."""
    checks = {name: _run(check) for name, check in use.checks.items()}
    ready = all(result["ok"] for result in checks.values())
    return Answer({"status": "ready" if ready else "not_ready", "checks": checks}, 200 if ready else 503)


def _run(check: Check) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        details = check()
    except Exception as error:  # whatever it is, that part is not ready; its text may name hosts, so not told
        return {"ok": False, "ms": _ms_since(began), "error": type(error).__name__}
    return {"ok": True, "ms": _ms_since(began), **details}


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
