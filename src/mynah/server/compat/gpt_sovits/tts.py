"""`/tts` of `api_v2.py` and GSVI, `/` of `api.py`, and the calls that name a reference."""

from contextlib import closing
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from mynah.audio.encoding import with_length
from mynah.engine.request import VoiceRef
from mynah.server.access.keys import Caller
from mynah.server.compat.gpt_sovits.api_v2 import ApiV2Speech
from mynah.server.compat.gpt_sovits.auth import SpeakCaller
from mynah.server.compat.gpt_sovits.calls import (
    FORMATS,
    DefaultReference,
    FilePath,
    SpeechCall,
    SpeechFields,
)
from mynah.server.compat.gpt_sovits.default_references import defaults_of
from mynah.server.compat.gpt_sovits.fields import JsonBody, body_of, described_query, query_of
from mynah.server.compat.gpt_sovits.first_api import FirstApiSpeech, Words
from mynah.server.compat.gpt_sovits.gsvi import GsviSpeech
from mynah.server.compat.gpt_sovits.languages import Language
from mynah.server.compat.gpt_sovits.references import Reference, reader_of
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.streaming import AudioResponse, cancel_on_disconnect
from mynah.server.response_headers import tell_ignored
from mynah.server.services import Services
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.ignored_fields import ignored_fields
from mynah.server.speech.service import SpeechRequest
from mynah.server.voices.resolver import VoiceSelection

_AT_TTS = (ApiV2Speech, GsviSpeech)
# SillyTavern posts the parameters of api_v2 to the root.
_AT_ROOT = (FirstApiSpeech, ApiV2Speech)

router = admitting_router(tags=["speech"])


class Done(BaseModel):
    """Confirmation of a call of `api_v2`."""

    message: str = "success"


class FirstApiDone(BaseModel):
    """Confirmation of a call of `api.py`."""

    code: int = 0
    message: str = "Success"


class NewDefault(BaseModel):
    """A reference that the key's later calls of `/` may leave out."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    refer_wav_path: FilePath
    """A recording in the server's folder of references."""
    prompt_text: Words
    """The recording's words."""
    prompt_language: Language
    """Language of the recording's words."""


@router.get("/tts", response_class=Response, openapi_extra=described_query(_AT_TTS))
async def get_tts(
    request: Request,
    fields: Annotated[SpeechFields, Depends(query_of(_AT_TTS))],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text in the voice of a recording, or of one of GSVI's characters."""
    return await _speak(request, fields, caller, services)


@router.post("/tts", response_class=Response)
async def post_tts(
    request: Request,
    fields: Annotated[ApiV2Speech | GsviSpeech, body_of(_AT_TTS)],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text in the voice of a recording, or of one of GSVI's characters."""
    return await _speak(request, fields, caller, services)


@router.get("/", response_class=Response, openapi_extra=described_query(_AT_ROOT))
async def get_first_api(
    request: Request,
    fields: Annotated[SpeechFields, Depends(query_of(_AT_ROOT))],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text in the voice of a recording, or of the key's default reference."""
    return await _speak(request, fields, caller, services)


@router.post("/", response_class=Response)
async def post_first_api(
    request: Request,
    fields: Annotated[FirstApiSpeech | ApiV2Speech, body_of(_AT_ROOT)],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text in the voice of a recording, or of the key's default reference."""
    return await _speak(request, fields, caller, services)


@router.get("/set_refer_audio")
def set_refer_audio(request: Request, refer_audio_path: FilePath, _: SpeakCaller) -> Done:
    """Check that a recording can be a reference.

    There is nothing to set: every `/tts` names its own, so that no caller gets another's voice.
    """
    reader_of(request).read(Reference([refer_audio_path], "", "auto"))
    return Done()


@router.get("/change_refer")
def get_change_refer(
    request: Request, default: Annotated[NewDefault, Query()], caller: SpeakCaller
) -> FirstApiDone:
    """Set the default reference of this key alone, until the server stops."""
    return _change(request, default, caller)


@router.post("/change_refer")
def post_change_refer(
    request: Request, default: JsonBody[NewDefault], caller: SpeakCaller
) -> FirstApiDone:
    """Set the default reference of this key alone, until the server stops."""
    return _change(request, default, caller)


def _change(request: Request, default: NewDefault, caller: Caller) -> FirstApiDone:
    tell_ignored(ignored_fields(default))
    reference = Reference([default.refer_wav_path], default.prompt_text, default.prompt_language)
    reader_of(request).read(reference)
    defaults_of(request).set(caller, reference)
    return FirstApiDone()


async def _speak(
    request: Request, fields: SpeechFields, caller: Caller, services: Services
) -> Response:
    tell_ignored([*ignored_fields(fields), *fields.ineffective()])
    async with cancel_on_disconnect(request.receive):
        call, voice = await run_in_threadpool(_prepared, request, fields, caller)
        form, media_type = FORMATS[call.format], f"audio/{call.format}"
        speech = SpeechRequest(caller, call.text, voice, call.options, form, cacheable=call.seeded)
        if not call.streamed:
            speech = speech.whole()
        audio = await services.speech.open(speech)
        if not call.streamed:
            return Response(await _whole(audio), media_type=media_type)
    return AudioResponse(audio, media_type)


def _prepared(
    request: Request, fields: SpeechFields, caller: Caller
) -> tuple[SpeechCall, VoiceSelection | VoiceRef]:
    call = fields.call()
    voice = call.voice
    if isinstance(voice, VoiceSelection):
        return call, voice
    if isinstance(voice, DefaultReference):
        voice = defaults_of(request).resolve(caller, voice)
    return call, reader_of(request).read(voice)


async def _whole(audio: AudioStream) -> bytes:
    with closing(audio):
        whole = b"".join([part async for part in audio])
    return with_length(whole, sum(audio.chunk_seconds))
