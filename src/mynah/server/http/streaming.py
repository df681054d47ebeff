"""Streaming responses whose work is cancelled when the client disconnects."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mynah.server.access.open_calls import current_call
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


ErrorEventWriter = Callable[[Exception], str]
"""Writes an error as the last event of a stream, whose status has been sent already."""

_LAST_EVENT_SECONDS = 1.0
"""Time in which a client must take the last event."""


class AudioResponse(StreamingResponse):
    """Response of audio, or of events made of it, as it is ready; closes the audio at the end."""

    def __init__(
        self,
        audio: AudioStream,
        media_type: str,
        content: AsyncIterator[str] | None = None,
        write_error: ErrorEventWriter | None = None,
    ) -> None:
        super().__init__(content or audio, media_type=media_type)
        self._audio = audio
        self._write_error = write_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the audio; stop its synthesis if that fails."""
        with closing(self._audio):
            await _stream(self, receive, send, self._write_error)


class EventResponse(StreamingResponse):
    """Response of server-sent events as they happen, until the client disconnects."""

    def __init__(self, content: AsyncIterator[str], write_error: ErrorEventWriter) -> None:
        super().__init__(
            content, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )
        self._write_error = write_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        await _stream(self, receive, send, self._write_error)


async def _stream(
    response: StreamingResponse,
    receive: Receive,
    send: Send,
    write_error: ErrorEventWriter | None,
) -> None:
    """Send a response; without a `write_error` one whose key ends is broken off."""
    try:
        async with cancel_on_disconnect(receive):
            await response.stream_response(send)
    except HTTPException:  # too late for an error response
        raise ClientDisconnect from None
    except asyncio.CancelledError:
        error = current_call().error
        if error is not None and write_error is not None:
            await _send_last(write_error(error), send)
        raise


async def _send_last(event: str, send: Send) -> None:
    last = {"type": "http.response.body", "body": event.encode(), "more_body": False}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_EVENT_SECONDS):
            await send(last)
