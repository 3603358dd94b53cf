"""`/healthz` and `/readyz`: for load balancers and people, without a key."""

from fastapi import APIRouter

from midcall import __version__
from midcall.api.shapes import HealthShape, ReadinessShape
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.services import Use

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=HealthShape)
async def healthz() -> AsciiJsonResponse:
    """Answer 200 once this process can serve."""
    return AsciiJsonResponse({"status": "ok", "version": __version__})


@router.get("/readyz", response_model=ReadinessShape, responses={503: {"model": ReadinessShape}})
async def readyz(use: Use) -> AsciiJsonResponse:
    """Ask database, Redis, pool and this process's own loops how they are; 503 if one is silent or not ready."""
    checks = await use.readiness.look()
    ready = all(result["ok"] for result in checks.values())
    return AsciiJsonResponse({"status": "ready" if ready else "not_ready", "checks": checks}, 200 if ready else 503)
