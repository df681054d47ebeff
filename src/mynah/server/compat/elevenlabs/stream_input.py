"""`/v1/text-to-speech/{voice_id}/stream-input` and `/multi-stream-input`: text in, audio out.

Both are WebSockets that take the messages of `InputMessage`. The first has one context, which its
first message opens and an empty text ends; the second has many, each with an id.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import ExitStack

from fastapi import APIRouter, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.websockets import WebSocketDisconnect

from mynah.errors import MynahError
from mynah.server.compat.elevenlabs.auth import key_of_socket
from mynah.server.compat.elevenlabs.errors import answer
from mynah.server.compat.elevenlabs.input_contexts import InputContexts, Opening
from mynah.server.compat.elevenlabs.input_messages import InputMessage, InputQuery
from mynah.server.compat.elevenlabs.speech import check_model
from mynah.server.errors import RequestError
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.websocket import messages, object_of
from mynah.server.plain_text import PlainText
from mynah.server.problems import validated
from mynah.server.services import Services

_DEFAULT = "default"
"""Id of the context of messages that name none."""

router = APIRouter(prefix="/v1/text-to-speech/{voice_id}")


class _Single:
    """A socket with one context, which closes the socket when it has ended."""

    def __init__(self, contexts: InputContexts) -> None:
        self._contexts = contexts
        self._opened = self._ended = False

    async def take(self, message: str | None) -> None:
        """Handle a message, unless the last text was there; any error closes the socket."""
        if self._ended:
            return
        try:
            body = _parsed(message)
            if not self._opened:
                await self._contexts.open(None, body)
                self._opened = True
            self._ended = body.text == ""
            self._contexts.add(None, body, last=self._ended)
        except Exception as error:  # of the caller or not, it ends the socket
            await self._contexts.fail(None, error)


class _Multi:
    """A socket with contexts, of which each ends alone."""

    def __init__(self, contexts: InputContexts) -> None:
        self._contexts = contexts

    async def take(self, message: str | None) -> None:
        """Handle a message; an error ends its context, not the socket."""
        name = _DEFAULT
        try:
            body = _parsed(message)
            name = body.context_id or _DEFAULT
            if body.close_socket:
                await self._contexts.finish()
            elif name in self._contexts:
                self._contexts.add(name, body, last=body.close_context)
            elif body.text and not body.close_context:
                await self._contexts.open(name, body)
                self._contexts.add(name, body)
            # Else it keeps the socket alive, or is about a context that has just ended.
        except Exception as error:  # whatever it is, the other contexts go on
            await self._contexts.fail(name, error)


@router.websocket("/stream-input")
async def stream_input(socket: WebSocket, voice_id: PlainText, services: ServicesOf) -> None:
    """Speak a text while it is being written."""
    await _serve(socket, voice_id, services, _Single)


@router.websocket("/multi-stream-input")
async def multi_stream_input(socket: WebSocket, voice_id: PlainText, services: ServicesOf) -> None:
    """Speak texts while they are being written."""
    await _serve(socket, voice_id, services, _Multi)


async def _serve(
    socket: WebSocket,
    voice_id: str,
    services: Services,
    kind: Callable[[InputContexts], _Single | _Multi],
) -> None:
    try:
        query = validated(InputQuery.model_validate, dict(socket.query_params))
        check_model(query.model_id)
        secret = key_of_socket(socket)
        leave = await _entered(services, secret)
    except (MynahError, RequestValidationError) as error:
        await socket.send_denial_response(answer(error))
        return
    with ExitStack() as held:
        held.callback(leave)
        await socket.accept()
        await _converse(socket, services, Opening(voice_id, query, secret), kind)


async def _entered(services: Services, secret: str | None) -> Callable[[], None]:
    """Count a socket with a key in its head; others are bounded by their contexts."""
    if secret is None:
        return lambda: None
    return services.sockets.enter(await services.authenticator.authenticate(secret, "speak"))


async def _converse(
    socket: WebSocket,
    services: Services,
    opening: Opening,
    kind: Callable[[InputContexts], _Single | _Multi],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        contexts = InputContexts(socket, services, tasks, opening)
        session = kind(contexts)
        watching = tasks.create_task(contexts.close_when_silent())
        with contextlib.suppress(WebSocketDisconnect):
            async for message in messages(socket):
                contexts.heard()
                await session.take(message)
                # Queued messages would not let other tasks run in between.
                await asyncio.sleep(0)
        watching.cancel()
        contexts.close()


def _parsed(message: str | None) -> InputMessage:
    body = validated(InputMessage.model_validate, object_of(message))
    if body.pronunciation_dictionary_locators:
        raise RequestError("Pronunciation dictionaries are not offered; leave them out.")
    return body
