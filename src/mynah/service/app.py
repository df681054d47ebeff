"""The HTTP server: middlewares around routers, and nothing of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.middleware import Middleware

from mynah.config import MEBIBYTE, Settings
from mynah.engine.queue import SpeechQueue
from mynah.service.body_limit import BodyLimitMiddleware, BodyRules
from mynah.service.defects import DefectMiddleware
from mynah.service.errors import add_error_handlers
from mynah.service.request_id import HEADER, RequestIdMiddleware
from mynah.service.routers import catalogue, health, speech, voices
from mynah.service.services import Services


class ErrorBody(BaseModel):
    """What went wrong."""

    type: str
    code: str
    message: str
    param: str | None
    request_id: str


class ErrorEnvelope(BaseModel):
    """Every answer that is not a success."""

    error: ErrorBody


_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorEnvelope, "description": "The request is wrong."},
    "5XX": {"model": ErrorEnvelope, "description": "The server cannot answer it, or not now."},
}


def create_app(settings: Settings, queue: SpeechQueue) -> FastAPI:
    """The server of a queue; closing the one closes the other."""
    services = Services.open(settings, queue)
    app = FastAPIOffline(
        redoc_url=None,
        title="Mynah",
        description="Text in the voice of a recording.",
        lifespan=_lifespan,
        middleware=_middlewares(settings),
        generate_unique_id_function=_operation_id,
        responses=_ERRORS,
    )
    app.state.services = services
    add_error_handlers(app)
    app.include_router(health.router)
    app.include_router(_v1(), prefix="/v1")
    return app


def _v1() -> APIRouter:
    router = APIRouter()
    for part in (speech, voices, catalogue):
        router.include_router(part.router)
    return router


def _middlewares(settings: Settings) -> list[Middleware]:
    """From the outermost to the innermost."""
    uploads = settings.upload_bytes * settings.upload_recordings + MEBIBYTE
    rules = BodyRules(settings.body_bytes, uploads, settings.body_seconds)
    return [
        Middleware(RequestIdMiddleware),
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[HEADER, "retry-after"],
        ),
        Middleware(DefectMiddleware),
        Middleware(BodyLimitMiddleware, rules=rules),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(app.state.services.close)


def _operation_id(route: APIRoute) -> str:
    return route.name
