"""`POST /v1/audio/speech`: OpenAI's call, with GPT-SoVITS's own options beside it."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import closing
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from mynah.audio.encoding import AudioFormat, with_length
from mynah.errors import ModelNotFoundError, RequestError
from mynah.options import SpeechOptions
from mynah.runtime.logging import log_unexpected
from mynah.service.admission import Speaker, admitting_router
from mynah.service.audio import AudioStream
from mynah.service.departure import AudioResponse, while_connected
from mynah.service.errors import error_body, problem_of
from mynah.service.idempotency import DESCRIBED
from mynah.service.keys import Caller
from mynah.service.option_fields import option_field
from mynah.service.plain_text import PLAIN, PlainText
from mynah.service.routers.catalogue import ALIASES, MODEL
from mynah.service.routers.stored_audio import StoredAudioBody, stored_audio_body
from mynah.service.services import Services, ServicesOf
from mynah.service.speakers import ZERO_SHOT, Speaking
from mynah.service.speech import SpeechOrder
from mynah.text.languages.registry import CODES
from mynah.text.splitting import METHODS

OPENAI_PCM_RATE = 24_000
"""What OpenAI's clients take bare samples to be."""

router = admitting_router(tags=["speech"])


class VoiceId(BaseModel):
    """A voice by its id alone."""

    model_config = ConfigDict(extra="forbid")
    id: PlainText


class Manner(BaseModel):
    """By whom and how something is to be said."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    voice: PlainText | VoiceId
    """Name or id of a voice."""
    version: (
        Annotated[str, Field(coerce_numbers_to_str=True, examples=[ZERO_SHOT]), PLAIN] | None
    ) = None
    """Which version of the voice; the one that is rolled out if not given. `1`, or `zero-shot`, is
    the one for which nothing was trained."""
    user: Annotated[str, Field(max_length=200), PLAIN] | None = None
    """For whom it is spoken. Where versions share a voice's callers, the same user hears the same
    version."""
    references: list[PlainText] = Field(default=[], max_length=10)
    """Names or ids of more voices, whose recordings are averaged with this one's into the timbre.
    The manner of speaking stays that of `voice`."""
    model: PlainText = MODEL
    """A model that `GET /v1/models` lists."""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    """Kind of audio; `pcm` is bare 16-bit samples at 24 kHz. Streams of `wav` and `flac`
    leave their length open in the header, as their specifications allow; stored files have it."""
    instructions: PlainText | None = None
    """Taken because OpenAI's clients send it; this model follows none."""
    speed: float = option_field("speed", "2 is twice as fast.")
    language: Annotated[str, Field(json_schema_extra={"enum": [*CODES]}), PLAIN] = "auto"
    """Language of the text; `GET /v1/languages` explains them."""
    split: Annotated[str, Field(json_schema_extra={"enum": [*METHODS]}), PLAIN] = "cut5"
    """Where the text is cut into sentences, as GPT-SoVITS names it."""
    seed: int = option_field("seed", "Equal seeds give equal sound.")
    top_k: int | None = option_field("top_k", "Number of likeliest tokens to choose among.")
    top_p: float | None = option_field("top_p", "Share of probability to choose among.")
    temperature: float | None = option_field("temperature", "Below 1 calmer, above 1 livelier.")
    repetition_penalty: float | None = option_field(
        "repetition_penalty", "How much said tokens lose."
    )
    pause: float = option_field("pause", "Seconds of silence between sentences.")

    cache: bool | None = None
    """Whether equal calls may get equal bytes without speaking anew; if a `seed` is given, unless
    told otherwise. `X-Cache` tells `hit` or `miss`."""

    def order(self, caller: Caller, text: str) -> SpeechOrder:
        """What the desk takes.

        Raises:
            ModelNotFoundError: there is no such model.
            OptionError: an option is not one of its values.
        """
        if self.model not in (MODEL, *ALIASES):
            raise ModelNotFoundError(f"There is no model {self.model:.80}; use {MODEL}.")
        name = self.voice if isinstance(self.voice, str) else self.voice.id
        voice = Speaking(name, self.version, self.references)
        options = SpeechOptions(**{name: getattr(self, name) for name in SpeechOptions.__slots__})
        rate = OPENAI_PCM_RATE if self.response_format == "pcm" else None
        form = AudioFormat(self.response_format, rate)
        return SpeechOrder(caller, text, voice, options, form, self._cacheable(), self.user)

    def _cacheable(self) -> bool:
        return "seed" in self.model_fields_set if self.cache is None else self.cache


class SpeechBody(Manner):
    """What is to be said, by whom and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": MODEL, "input": "你好，world.", "voice": "mandarin"},
                {
                    "model": MODEL,
                    "input": "The weather is fine today.",
                    "voice": {"id": "ljspeech"},
                    "response_format": "wav",
                    "speed": 1.2,
                    "language": "en",
                    "seed": 7,
                },
            ]
        },
    )

    input: str = Field(min_length=1, max_length=4096)
    """The text."""
    stream_format: Literal["audio", "sse"] = "audio"
    """Bytes as they are, or events with the bytes in base64."""
    store: bool = False
    """Keep the audio and answer with a link to it instead."""


@router.post(
    "/audio/speech",
    response_class=Response,
    dependencies=[DESCRIBED],
    responses={
        200: {"description": "Audio as it is ready.", "content": {"audio/*": {}}},
        201: {"description": "It was stored.", "model": StoredAudioBody},
    },
)
async def create_speech(
    request: Request, body: SpeechBody, caller: Speaker, services: ServicesOf
) -> Response:
    """Speak a text in a voice."""
    order = body.order(caller, body.input)
    if body.store:
        if body.stream_format == "sse":
            raise RequestError("What is stored is not streamed; leave stream_format out.", "store")
        async with while_connected(request.receive):
            return await _stored(request, order, services)
    async with while_connected(request.receive):
        audio = await services.speech.open(order)
    if body.stream_format == "sse":
        return AudioResponse(audio, "text/event-stream", _events(audio))
    return AudioResponse(audio, order.form.media_type)


async def _stored(request: Request, order: SpeechOrder, services: Services) -> Response:
    await run_in_threadpool(services.stored.check_room, order.caller.id)
    with closing(await services.speech.open(order)) as audio:
        whole = b"".join([part async for part in audio])
    data = with_length(whole, sum(audio.chunk_seconds))
    kept = await run_in_threadpool(
        services.stored.keep, audio.id, order.caller.id, data, order.form.media_type
    )
    body = stored_audio_body(kept, request, services.settings.public_url)
    return JSONResponse(body.model_dump(), 201)


async def _events(audio: AudioStream) -> AsyncIterator[str]:
    try:
        async for data in audio:
            yield _event(type="speech.audio.delta", audio=base64.b64encode(data).decode())
    except Exception as error:  # the status has been sent; the last event tells of it
        problem = problem_of(error)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log_unexpected(error)
        yield _event(type="error", error=error_body(problem))
        return
    said, spoken = audio.phonemes, audio.semantic_tokens
    usage = {"input_tokens": said, "output_tokens": spoken, "total_tokens": said + spoken}
    yield _event(type="speech.audio.done", usage=usage)


def _event(**fields: object) -> str:
    return f"data: {json.dumps(fields, ensure_ascii=False)}\n\n"
