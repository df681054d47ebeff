"""Streaming responses whose work is cancelled when the client disconnects."""

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
    """Cancel the block when the client disconnects; the body of the request must have been read.

    It runs in the caller's task: what is ready for the client waits for no other task.

    Raises:
        ClientDisconnect: the client disconnected.
        HTTPException: the client sends a body without end, to a call that takes none.
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
        # It may have been cancelled by another, too.
        if left and not working.uncancel():
            raise reason from None
        raise
    finally:
        watching.cancel()


class AudioResponse(StreamingResponse):
    """Response of audio, or of events made of it, as it is ready; closes the audio at the end."""

    def __init__(
        self, audio: AudioStream, media_type: str, content: AsyncIterator[str] | None = None
    ) -> None:
        super().__init__(content or audio, media_type=media_type)
        self._audio = audio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the audio; stop its synthesis if that fails."""
        with closing(self._audio):
            await _stream(self, receive, send)


class EventResponse(StreamingResponse):
    """Response of server-sent events as they happen, until the client disconnects."""

    def __init__(self, content: AsyncIterator[str]) -> None:
        super().__init__(
            content, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        await _stream(self, receive, send)


async def _stream(response: StreamingResponse, receive: Receive, send: Send) -> None:
    try:
        async with cancel_on_disconnect(receive):
            await response.stream_response(send)
    except HTTPException:  # too late for an error response
        raise ClientDisconnect from None
