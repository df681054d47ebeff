"""Headers that are known deep inside a call and belong on its answer, whatever writes that."""

from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_told: ContextVar[dict[str, str] | None] = ContextVar("answer_headers", default=None)


def tell(**headers: str) -> None:
    """Puts headers on the answer to the present HTTP request; elsewhere it does nothing.

    Args:
        headers: names with `_` for `-`. A name that was told before is told anew.
    """
    told = _told.get()
    if told is not None:
        told.update({name.replace("_", "-"): value for name, value in headers.items()})


def tell_duration(what: str, seconds: float) -> None:
    """Puts one more part of the time to the answer into its `Server-Timing`."""
    told = _told.get()
    if told is not None:
        parts = filter(None, [told.get("server-timing"), f"{what};dur={1000 * seconds:.1f}"])
        told["server-timing"] = ", ".join(parts)


class AnswerHeadersMiddleware:
    """Adds to each answer what was told while it was made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # One dictionary for the request: tasks that it starts copy the context, not this.
        told: dict[str, str] = {}
        token = _told.set(told)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        try:
            await self._app(scope, receive, telling)
        finally:
            _told.reset(token)
