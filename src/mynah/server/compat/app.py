"""What all families share: an app with errors of its own, and perhaps a port of its own."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.server.app import Services
from mynah.server.http.errors import ErrorWriter, add_error_handlers, error_responses
from mynah.server.http.middleware.unhandled_errors import UnhandledErrorMiddleware


def create_compat_app(
    title: str,
    services: Services,
    write: ErrorWriter,
    error: type[BaseModel],
    routers: Sequence[APIRouter],
) -> FastAPI:
    """An app that answers errors as the clients of a family know them.

    Args:
        title: of its description at `/openapi.json`.
        services: what its calls need.
        write: answers an exception.
        error: what that answer looks like.
        routers: its calls.
    """
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        responses=error_responses(error),
        middleware=[Middleware(UnhandledErrorMiddleware, write_at=lambda _: write)],
    )
    app.state.services = services
    add_error_handlers(app, write)
    for router in routers:
        app.include_router(router)
    return app


class PortPrefixMiddleware:
    """Leads what arrives at a family's own port to the family's base path.

    Args:
        app: inside.
        paths: base path of each such port.
    """

    def __init__(self, app: ASGIApp, paths: Mapping[int, str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        if scope["type"] in ("http", "websocket"):
            _, port = scope["server"]
            # In place: the middlewares outside read from the scope what the app writes there.
            scope["path"] = self._paths.get(port, "") + scope["path"]
        await self._app(scope, receive, send)
