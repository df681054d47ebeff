"""Work for a caller stops when the caller leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mynah.server.speech.audio_stream import AudioStream


@asynccontextmanager
async def cancel_on_disconnect(receive: Receive) -> AsyncIterator[None]:
    """Work that is cancelled when the caller leaves.

    It goes on in the task that it was in: what is ready for the caller waits for no other task.

    Args:
        receive: of a request whose body was read.

    Raises:
        ClientDisconnect: the caller left.
        HTTPException: the caller sends a body on and on, to a call that takes none.
    """
    working = asyncio.current_task()
    assert working is not None
    left = False
    reason: Exception = ClientDisconnect()

    async def watch() -> None:
        nonlocal left, reason
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except HTTPException as error:
            reason = error
        left = working.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        # Somebody else may have cancelled it, too.
        if left and not working.uncancel():
            raise reason from None
        raise
    finally:
        watching.cancel()


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
            await _stream(self, receive, send)


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
        await _stream(self, receive, send)


async def _stream(response: StreamingResponse, receive: Receive, send: Send) -> None:
    try:
        async with cancel_on_disconnect(receive):
            await response.stream_response(send)
    except HTTPException:  # which cannot be told any more
        raise ClientDisconnect from None
