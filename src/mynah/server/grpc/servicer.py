"""`mynah.v1.Speech`: the calls themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, closing

from fastapi.concurrency import run_in_threadpool

from mynah.server.access.keys import Caller
from mynah.server.app import Services
from mynah.server.errors import RequestError
from mynah.server.grpc.admission import admitted
from mynah.server.grpc.call import Context
from mynah.server.grpc.messages import body_of, voice_changes, voice_form, voice_message, voice_name
from mynah.server.http.routers import voices
from mynah.server.http.routers.voices import PageQuery
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.params import SpeechBody, SpeechParams
from mynah.server.speech.service import SpeechRequest
from mynah.server.speech.streaming_input import InputSession, StreamMark, TextPiece
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechServicer


class SpeechCalls(SpeechServicer):
    """Answers as the routers of HTTP do.

    Args:
        services: of the server.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Synthesize(  # noqa: N802 - as the proto names it
        self, request: pb.SynthesizeRequest, context: Context
    ) -> pb.SynthesizeResponse:
        """Speaks a text and answers when all of it is spoken."""
        order = _order(request, admitted())
        with closing(await self._services.speech.open(order)) as audio:
            data = b"".join([part async for part in audio])
        return pb.SynthesizeResponse(
            audio=data, media_type=order.form.media_type, usage=_usage(audio)
        )

    async def SynthesizeStream(  # noqa: N802
        self, request: pb.SynthesizeRequest, context: Context
    ) -> AsyncIterator[pb.SpeechEvent]:
        """Speaks a text and answers with audio as it is ready."""
        with closing(await self._services.speech.open(_order(request, admitted()))) as audio:
            async for part in audio:
                yield pb.SpeechEvent(audio=part)
        yield pb.SpeechEvent(done=_usage(audio))

    async def Converse(  # noqa: N802
        self, pieces: AsyncIterator[pb.TextPiece], context: Context
    ) -> AsyncIterator[pb.SpeechEvent]:
        """Speaks a text while it is being written."""
        first = await anext(pieces, None)
        if first is None:
            raise RequestError("There is no first piece; send one with a manner.", "manner")
        manner = body_of(SpeechParams, first.manner)
        speech = InputSession(self._services.speech, manner.order(admitted(), ""))
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
        """Makes a voice from recordings."""
        form = voice_form(request)
        return voice_message(await voices.create_voice(form, admitted(), self._services))

    async def GetVoice(  # noqa: N802
        self, request: pb.GetVoiceRequest, context: Context
    ) -> pb.Voice:
        """Looks a voice up."""
        name = voice_name(request)
        found = await run_in_threadpool(voices.get_voice, name, admitted(), self._services)
        return voice_message(found)

    async def ListVoices(  # noqa: N802
        self, request: pb.ListVoicesRequest, context: Context
    ) -> pb.ListVoicesResponse:
        """Lists voices."""
        query = body_of(PageQuery, request)
        page = await run_in_threadpool(voices.list_voices, query, admitted(), self._services)
        return pb.ListVoicesResponse(
            voices=[voice_message(voice) for voice in page.data], has_more=page.has_more
        )

    async def UpdateVoice(  # noqa: N802
        self, request: pb.UpdateVoiceRequest, context: Context
    ) -> pb.Voice:
        """Changes a voice's name, labels or consent."""
        changes, name = voice_changes(request), voice_name(request)
        changed = await run_in_threadpool(
            voices.change_voice, name, changes, admitted(), self._services
        )
        return voice_message(changed)

    async def DeleteVoice(  # noqa: N802
        self, request: pb.DeleteVoiceRequest, context: Context
    ) -> pb.DeleteVoiceResponse:
        """Deletes a voice and its recordings."""
        name = voice_name(request)
        gone = await run_in_threadpool(voices.delete_voice, name, admitted(), self._services)
        return pb.DeleteVoiceResponse(id=gone.id)


def _order(request: pb.SynthesizeRequest, caller: Caller) -> SpeechRequest:
    body = body_of(SpeechBody, request.manner, input=request.input)
    return body.order(caller, body.input)


async def _read(
    piece: pb.TextPiece | None, rest: AsyncIterator[pb.TextPiece], speech: InputSession
) -> None:
    """Hands pieces on as they come."""
    try:
        while piece is not None:
            speech.add(TextPiece(piece.input, piece.flush))
            piece = await anext(rest, None)
            if piece is not None and piece.HasField("manner"):
                raise RequestError("Only the first piece has a manner; leave it out.", "manner")
        speech.add(TextPiece("", last=True))
    except Exception as error:  # the caller is told by the speech that breaks off
        speech.fail(error)


def _event(part: bytes | StreamMark) -> pb.SpeechEvent:
    return (
        pb.SpeechEvent(flushed=pb.Flushed())
        if isinstance(part, StreamMark)
        else pb.SpeechEvent(audio=part)
    )


def _usage(audio: AudioStream) -> pb.Usage:
    said, spoken = audio.phonemes, audio.semantic_tokens
    return pb.Usage(input_tokens=said, output_tokens=spoken, total_tokens=said + spoken)
