"""App of an API compatibility layer: errors in its own format, and an optional port of its own."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.server.http.errors import ErrorWriterAt, add_error_handlers, error_responses
from mynah.server.http.middleware.unhandled_errors import UnhandledErrorMiddleware
from mynah.server.services import Services


def create_compat_app(
    title: str,
    services: Services,
    write_at: ErrorWriterAt,
    error: type[BaseModel],
    routers: Sequence[APIRouter],
) -> FastAPI:
    """Create the app of an API layer, whose error responses have the body `error`."""
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        responses=error_responses(error),
        middleware=[Middleware(UnhandledErrorMiddleware, write_at=write_at)],
    )
    app.state.services = services
    add_error_handlers(app, write_at)
    for router in routers:
        app.include_router(router)
    return app


class PortPrefixMiddleware:
    """Prefix the path of a request to an API layer's own port with the layer's base path."""

    def __init__(self, app: ASGIApp, paths: Mapping[int, str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] in ("http", "websocket"):
            _, port = scope["server"]
            # In place: the middlewares outside read from the scope what the app writes there.
            scope["path"] = self._paths.get(port, "") + scope["path"]
        await self._app(scope, receive, send)
