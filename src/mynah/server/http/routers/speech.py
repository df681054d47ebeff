"""`POST /v1/audio/speech`: OpenAI's call, with GPT-SoVITS's own options."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import closing
from http import HTTPStatus

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from mynah.audio.encoding import with_length
from mynah.runtime.logging import log_unexpected
from mynah.server.errors import RequestError
from mynah.server.http.admission import SpeakCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.routers.stored_audio import (
    AUDIO_CONTENT,
    StoredAudioBody,
    stored_audio_body,
)
from mynah.server.http.streaming import AudioResponse, cancel_on_disconnect
from mynah.server.problems import error_body, problem_of
from mynah.server.response_headers import tell_ignored
from mynah.server.services import Services
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.ignored_fields import ignored_fields
from mynah.server.speech.params import SpeechBody
from mynah.server.speech.service import SpeechRequest

router = admitting_router(tags=["speech"])


@router.post(
    "/audio/speech",
    response_class=Response,
    dependencies=[DESCRIBED],
    responses={
        200: {
            "description": "Audio as it is ready.",
            "content": {**AUDIO_CONTENT, "text/event-stream": {}},
        },
        201: {"description": "It was stored.", "model": StoredAudioBody},
    },
)
async def create_speech(
    request: Request, body: SpeechBody, caller: SpeakCaller, services: ServicesOf
) -> Response:
    """Speak a text in a voice."""
    speech = body.request(caller, body.input)
    tell_ignored(ignored_fields(body))
    if body.store:
        if body.stream_format == "sse":
            raise RequestError("What is stored is not streamed; leave stream_format out.", "store")
        async with cancel_on_disconnect(request.receive):
            return await _stored(request, speech, services)
    async with cancel_on_disconnect(request.receive):
        audio = await services.speech.open(speech)
    if body.stream_format == "sse":
        return AudioResponse(audio, "text/event-stream", _events(audio), _error_event)
    return AudioResponse(audio, speech.form.media_type)


async def _stored(request: Request, speech: SpeechRequest, services: Services) -> Response:
    await run_in_threadpool(services.audio_store.check_room, speech.caller)
    with closing(await services.speech.open(speech)) as audio:
        whole = b"".join([part async for part in audio])
    data = with_length(whole, sum(audio.chunk_seconds))
    kept = await run_in_threadpool(
        services.audio_store.keep, audio.id, speech.caller, data, speech.form.media_type
    )
    body = stored_audio_body(kept, request, services.settings.public_url)
    return JSONResponse(body.model_dump(), 201)


async def _events(audio: AudioStream) -> AsyncIterator[str]:
    try:
        async for data in audio:
            yield _event(type="speech.audio.delta", audio=base64.b64encode(data).decode())
    except Exception as error:  # the status has been sent already
        yield _error_event(error)
        return
    read, spoken = audio.phonemes, audio.semantic_tokens
    usage = {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}
    yield _event(type="speech.audio.done", usage=usage)


def _error_event(error: Exception) -> str:
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log_unexpected(error)
    return _event(type="error", error=error_body(problem))


def _event(**fields: object) -> str:
    return f"data: {json.dumps(fields, ensure_ascii=False)}\n\n"
