"""`GET /metrics`: for Prometheus, without a key as it holds no data of callers."""

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from mynah.server.http.dependencies import ServicesOf

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "The metrics.", "content": {"text/plain": {}}}},
)
def metrics(services: ServicesOf) -> Response:
    """Read the server's metrics."""
    return Response(
        generate_latest(services.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST}
    )
