"""Parameters of a request for speech, as JSON and forms have them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mynah.audio.encoding import AudioFormat
from mynah.options import RANGES, SpeechOptions
from mynah.server.access.keys import Caller
from mynah.server.errors import ModelNotFoundError
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.speech.service import SpeechRequest
from mynah.server.voices.resolver import ZERO_SHOT, VoiceSelection
from mynah.text.languages.registry import CODES
from mynah.text.splitting import METHODS


def option_field(name: str, description: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    """A field with the default and the range of an option; None is the model's own default."""
    low, high = RANGES[name]
    default = getattr(SpeechOptions(), name)
    if default is None:
        description += " The model's own if not given."
    return Field(default=default, ge=low, le=high, description=description)


ResponseFormat = Literal["mp3", "opus", "webm", "aac", "flac", "wav", "pcm"]
MODEL = "mynah"
ALIASES = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's models, for applications that can name no other."""
OPENAI_PCM_RATE = 24_000
"""The rate that OpenAI's clients take bare samples to have."""


def check_model(name: str) -> None:
    """Check that there is a model of a name.

    Raises:
        ModelNotFoundError: there is none.
    """
    if name not in (MODEL, *ALIASES):
        raise ModelNotFoundError(f"There is no model {name:.80}; use {MODEL}.")


class VoiceId(BaseModel):
    """A voice by its id alone."""

    model_config = ConfigDict(extra="forbid")
    id: PlainText


class SpeechParams(BaseModel):
    """Voice, options and audio format of a request for speech."""

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
    response_format: ResponseFormat = "mp3"
    """Kind of audio: `opus` is in Ogg, `webm` is Opus in WebM, as MediaSource takes it, and `pcm`
    bare 16-bit samples at 24 kHz. Streams of `wav`, `flac` and `webm` leave their length open in
    the header, as their specifications allow; stored files have it."""
    instructions: PlainText | None = None
    """Taken because OpenAI's clients send it; this model follows none."""
    speed: float = option_field("speed", "2 is twice as fast.")
    language: Annotated[str, Field(json_schema_extra={"enum": [*CODES]}), PLAIN] = "auto"
    """Language of the text; `GET /v1/languages` explains them."""
    split: Annotated[str, Field(json_schema_extra={"enum": [*METHODS]}), PLAIN] = "cut5"
    """The way to cut the text into sentences, as GPT-SoVITS names it."""
    seed: int = option_field("seed", "Equal seeds give equal sound.")
    top_k: int | None = option_field("top_k", "Number of likeliest tokens to choose among.")
    top_p: float | None = option_field("top_p", "Share of probability to choose among.")
    temperature: float | None = option_field("temperature", "Below 1 calmer, above 1 livelier.")
    repetition_penalty: float | None = option_field(
        "repetition_penalty", "How much said tokens lose."
    )
    pause: float = option_field("pause", "Seconds of silence between sentences.")
    whole_sentences: bool = False
    """True to decode each sentence at once: exactly as the model has it, and later than chunk by
    chunk. For sound that nobody hears before it is all there."""

    cache: bool | None = None
    """True if equal calls may get equal bytes without speaking anew; if a `seed` is given, unless
    told otherwise. `X-Cache` tells `hit` or `miss`."""

    def request(self, caller: Caller, text: str) -> SpeechRequest:
        """The request to the speech service.

        Raises:
            ModelNotFoundError: there is no such model.
            OptionError: an option is not one of its values.
        """
        check_model(self.model)
        name = self.voice if isinstance(self.voice, str) else self.voice.id
        voice = VoiceSelection(name, self.version, self.references)
        options = SpeechOptions(**{name: getattr(self, name) for name in SpeechOptions.__slots__})
        rate = OPENAI_PCM_RATE if self.response_format == "pcm" else None
        form = AudioFormat(self.response_format, rate)
        return SpeechRequest(caller, text, voice, options, form, self._cacheable(), self.user)

    def _cacheable(self) -> bool:
        return "seed" in self.model_fields_set if self.cache is None else self.cache


class SpeechBody(SpeechParams):
    """A text to be said, the voice, and the options.

    Other servers with OpenAI's call have fields of their own, and clients send them to every
    server. They are ignored; one that is nearly a name of ours is refused as misspelt.
    """

    model_config = ConfigDict(
        extra="allow",
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
