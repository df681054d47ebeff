"""`/v1/text-to-speech`, and its audio formats: kind, sample rate in Hz and bit rate in kbit/s."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mynah.audio.encoding import AudioFormat
from mynah.options import SpeechOptions
from mynah.server.access.keys import Caller
from mynah.server.compat.elevenlabs.alignment import Aligned, Alignment, both_times
from mynah.server.compat.elevenlabs.auth import SpeakCaller
from mynah.server.compat.elevenlabs.models import LONGEST_TEXT
from mynah.server.compat.elevenlabs.voice_settings import VoiceSettings, speed_of
from mynah.server.errors import ModelNotFoundError
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.streaming import AudioResponse, cancel_on_disconnect
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.services import Services
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.params import MODEL
from mynah.server.speech.sentence_timing import SentenceTiming
from mynah.server.speech.service import SpeechRequest
from mynah.server.voices.resolver import VoiceSelection

_KINDS = {
    "mp3": ["22050_32", "24000_48", *(f"44100_{rate}" for rate in (32, 64, 96, 128, 192))],
    "opus": [f"48000_{rate}" for rate in (32, 64, 96, 128, 192)],
    "pcm": ["8000", "16000", "22050", "24000", "32000", "44100", "48000"],
    "wav": ["8000", "16000", "22050", "24000", "32000", "44100", "48000"],
    "ulaw": ["8000"],
    "alaw": ["8000"],
}
FORMATS = {f"{kind}_{rates}" for kind, all_rates in _KINDS.items() for rates in all_rates}


def format_of(name: str) -> AudioFormat:
    """The audio format of one of `FORMATS`."""
    kind, sample_rate, *bit_rate = name.split("_")
    if not bit_rate:
        return AudioFormat(kind, int(sample_rate))
    return AudioFormat(kind, int(sample_rate), 1000 * int(bit_rate[0]))


ALIASES = "eleven_"
"""Prefix of ElevenLabs' own models, which its clients send by default."""
router = admitting_router(prefix="/v1/text-to-speech/{voice_id}", tags=["speech"])
Empty = Annotated[list[Any], Field(max_length=0)]
"""Type of an unsupported field that would change the audio: refused unless empty."""


def check_model(name: str) -> None:
    """Check that a name stands for the model.

    Raises:
        ModelNotFoundError: it does not.
    """
    if name != MODEL and not name.startswith(ALIASES):
        raise ModelNotFoundError(f"There is no model {name:.80}; use {MODEL}.")


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"use one of {', '.join(sorted(FORMATS))}")
    return name


class SpeechBody(BaseModel):
    """Text and options of a speech request."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        protected_namespaces=(),
        json_schema_extra={
            "examples": [{"text": "The weather is fine today.", "voice_settings": {"speed": 1.1}}]
        },
    )

    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    """The text."""
    model_id: PlainText = MODEL
    """`mynah`; the names of ElevenLabs' own models stand for it too."""
    language_code: PlainText | None = None
    """Language of the text; detected if it is not given."""
    voice_settings: VoiceSettings | None = None
    """Speed; the other settings have no effect. Those of the voice if not given."""
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    """Equal seeds give equal sound."""
    pronunciation_dictionary_locators: Empty | None = None
    """Not supported: must be empty."""
    audio_effects: None = None
    """Not supported: must be null."""
    previous_text: PlainText | None = None
    """Without effect, as are all fields below."""
    next_text: PlainText | None = None
    previous_request_ids: list[PlainText] | None = None
    next_request_ids: list[PlainText] | None = None
    use_pvc_as_ivc: bool | None = None
    apply_text_normalization: PlainText | None = None
    apply_language_text_normalization: bool | None = None

    def options(self, speed: float) -> SpeechOptions:
        """Convert to Mynah's options."""
        default = SpeechOptions()
        return SpeechOptions(
            language=self.language_code or default.language,
            speed=speed,
            seed=self.seed or default.seed,
        )


class SpeechQuery(BaseModel):
    """Audio format of a speech request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    output_format: Annotated[
        str,
        PLAIN,
        AfterValidator(_known_format),
        Field(json_schema_extra={"enum": sorted(FORMATS)}),
    ] = "mp3_44100_128"
    """Kind, sample rate and bit rate."""
    enable_logging: bool = True
    """Without effect: no text is ever logged."""
    optimize_streaming_latency: int | None = None
    """No effect: the first audio is always sent as soon as it is ready."""


@router.post("", response_class=Response)
@router.post("/stream", response_class=Response)
async def convert_text(
    request: Request,
    voice_id: PlainText,
    body: SpeechBody,
    query: Annotated[SpeechQuery, Query()],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text in a voice; `/stream` is heard a little earlier."""
    speech = await _speech_request(services, caller, voice_id, body, query)
    if not request.url.path.endswith("/stream"):
        speech = speech.whole()
    async with cancel_on_disconnect(request.receive):
        audio = await services.speech.open(speech)
    return AudioResponse(audio, speech.form.media_type)


@router.post("/with-timestamps")
async def convert_with_timestamps(
    request: Request,
    voice_id: PlainText,
    body: SpeechBody,
    query: Annotated[SpeechQuery, Query()],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Aligned:
    """Speak a text, and tell when each of its characters is heard."""
    speech = await _speech_request(services, caller, voice_id, body, query)
    async with cancel_on_disconnect(request.receive):
        with closing(await services.speech.open(replace(speech, timed=True))) as audio:
            data = b"".join([part async for part in audio])
            return await run_in_threadpool(_aligned, data, audio.timings)


@router.post("/stream/with-timestamps", response_class=Response)
async def stream_with_timestamps(
    request: Request,
    voice_id: PlainText,
    body: SpeechBody,
    query: Annotated[SpeechQuery, Query()],
    caller: SpeakCaller,
    services: ServicesOf,
) -> Response:
    """Speak a text sentence by sentence: a line of JSON for each piece of the audio.

    The first line of a sentence has its alignment.
    """
    speech = await _speech_request(services, caller, voice_id, body, query)
    async with cancel_on_disconnect(request.receive):
        audio = await services.speech.open(replace(speech, timed=True))
    return AudioResponse(audio, "application/x-ndjson", _lines(audio))


async def _speech_request(
    services: Services, caller: Caller, voice_id: str, body: SpeechBody, query: SpeechQuery
) -> SpeechRequest:
    check_model(body.model_id)
    form = format_of(query.output_format)
    speed = await speed_of(services, caller, voice_id, body.voice_settings)
    voice, options = VoiceSelection(voice_id), body.options(speed)
    return SpeechRequest(caller, body.text, voice, options, form, cacheable=body.seed is not None)


async def _lines(audio: AudioStream) -> AsyncIterator[str]:
    told = 0
    async for part in audio:
        timings = audio.timings[told:]
        told += len(timings)
        more = told < len(audio.sentences)
        aligned = await run_in_threadpool(_aligned, part, timings, more=more)
        yield aligned.model_dump_json() + "\n"


def _aligned(audio: bytes, timings: Sequence[SentenceTiming], *, more: bool = False) -> Aligned:
    data = base64.b64encode(audio).decode()
    if not timings:
        return Aligned(audio_base64=data)
    written, normalised = map(Alignment.of, both_times(timings, more=more))
    return Aligned(audio_base64=data, alignment=written, normalized_alignment=normalised)
