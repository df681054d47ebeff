"""The contexts of one socket: each speaks the texts that it gets, and tells its own end."""

import asyncio
import base64
import contextlib
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from fastapi import WebSocket
from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mynah.errors import TextError, UnavailableError
from mynah.runtime.logging import log_unexpected
from mynah.server.access.keys import Caller
from mynah.server.compat.elevenlabs.alignment import both_times, socket_alignment
from mynah.server.compat.elevenlabs.input_messages import InputMessage, InputQuery
from mynah.server.compat.elevenlabs.speech import format_of
from mynah.server.compat.elevenlabs.voice_settings import speed_of
from mynah.server.errors import AuthenticationError, RequestError
from mynah.server.problems import problem_of
from mynah.server.services import Services
from mynah.server.speech.sentence_timing import SentenceTiming
from mynah.server.speech.service import SpeechRequest
from mynah.server.speech.streaming_input import InputSession, StreamMark, TextPiece
from mynah.server.voices.resolver import VoiceSelection

_POLICY = 1008
_INTERNAL = 1011
_REASON_CHARACTERS = 120 // 4
"""A close frame has room for 123 bytes of UTF-8."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The voice and the query of a socket, and the key of its head, if it had one."""

    voice_id: str
    query: InputQuery
    secret: str | None


@dataclass(slots=True)
class _Context:
    """A context that may take more text; `has_words` once there is something to say."""

    session: InputSession
    settings: object
    speaking: asyncio.Task[None]
    has_words: bool = False


