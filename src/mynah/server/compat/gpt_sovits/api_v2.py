"""Parameters of `api_v2.py`: the voice is a recording that each call names."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from mynah.options import SpeechOptions
from mynah.server.compat.gpt_sovits.calls import (
    RANDOM_SEED,
    FilePath,
    FilePaths,
    Seed,
    SpeechCall,
    SpeechFields,
    Text,
    seed_of,
)
from mynah.server.compat.gpt_sovits.languages import Language
from mynah.server.compat.gpt_sovits.references import Reference
from mynah.server.plain_text import PlainText
from mynah.server.speech.params import option_field


def _mode(value: object) -> object:
    """Convert `true` and `false` in any spelling to the modes 1 and 0."""
    return {"true": 1, "false": 0}.get(str(value).lower(), value)


class ApiV2Speech(SpeechFields):
    """Parameters of `api_v2`.

    Those without effect tune how GPT-SoVITS batches its work and cuts a stream, which the
    engine here does for all callers together.
    """

    model_config = ConfigDict(
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
    marks: ClassVar = frozenset({"ref_audio_path"})
    lists: ClassVar = frozenset({"aux_ref_audio_paths"})

    text: Text
    """The text."""
    text_lang: Language
    """Language of the text."""
    ref_audio_path: FilePath
    """A recording in the server's folder of references."""
    prompt_lang: Language
    """Language of the recording's words."""
    prompt_text: Annotated[str, Field(max_length=2000)] | None = ""
    """The recording's words. Without them only its timbre is taken."""
    aux_ref_audio_paths: FilePaths = None
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
    seed: Seed = RANDOM_SEED
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

    def call(self) -> SpeechCall:
        options = SpeechOptions(
            language=self.text_lang,
            split=self.text_split_method,
            speed=self.speed_factor,
            seed=seed_of(self.seed),
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
            repetition_penalty=self.repetition_penalty,
            pause=self.fragment_interval,
        )
        paths = [self.ref_audio_path, *(self.aux_ref_audio_paths or [])]
        return SpeechCall(
            text=self.text,
            voice=Reference(paths, self.prompt_text or "", self.prompt_lang),
            options=options,
            format=self.media_type,
            streamed=self.streaming_mode > 0,
            seeded=self.seed != RANDOM_SEED,
        )
