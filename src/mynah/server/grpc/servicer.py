"""The methods of `mynah.v1.Speech`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, closing

from fastapi.concurrency import run_in_threadpool

from mynah.server.access.keys import Caller
from mynah.server.errors import RequestError
from mynah.server.grpc.admission import admitted
from mynah.server.grpc.call import Context
from mynah.server.grpc.messages import body_of, voice_changes, voice_form, voice_message, voice_name
from mynah.server.http.routers import voices
from mynah.server.http.routers.voices import PageQuery
from mynah.server.services import Services
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.params import SpeechBody, SpeechParams
from mynah.server.speech.service import SpeechRequest
from mynah.server.speech.streaming_input import InputSession, StreamMark, TextPiece
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechServicer


class SpeechCalls(SpeechServicer):
    """The service, implemented by the routes of the HTTP API."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Synthesize(  # noqa: N802 - as the proto names it
        self, request: pb.SynthesizeRequest, context: Context
    ) -> pb.SynthesizeResponse:
        """Synthesise a text, and respond when all of it is ready."""
        speech = _speech_request(request, admitted()).whole()
        with closing(await self._services.speech.open(speech)) as audio:
            data = b"".join([part async for part in audio])
        media_type = speech.form.media_type
        return pb.SynthesizeResponse(audio=data, media_type=media_type, usage=_usage(audio))

    async def SynthesizeStream(  # noqa: N802
        self, request: pb.SynthesizeRequest, context: Context
    ) -> AsyncIterator[pb.SpeechEvent]:
        """Synthesise a text, and stream audio as it is ready."""
        speech = _speech_request(request, admitted())
        with closing(await self._services.speech.open(speech)) as audio:
            async for part in audio:
                yield pb.SpeechEvent(audio=part)
        yield pb.SpeechEvent(done=_usage(audio))

    async def Converse(  # noqa: N802
        self, pieces: AsyncIterator[pb.TextPiece], context: Context
    ) -> AsyncIterator[pb.SpeechEvent]:
        """Synthesise a text while it is being written."""
        first = await anext(pieces, None)
        if first is None:
            raise RequestError("There is no first piece; send one with a manner.", "manner")
        params = body_of(SpeechParams, first.manner)
        speech = InputSession(self._services.speech, params.request(admitted(), ""))
        reading = asyncio.create_task(_read(first, pieces, speech))
        try:
            async with aclosing(speech.audio()) as audio:
                async for part in audio:
                    yield _event(part)
            yield pb.SpeechEvent(done=pb.Usage(**speech.usage()))
        finally:
            reading.cancel()

    async def CreateVoice(  # noqa: N802
        self, request: pb.CreateVoiceRequest, context: Context
    ) -> pb.Voice:
        """Create a voice from recordings."""
        form = voice_form(request)
        return voice_message(await voices.create_voice(form, admitted(), self._services))

    async def GetVoice(  # noqa: N802
        self, request: pb.GetVoiceRequest, context: Context
    ) -> pb.Voice:
        """Get a voice."""
        name = voice_name(request)
        found = await run_in_threadpool(voices.get_voice, name, admitted(), self._services)
        return voice_message(found)

    async def ListVoices(  # noqa: N802
        self, request: pb.ListVoicesRequest, context: Context
    ) -> pb.ListVoicesResponse:
        """List voices."""
        query = body_of(PageQuery, request)
        page = await run_in_threadpool(voices.list_voices, query, admitted(), self._services)
        return pb.ListVoicesResponse(
            voices=[voice_message(voice) for voice in page.data], has_more=page.has_more
        )

    async def UpdateVoice(  # noqa: N802
        self, request: pb.UpdateVoiceRequest, context: Context
    ) -> pb.Voice:
        """Change a voice's name, labels or consent."""
        changes, name = voice_changes(request), voice_name(request)
        changed = await run_in_threadpool(
            voices.change_voice, name, changes, admitted(), self._services
        )
        return voice_message(changed)

    async def DeleteVoice(  # noqa: N802
        self, request: pb.DeleteVoiceRequest, context: Context
    ) -> pb.DeleteVoiceResponse:
        """Delete a voice and its recordings."""
        name = voice_name(request)
        gone = await run_in_threadpool(voices.delete_voice, name, admitted(), self._services)
        return pb.DeleteVoiceResponse(id=gone.id)


def _speech_request(request: pb.SynthesizeRequest, caller: Caller) -> SpeechRequest:
    body = body_of(SpeechBody, request.manner, input=request.input)
    return body.request(caller, body.input)


async def _read(
    piece: pb.TextPiece | None, rest: AsyncIterator[pb.TextPiece], speech: InputSession
) -> None:
    """Add text to the input session as it arrives."""
    try:
        while piece is not None:
            speech.add(TextPiece(piece.input, piece.flush))
            piece = await anext(rest, None)
            if piece is not None and piece.HasField("manner"):
                raise RequestError("Only the first piece has a manner; leave it out.", "manner")
        speech.add(TextPiece("", last=True))
    except Exception as error:  # raised to the caller by the session's audio
        speech.fail(error)


def _event(part: bytes | StreamMark) -> pb.SpeechEvent:
    return (
        pb.SpeechEvent(flushed=pb.Flushed())
        if isinstance(part, StreamMark)
        else pb.SpeechEvent(audio=part)
    )


def _usage(audio: AudioStream) -> pb.Usage:
    read, spoken = audio.phonemes, audio.semantic_tokens
    return pb.Usage(input_tokens=read, output_tokens=spoken, total_tokens=read + spoken)