class InputContexts:
    """The contexts of a socket by id; the one of a socket that has only one is None."""

    def __init__(
        self, socket: WebSocket, services: Services, tasks: asyncio.TaskGroup, opening: Opening
    ) -> None:
        self._socket = socket
        self._services = services
        self._tasks = tasks
        self._opening = opening
        self._contexts: dict[str | None, _Context] = {}
        self._finishing = False
        # Otherwise the first message has the key, and must come soon.
        self._authenticated = opening.secret is not None or services.settings.no_auth
        self._heard_at = asyncio.get_running_loop().time()

    def __contains__(self, name: str) -> bool:
        return name in self._contexts

    def heard(self) -> None:
        """Note that the client is there; one that has shown no key gets no more time by it."""
        if self._authenticated:
            self._heard_at = asyncio.get_running_loop().time()

    async def open(self, name: str | None, first: InputMessage) -> None:
        """Open a context with its first message, whose text is not taken yet.

        Raises:
            AuthenticationError, ScopeError, RateLimitError: the key may not speak, or not now.
            UnavailableError: there are too many contexts.
        """
        most = self._services.settings.socket_contexts
        if len(self._contexts) >= most:
            raise UnavailableError(f"A socket has at most {most} contexts; close one.")
        # Each context counts for the limits, and its key may have been revoked meanwhile.
        secret = self._opening.secret or first.key
        caller = await self._services.authenticator.authenticate(secret, "speak")
        self._authenticated = True
        query, voice_id = self._opening.query, self._opening.voice_id
        speed = await speed_of(self._services, caller, voice_id, first.voice_settings)
        form = format_of(query.output_format)
        voice = VoiceSelection(voice_id)
        session = InputSession(
            self._services.speech,
            SpeechRequest(
                caller, "", voice, query.options(speed), form, timed=query.sync_alignment
            ),
        )
        leave = self._services.contexts.enter(caller)
        speaking = self._tasks.create_task(self._speak(name, caller, session))
        speaking.add_done_callback(lambda _: leave())
        self._contexts[name] = _Context(session, first.voice_settings, speaking)

    def add(self, name: str | None, message: InputMessage, last: bool = False) -> None:
        """Take a message of an open context; the last one ends it when all is spoken.

        Raises:
            RequestError: the context has ended, or its settings would change.
            TextError: more text waits than a call may have.
        """
        if name not in self._contexts:
            raise RequestError("This socket has had its last text; open another.", "text")
        context = self._contexts[name]
        if message.voice_settings not in (None, context.settings):
            raise RequestError("voice_settings cannot change; open another.", "voice_settings")
        piece = replace(message.piece, last=last)
        context.has_words |= any(map(str.isalnum, piece.text))
        context.session.add(piece)

    async def finish(self) -> None:
        """End every context when all is spoken, then close the socket."""
        self._finishing = True
        for context in self._contexts.values():
            with contextlib.suppress(RequestError):  # it is ending already
                context.session.add(TextPiece("", last=True))
        await self._close_if_finished()

    async def fail(self, name: str | None, error: Exception) -> None:
        """Stop a context and tell the error; without a name the socket ends as well."""
        if context := self._contexts.pop(name, None):
            context.speaking.cancel()
            await asyncio.wait({context.speaking})
        await self._tell(name, error)

    async def close_when_silent(self) -> None:
        """Close the socket when neither side has said anything for the time of its query."""
        now = asyncio.get_running_loop().time
        while (left := self._heard_at + self._silence - now()) > 0 or self._busy:
            await asyncio.sleep(max(left, 1.0))
        silent = RequestError("The socket was silent for too long; send text, or open another.")
        with contextlib.suppress(WebSocketDisconnect):
            await self._tell(None, silent)

    def close(self) -> None:
        """Stop all work."""
        for context in self._contexts.values():
            context.speaking.cancel()

    @property
    def _silence(self) -> float:
        wanted = float(self._opening.query.inactivity_timeout)
        return wanted if self._authenticated else self._services.settings.head_seconds

    @property
    def _busy(self) -> bool:
        return any(context.session.busy for context in self._contexts.values())

    async def _speak(self, name: str | None, caller: Caller, session: InputSession) -> None:
        try:
            async with self._services.open_calls.opened(caller):
                await self._send_audio(name, session)
            error = None
        except WebSocketDisconnect:
            return
        except Exception as failed:  # of this context alone
            is_empty = isinstance(failed, TextError) and not self._contexts[name].has_words
            error = None if is_empty else failed
        finally:
            # Before the end is sent: the client may then reuse the id at once.
            self._contexts.pop(name, None)
        with contextlib.suppress(WebSocketDisconnect):
            if error is not None:
                # A key that has ended ends the socket.
                await self._tell(None if isinstance(error, AuthenticationError) else name, error)
                return
            await self._send(name, audio=None, isFinal=True, **_NO_ALIGNMENT)
            if name is None:
                self._finishing = True
            await self._close_if_finished()

    async def _send_audio(self, name: str | None, session: InputSession) -> None:
        async with contextlib.aclosing(session.audio()) as audio:
            async for part in audio:
                if part and not isinstance(part, StreamMark):
                    data = base64.b64encode(part).decode()
                    alignment = await run_in_threadpool(_alignments, session.timing)
                    await self._send(name, audio=data, isFinal=None, **alignment)

    async def _tell(self, name: str | None, error: Exception) -> None:
        problem = problem_of(error)
        is_defect = problem.status == HTTPStatus.INTERNAL_SERVER_ERROR
        if is_defect:
            log_unexpected(error)
        code = _INTERNAL if is_defect else _POLICY
        await self._send(name, message=problem.message, error=problem.code, code=code)
        if name is None:
            await self._socket.close(code, problem.message[:_REASON_CHARACTERS])
        else:
            await self._send(name, audio=None, isFinal=True, **_NO_ALIGNMENT)

    async def _close_if_finished(self) -> None:
        if self._finishing and not self._contexts:
            await self._socket.close()

    async def _send(self, name: str | None, **event: Any) -> None:  # noqa: ANN401
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect
        self.heard()
        context = {} if name is None else {"contextId": name}
        await self._socket.send_json({**event, **context})


_NO_ALIGNMENT = {"alignment": None, "normalizedAlignment": None}


def _alignments(timing: SentenceTiming | None) -> dict[str, Any]:
    """Alignments of an event whose audio begins a sentence."""
    if timing is None:
        return _NO_ALIGNMENT
    written, normalised = map(socket_alignment, both_times([timing], more=True))
    return {"alignment": written, "normalizedAlignment": normalised}
