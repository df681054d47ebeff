"""Liveness and readiness, for load balancers, without a key."""

from fastapi import APIRouter
from pydantic import BaseModel

from mynah.server.http.dependencies import ServicesOf

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """The state of a healthy server; any other is an error."""

    status: str = "ok"


@router.head("/live", include_in_schema=False)
@router.get("/live")
async def live() -> Health:
    """Answer if the process runs."""
    return Health()


@router.head("/ready", include_in_schema=False)
@router.get("/ready")
def ready(services: ServicesOf) -> Health:
    """Answer if calls can be served: engine and database work, and the data folder has room."""
    services.check_ready()
    return Health()
