"""`POST /v1/audio/speech`: OpenAI's call, with GPT-SoVITS's own options beside it."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from mynah.errors import ModelNotFoundError, MynahError
from mynah.options import RANGES, SpeechOptions
from mynah.service.auth import Speaker
from mynah.service.containers import AudioFormat
from mynah.service.departure import AudioResponse, while_connected
from mynah.service.errors import problem_of
from mynah.service.routers.catalogue import ALIASES, MODEL
from mynah.service.services import ServicesOf
from mynah.service.speech import AudioStream, SpeechOrder
from mynah.text.language import CODES
from mynah.text.splitting import METHODS

OPENAI_PCM_RATE = 24_000
"""What OpenAI's clients take bare samples to be."""

router = APIRouter(tags=["speech"])


def _option(name: str, description: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    low, high = RANGES[name]
    default = getattr(SpeechOptions(), name)
    return Field(default=default, ge=low, le=high, description=description)


class VoiceId(BaseModel):
    """A voice by its id alone."""

    model_config = ConfigDict(extra="forbid")
    id: str


class SpeechBody(BaseModel):
    """What is to be said, by whom and how."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
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
    voice: str | VoiceId
    """Name or id of a voice."""
    model: str = MODEL
    """A model that `GET /v1/models` lists."""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    """Kind of audio; `pcm` is bare 16-bit samples at 24 kHz."""
    stream_format: Literal["audio", "sse"] = "audio"
    """Bytes as they are, or events with the bytes in base64."""
    instructions: str | None = None
    """Taken because OpenAI's clients send it; this model follows none."""
    speed: float = _option("speed", "2 is twice as fast.")
    language: Annotated[str, Field(json_schema_extra={"enum": [*CODES]})] = "auto"
    """Language of the text; `GET /v1/languages` explains them."""
    split: Annotated[str, Field(json_schema_extra={"enum": [*METHODS]})] = "cut5"
    """Where the text is cut into sentences, as GPT-SoVITS names it."""
    seed: int = _option("seed", "Equal seeds give equal sound.")
    top_k: int = _option("top_k", "Number of likeliest tokens to choose among.")
    top_p: float = _option("top_p", "Share of probability to choose among.")
    temperature: float = _option("temperature", "Below 1 calmer, above 1 livelier.")
    repetition_penalty: float = _option("repetition_penalty", "How much said tokens lose.")
    pause: float = _option("pause", "Seconds of silence between sentences.")

    def options(self) -> SpeechOptions:
        """The part that every door has under the same names."""
        return SpeechOptions(**{name: getattr(self, name) for name in SpeechOptions.__slots__})

    def form(self) -> AudioFormat:
        """How the sound is written."""
        rate = OPENAI_PCM_RATE if self.response_format == "pcm" else None
        return AudioFormat(self.response_format, rate)


@router.post(
    "/audio/speech",
    response_class=Response,
    responses={200: {"description": "Audio as it is ready.", "content": {"audio/*": {}}}},
)
async def create_speech(
    request: Request, body: SpeechBody, caller: Speaker, services: ServicesOf
) -> Response:
    """Speak a text in a voice."""
    if body.model not in (MODEL, *ALIASES):
        raise ModelNotFoundError(f"There is no model {body.model:.80}; use {MODEL}.")
    voice = body.voice if isinstance(body.voice, str) else body.voice.id
    order = SpeechOrder(caller, body.input, voice, body.options(), body.form())
    audio = await while_connected(request.receive, services.speech.open(order))
    if body.stream_format == "sse":
        return AudioResponse(audio, "text/event-stream", _events(audio))
    return AudioResponse(audio, order.form.media_type)


async def _events(audio: AudioStream) -> AsyncIterator[str]:
    try:
        async for data in audio:
            yield _event(type="speech.audio.delta", audio=base64.b64encode(data).decode())
    except MynahError as error:
        problem = problem_of(error)
        yield _event(
            type="error",
            error={"type": problem.type, "code": problem.code, "message": problem.message},
        )
        return
    said, spoken = audio.phonemes, audio.semantic_tokens
    usage = {"input_tokens": said, "output_tokens": spoken, "total_tokens": said + spoken}
    yield _event(type="speech.audio.done", usage=usage)


def _event(**fields: object) -> str:
    return f"data: {json.dumps(fields, ensure_ascii=False)}\n\n"
