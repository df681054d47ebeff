"""The last resort: an exception that nobody raised on purpose is logged and answered with 500."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.service.errors import Write, answer, log_defect


class DefectMiddleware:
    """Answers 500 without details; an answer that has begun is broken off, never ended.

    Args:
        app: inside.
        write: makes the answer.
    """

    def __init__(self, app: ASGIApp, write: Write = answer) -> None:
        self._app = app
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            log_defect(error)
            if scope["type"] != "http":
                raise
            if not begun:
                await self._write(error)(scope, receive, send)
