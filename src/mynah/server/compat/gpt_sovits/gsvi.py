"""Parameters of GSVI (GPT-SoVITS-Inference), whose characters are the server's voices.

Its `params_config.json` has the other names that it takes for each parameter.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AliasChoices, ConfigDict, Field

from mynah.options import SpeechOptions
from mynah.server.compat.gpt_sovits.auth import SpeakCaller
from mynah.server.compat.gpt_sovits.calls import (
    RANDOM_SEED,
    Seed,
    SpeechCall,
    SpeechFields,
    Text,
    seed_of,
)
from mynah.server.compat.gpt_sovits.languages import Language
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.speech.params import option_field
from mynah.server.voices.resolver import VoiceSelection

EMOTION = "default"
"""The one emotion of each voice."""
_CHARACTER = ("character", "cha_name", "model_name", "cha", "spk", "speaker", "name", "role")
_AUTOMATIC = "auto_cut"
"""Prefix of GSVI's own methods of cutting."""

router = admitting_router(tags=["GSVI"])


def _named(*names: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    return Field(validation_alias=AliasChoices(*names))


def _method(name: str) -> str:
    return "cut5" if name.startswith(_AUTOMATIC) else name


class GsviSpeech(SpeechFields):
    """Parameters of GSVI's `/tts`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"character": "mandarin", "text": "你好，世界。", "text_language": "多语种混合"}
            ]
        },
    )
    marks: ClassVar = frozenset(_CHARACTER)

    character: Annotated[str, Field(min_length=1), PLAIN, _named(*_CHARACTER)]
    """Name or id of a voice."""
    emotion: Annotated[PlainText | None, _named("emotion", "character_emotion", "style")] = EMOTION
    """Without effect: a voice has one manner of speaking."""
    text: Annotated[Text, _named("text", "txt", "tex", "t")]
    """The text."""
    text_language: Annotated[
        Language,
        _named("text_language", "lang", "language", "lan", "text_lang", "xml:lang"),
    ] = "auto"
    """Language of the text."""
    speed: Annotated[float, _named("speed", "speed_factor", "spd", "rate")] = option_field(
        "speed", "2 is twice as fast."
    )
    top_k: Annotated[int | None, _named("top_k", "topk")] = option_field(
        "top_k", "Number of likeliest tokens to sample from."
    )
    top_p: Annotated[float | None, _named("top_p", "topp")] = option_field(
        "top_p", "Share of probability to sample from."
    )
    temperature: float | None = option_field("temperature", "Below 1 calmer, above 1 livelier.")
    seed: Seed = RANDOM_SEED
    """Equal seeds give equal audio; -1 is a random one."""
    stream: Annotated[bool, _named("stream", "streaming")] = False
    """Send each sentence as soon as it is ready."""
    format: Literal["wav", "mp3", "ogg", "aac", "flac", "raw"] = "wav"
    """Kind of audio; `raw` is bare 16-bit samples at the model's rate."""
    cut_method: Annotated[PlainText, AfterValidator(_method), _named("cut_method", "cut")] = "cut5"
    """Method of splitting the text, `cut0` to `cut5`; GSVI's own ones are `cut5` here."""
    task_type: Annotated[
        Literal["text", "tts"], _named("task_type", "task", "type", "textType")
    ] = "text"
    """Text only; SSML is not spoken."""
    batch_size: Annotated[int, Field(ge=1), _named("batch_size", "batch")] = 10
    """Without effect, as is the parameter below."""
    save_temp: Annotated[bool, _named("save_temp", "save")] = False

    def call(self) -> SpeechCall:
        options = SpeechOptions(
            language=self.text_language,
            split=self.cut_method,
            speed=self.speed,
            seed=seed_of(self.seed),
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
        )
        return SpeechCall(
            text=self.text,
            voice=VoiceSelection(self.character),
            options=options,
            format=self.format,
            streamed=self.stream,
            seeded=self.seed != RANDOM_SEED,
        )

    def ineffective(self) -> Sequence[str]:
        """See `SpeechFields`: an emotion that the voice does not have, as in GSVI."""
        return () if self.emotion in (None, "", EMOTION) else ("emotion",)


@router.get("/character_list")
def list_characters(caller: SpeakCaller, services: ServicesOf) -> dict[str, list[str]]:
    """List the voices by name, each with its emotions."""
    return {voice.name: [EMOTION] for voice in services.stores.voices.all(caller)}
