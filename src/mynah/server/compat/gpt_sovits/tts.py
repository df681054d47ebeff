"""`GET` and `POST /tts`, and `/set_refer_audio`."""

import secrets
from contextlib import closing
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mynah.audio.encoding import AudioFormat, with_length
from mynah.errors import LanguageError
from mynah.options import RANGES, SpeechOptions
from mynah.server.access.keys import Caller
from mynah.server.app import Services
from mynah.server.compat.gpt_sovits.auth import SpeakCaller
from mynah.server.compat.gpt_sovits.references import Reference, ReferenceReader, reader_of
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.streaming import AudioResponse, cancel_on_disconnect
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.params import option_field
from mynah.server.speech.service import SpeechRequest
from mynah.text.languages.registry import language_code

_FORMATS = {
    "wav": AudioFormat("wav"),
    "raw": AudioFormat("pcm"),
    # Opus where api_v2 has Vorbis: players of the one take the other, and its stream starts sooner.
    "ogg": AudioFormat("opus"),
    "aac": AudioFormat("aac", bit_rate=192_000),
}

RANDOM_SEED = -1
"""The seed that asks for a random one."""

router = admitting_router(tags=["speech"])


def _mode(value: object) -> object:
    """Convert `true` and `false` in any spelling to the modes 1 and 0."""
    return {"true": 1, "false": 0}.get(str(value).lower(), value)


def _language(value: str) -> str:
    try:
        language_code(value.lower())
    except LanguageError as error:
        raise ValueError(error) from None  # so that the answer names the parameter
    return value.lower()


Required = Annotated[str, Field(min_length=1)]
FilePath = Annotated[str, Field(min_length=1, max_length=1000)]
Language = Annotated[str, PLAIN, AfterValidator(_language)]


class Speech(BaseModel):
    """Parameters of `api_v2`.

    Those without effect tune how GPT-SoVITS batches its work and cuts a stream, which the
    engine here does for all callers together.
    """

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "先帝创业未半而中道崩殂。",
                    "text_lang": "zh",
                    "ref_audio_path": "teacher.wav",
                    "prompt_text": "床前明月光，疑是地上霜。",
                    "prompt_lang": "zh",
                }
            ]
        },
    )

    text: Required
    """The text."""
    text_lang: Language
    """Language of the text."""
    ref_audio_path: FilePath
    """A recording in the server's folder of references."""
    prompt_lang: Language
    """Language of the recording's words."""
    prompt_text: Annotated[str, Field(max_length=2000)] | None = ""
    """The recording's words. Without them only its timbre is taken."""
    aux_ref_audio_paths: Annotated[list[FilePath], Field(max_length=10)] | None = None
    """Further recordings of the same person, for the timbre."""
    top_k: int | None = option_field("top_k", "Number of likeliest tokens to sample from.")
    top_p: float | None = option_field("top_p", "Share of probability to sample from.")
    temperature: float | None = option_field("temperature", "Below 1 calmer, above 1 livelier.")
    repetition_penalty: float | None = option_field(
        "repetition_penalty", "Penalty of tokens already generated."
    )
    text_split_method: PlainText = "cut5"
    """Method of splitting the text, `cut0` to `cut5`."""
    speed_factor: float = option_field("speed", "2 is twice as fast.")
    fragment_interval: float = option_field("pause", "Seconds of silence between sentences.")
    seed: int = Field(default=RANDOM_SEED, ge=RANDOM_SEED, le=RANGES["seed"][1])
    """Equal seeds give equal audio; -1 is a random one."""
    media_type: Literal["wav", "raw", "ogg", "aac"] = "wav"
    """Kind of audio; `raw` is bare 16-bit samples at the model's rate."""
    streaming_mode: Annotated[int, BeforeValidator(_mode), Field(ge=0, le=3)] = 0
    """0 sends the whole audio when it is ready; 1, 2 and 3 each sentence as soon as it is."""
    batch_size: int = Field(default=1, ge=1)
    """Without effect, as are all parameters below."""
    batch_threshold: float = 0.75
    split_bucket: bool = True
    parallel_infer: bool = True
    sample_steps: int = 32
    super_sampling: bool = False
    overlap_length: int = 2
    min_chunk_length: int = 16

    def options(self) -> SpeechOptions:
        """Convert to Mynah's options."""
        return SpeechOptions(
            language=self.text_lang,
            split=self.text_split_method,
            speed=self.speed_factor,
            seed=secrets.randbits(63) if self.seed == RANDOM_SEED else self.seed,
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
            repetition_penalty=self.repetition_penalty,
            pause=self.fragment_interval,
        )

    def reference(self) -> Reference:
        """The reference recordings."""
        paths = [self.ref_audio_path, *(self.aux_ref_audio_paths or [])]
        return Reference(paths, self.prompt_text or "", self.prompt_lang)


class Done(BaseModel):
    """Confirmation of a call."""

    message: str = "success"


@router.get("/tts", response_class=Response)
async def get_tts(
    request: Request, speech: Annotated[Speech, Query()], caller: SpeakCaller, services: ServicesOf
) -> Response:
    """Speak a text in the voice of a recording."""
    return await _speak(request, speech, caller, services)


# SillyTavern posts to the root.
@router.post("/tts", response_class=Response)
@router.post("/", response_class=Response)
async def post_tts(
    request: Request, speech: Speech, caller: SpeakCaller, services: ServicesOf
) -> Response:
    """Speak a text in the voice of a recording."""
    return await _speak(request, speech, caller, services)


@router.get("/set_refer_audio")
def set_refer_audio(request: Request, refer_audio_path: FilePath, _: SpeakCaller) -> Done:
    """Check that a recording can be a reference.

    There is nothing to set: every `/tts` names its own, so that no caller gets another's voice.
    """
    reader_of(request).read(Reference([refer_audio_path], "", "auto"))
    return Done()


async def _speak(request: Request, speech: Speech, caller: Caller, services: Services) -> Response:
    media_type, reader = f"audio/{speech.media_type}", reader_of(request)
    if speech.streaming_mode:
        async with cancel_on_disconnect(request.receive):
            audio = await _open(speech, caller, services, reader)
        return AudioResponse(audio, media_type)
    async with cancel_on_disconnect(request.receive):
        whole = await _whole(speech, caller, services, reader)
    return Response(whole, media_type=media_type)


async def _open(
    speech: Speech, caller: Caller, services: Services, reader: ReferenceReader
) -> AudioStream:
    voice = await run_in_threadpool(reader.read, speech.reference())
    form, options = _FORMATS[speech.media_type], speech.options()
    seeded = speech.seed != RANDOM_SEED
    return await services.speech.open(
        SpeechRequest(caller, speech.text, voice, options, form, cacheable=seeded)
    )


async def _whole(
    speech: Speech, caller: Caller, services: Services, reader: ReferenceReader
) -> bytes:
    with closing(await _open(speech, caller, services, reader)) as audio:
        whole = b"".join([part async for part in audio])
    return with_length(whole, sum(audio.chunk_seconds))
