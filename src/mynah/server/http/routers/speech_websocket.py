"""`GET /v1/audio/speech/stream`: a WebSocket for streaming text input and audio output.

Each message is a JSON object of the fields of `PieceBody`; each answer is an event that names its
context. A context is one voice and one audio file; a socket may have several at a time.
"""

import asyncio
import base64
import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import Field
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mynah.errors import MynahError, UnavailableError
from mynah.runtime.logging import log_unexpected
from mynah.server.errors import AuthenticationError, RequestError
from mynah.server.http.dependencies import (
    SUBPROTOCOL,
    ServicesOf,
    close_unauthenticated,
    secret_of,
)
from mynah.server.http.errors import error_response
from mynah.server.http.websocket import messages, object_of
from mynah.server.problems import error_body, problem_of, validated
from mynah.server.services import Services
from mynah.server.speech.params import SpeechParams
from mynah.server.speech.streaming_input import InputSession, StreamMark, TextPiece

router = APIRouter()

_OF_PIECES = {"input", "continue", "flush", "cancel"}


class PieceBody(SpeechParams):
    """A part of a context's text; the first one sets the speech parameters."""

    context_id: str = Field(default="", max_length=100)
    """The context of the socket that it belongs to."""
    input: str = Field(default="", max_length=4096)
    """Continues the text of the part before it."""
    more: bool | None = Field(default=None, alias="continue")
    """True if another part follows. Otherwise the context ends when all is spoken; a flush alone
    leaves it open.
    """
    flush: bool = False
    """Speak the text so far, in the middle of a sentence or not."""
    cancel: bool = False
    """Stop speaking at once and forget the context."""

    def piece(self) -> TextPiece:
        """The text for the input session."""
        more = self.flush if self.more is None else self.more
        return TextPiece(self.input, self.flush, last=not more)

    def params(self) -> dict[str, Any]:
        """The parameters that all parts of a context share."""
        return self.model_dump(exclude={"more", *_OF_PIECES})


@dataclass(frozen=True, slots=True)
class _Open:
    """A context that may take more text."""

    given: dict[str, Any]
    params: dict[str, Any]
    context: InputSession
    speaking: asyncio.Task[None]


@router.websocket("/audio/speech/stream")
async def stream_speech(socket: WebSocket, services: ServicesOf) -> None:
    """Speak texts while they are being written."""
    try:
        caller = await services.authenticator.authenticate(secret_of(socket), "speak")
        leave = services.sockets.enter(caller)
    except MynahError as error:
        await socket.send_denial_response(error_response(error))
        return
    try:
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
        async with services.open_calls.opened(caller):
            await _serve(socket, services)
    except AuthenticationError as error:
        await close_unauthenticated(socket, error)
    finally:
        leave()


async def _serve(socket: WebSocket, services: Services) -> None:
    async with asyncio.TaskGroup() as tasks:
        session = _Session(socket, services, tasks)
        with contextlib.suppress(WebSocketDisconnect):
            async for message in messages(socket):
                await session.take(message)
                # Queued messages would not let other tasks run in between.
                await asyncio.sleep(0)
        session.close()


class _Session:
    """The contexts of one socket."""

    def __init__(self, socket: WebSocket, services: Services, tasks: asyncio.TaskGroup) -> None:
        self._socket = socket
        self._services = services
        self._tasks = tasks
        self._contexts: dict[str, _Open] = {}

    async def take(self, message: str | None) -> None:
        """Handle a message; an error ends its context, not the socket."""
        name = None
        try:
            given = object_of(message)
            name = _name_in(given)
            if given.get("cancel") is True:
                await self._cancel(name)
            elif name in self._contexts:
                self._continue(self._contexts[name], given)
            else:
                await self._begin(name, given)
        except Exception as error:  # whatever it is, the other contexts go on
            await self._stop(name)
            await self._send(name, **_error(error))

    def close(self) -> None:
        """Stop all work."""
        for context in self._contexts.values():
            context.speaking.cancel()

    async def _begin(self, name: str, given: dict[str, Any]) -> None:
        most = self._services.settings.socket_contexts
        if len(self._contexts) >= most:
            raise UnavailableError(f"A socket has at most {most} contexts; wait until one ends.")
        # Each context counts for the limits, and its key may have been revoked meanwhile.
        authenticator = self._services.authenticator
        caller = await authenticator.authenticate(secret_of(self._socket), "speak")
        body = _validated(given)
        context = InputSession(self._services.speech, body.request(caller, ""))
        context.add(body.piece())
        leave = self._services.contexts.enter(caller)
        speaking = self._tasks.create_task(self._speak(name, context))
        speaking.add_done_callback(lambda _: leave())
        lasting = {field: given[field] for field in given.keys() - _OF_PIECES}
        self._contexts[name] = _Open(lasting, body.params(), context, speaking)

    def _continue(self, to: _Open, given: dict[str, Any]) -> None:
        body = _validated(to.given | given)
        for field, value in body.params().items():
            if value != to.params[field]:
                raise RequestError(f"{field} cannot change in a context; open another.", field)
        to.context.add(body.piece())

    async def _cancel(self, name: str) -> None:
        """Cancel a context; an unknown one may have ended just now, and is no error."""
        await self._stop(name)
        await self._send(name, type="speech.audio.cancelled")

    async def _stop(self, name: str | None) -> None:
        if name in self._contexts:
            speaking = self._contexts[name].speaking
            speaking.cancel()
            await asyncio.wait({speaking})

    async def _speak(self, name: str, context: InputSession) -> None:
        try:
            await self._send_audio(name, context)
            end = {"type": "speech.audio.done", "usage": context.usage()}
        except WebSocketDisconnect:
            return
        except Exception as error:  # of this context alone
            end = _error(error)
        finally:
            # Before the end is sent: the client may then reuse the name at once.
            self._contexts.pop(name, None)
        with contextlib.suppress(WebSocketDisconnect):
            await self._send(name, **end)

    async def _send_audio(self, name: str, context: InputSession) -> None:
        async with contextlib.aclosing(context.audio()) as audio:
            async for part in audio:
                if part is StreamMark.FLUSHED:
                    await self._send(name, type="speech.audio.flushed")
                elif part:
                    data = base64.b64encode(part).decode()
                    await self._send(name, type="speech.audio.delta", audio=data)

    async def _send(self, name: str | None, **event: object) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect
        await self._socket.send_json({"context_id": name, **event})


def _name_in(given: dict[str, Any]) -> str:
    name = given.get("context_id", "")
    if not isinstance(name, str):
        raise RequestError("A context_id is no string; send it as one.", "context_id")
    return name


def _validated(given: dict[str, Any]) -> PieceBody:
    return validated(PieceBody.model_validate, given)


def _error(error: Exception) -> dict[str, Any]:
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log_unexpected(error)
    return {"type": "error", "error": error_body(problem)}
