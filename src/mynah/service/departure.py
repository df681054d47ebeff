"""Work for a caller stops when the caller leaves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from typing import Any, TypeVar

from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mynah.service.audio import AudioStream

Result = TypeVar("Result")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Does work for as long as the caller is there.

    Args:
        receive: of a request whose body was read.
        work: cancelled when the caller leaves.

    Raises:
        ClientDisconnect: the caller left.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_departure(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


class AudioResponse(StreamingResponse):
    """Answers with audio as it is ready.

    Args:
        audio: closed at the end, whichever end that is.
        media_type: of `content`.
        content: bytes events made of the audio; the audio itself if not given.
    """

    def __init__(
        self, audio: AudioStream, media_type: str, content: AsyncIterator[str] | None = None
    ) -> None:
        super().__init__(content or audio, media_type=media_type)
        self._audio = audio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, or stops the work on it."""
        with closing(self._audio):
            await while_connected(receive, self.stream_response(send))


class EventResponse(StreamingResponse):
    """Answers with server-sent events as they happen, until the caller leaves.

    Args:
        content: the events as they are written.
    """

    def __init__(self, content: AsyncIterator[str]) -> None:
        super().__init__(
            content, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends them."""
        await while_connected(receive, self.stream_response(send))


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
