"""The HTTP server: middlewares around routers, and nothing of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from mynah.engine.engine import Engine
from mynah.errors import OptionError
from mynah.runtime.version import package_version
from mynah.server.background import background
from mynah.server.compat.app import PortPrefixMiddleware
from mynah.server.compat.mount import mount_layers, own_path, own_ports, write_at
from mynah.server.http import docs
from mynah.server.http.errors import ErrorEnvelope, add_error_handlers, error_responses
from mynah.server.http.middleware.body_limit import BodyLimitMiddleware, BodyRules
from mynah.server.http.middleware.idempotency import IdempotencyMiddleware
from mynah.server.http.middleware.page_origin import OriginRules, PageOriginMiddleware
from mynah.server.http.middleware.request_id import HEADER, RequestIdMiddleware
from mynah.server.http.middleware.request_metrics import RequestMetricsMiddleware
from mynah.server.http.middleware.response_headers import ResponseHeadersMiddleware
from mynah.server.http.middleware.unhandled_errors import UnhandledErrorMiddleware
from mynah.server.http.routers import (
    catalogue,
    health,
    jobs,
    metrics,
    root,
    scripts,
    shares,
    speech,
    speech_websocket,
    stored_audio,
    training,
    versions,
    voices,
    webhooks,
)
from mynah.server.services import Services
from mynah.server.stores import Stores

TOLD_HEADERS = (
    "x-cache",
    "server-timing",
    "x-voice",
    "x-voice-version",
    "x-ignored-fields",
    "x-audio-id",
    "x-model-warning",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "idempotent-replayed",
)
"""Response headers that pages of other origins may read, besides the request id and retry-after."""


def create_app(stores: Stores, engine: Engine) -> FastAPI:
    """Create the server of an engine and of stores, which close with it."""
    services = Services(stores, engine)
    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        static_url=docs.STATIC,
        title="Mynah",
        version=package_version(),
        description="Text in the voice of a recording.",
        lifespan=_lifespan,
        middleware=_middlewares(services),
        generate_unique_id_function=_operation_id,
        responses=error_responses(ErrorEnvelope),
    )
    app.state.services = services
    # A path with a line feed matches no mounted API layer, but gets an answer in its format.
    add_error_handlers(app, write_at(stores.settings))
    if not own_path(stores.settings):  # another API has the root, and a `/` of its own
        app.include_router(root.router)
    app.include_router(docs.router)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(_v1(), prefix=f"{own_path(stores.settings)}/v1")
    mount_layers(app, services)
    return app


def _v1() -> APIRouter:
    router = APIRouter()
    parts = (
        speech, speech_websocket, catalogue, stored_audio, voices, shares, training, versions, jobs,
        webhooks, scripts,
    )  # fmt: skip
    for part in parts:
        router.include_router(part.router)
    return router


def _middlewares(services: Services) -> list[Middleware]:
    """The middlewares from the outermost to the innermost."""
    settings = services.settings
    rules = BodyRules.of_training(settings)
    return [
        Middleware(RequestIdMiddleware),
        Middleware(ResponseHeadersMiddleware),
        *_tracing(services),
        Middleware(RequestMetricsMiddleware, metrics=services.metrics),
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[HEADER, "retry-after", *TOLD_HEADERS],
        ),
        Middleware(UnhandledErrorMiddleware, write_at=write_at(settings)),
        Middleware(PortPrefixMiddleware, paths=own_ports(settings)),
        Middleware(
            PageOriginMiddleware, rules=OriginRules.of(settings), write_at=write_at(settings)
        ),
        Middleware(BodyLimitMiddleware, rules=rules, write_at=write_at(settings)),
        Middleware(IdempotencyMiddleware, rules=rules, write_at=write_at(settings)),
    ]


def _tracing(services: Services) -> list[Middleware]:
    if services.traces is None:
        return []
    from mynah.server.http.middleware.tracing import TracingMiddleware  # noqa: PLC0415 - an extra

    return [Middleware(TracingMiddleware, provider=services.traces)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    async with _grpc(services), background(services):
        yield
    await services.limits.close()
    await run_in_threadpool(services.close)


@asynccontextmanager
async def _grpc(services: Services) -> AsyncIterator[None]:
    if services.settings.grpc_port is None:
        yield
        return
    try:
        from mynah.server.grpc.server import grpc_server  # noqa: PLC0415 - an extra
    except ImportError:
        raise OptionError("MYNAH_GRPC_PORT needs gRPC; run `pip install 'mynah[grpc]'`.") from None
    async with grpc_server(services, services.settings.grpc_port):
        yield


def _operation_id(route: APIRoute) -> str:
    return route.name
