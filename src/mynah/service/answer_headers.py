"""Headers that are known deep inside a call and belong on its answer, whatever writes that."""

from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_told: ContextVar[dict[str, str] | None] = ContextVar("answer_headers", default=None)


def collect() -> dict[str, str]:
    """Collects what is told while the present task answers a call; see `tell`."""
    # One dictionary for the call: tasks that it starts copy the context, not this.
    told: dict[str, str] = {}
    _told.set(told)
    return told


def tell(**headers: str) -> None:
    """Puts headers, or gRPC's metadata, on the answer to the present call, if there is one.

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
        told = collect()

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await self._app(scope, receive, telling)
