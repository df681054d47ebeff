"""`/`: the name of the server, and where to go on."""

from fastapi import APIRouter
from pydantic import BaseModel

from mynah.runtime.version import package_version

router = APIRouter(tags=["health"])


class Root(BaseModel):
    """The server, and paths of its pages."""

    name: str = "mynah"
    version: str
    docs: str = "/docs"
    openapi: str = "/openapi.json"
    speech: str = "/v1/audio/speech"
    health: str = "/health/ready"


@router.head("/", include_in_schema=False)
@router.get("/")
async def get_root() -> Root:
    """Tell the version of the server, and where its documentation is."""
    return Root(version=package_version())
