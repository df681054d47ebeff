"""Parameters of `api.py`, GPT-SoVITS's first API, whose calls may leave their reference out."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from mynah.options import SpeechOptions
from mynah.server.compat.gpt_sovits.calls import (
    RANDOM_SEED,
    DefaultReference,
    FilePath,
    FilePaths,
    SpeechCall,
    SpeechFields,
    Text,
    seed_of,
)
from mynah.server.compat.gpt_sovits.languages import Language
from mynah.server.compat.gpt_sovits.references import Reference
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.speech.params import option_field
from mynah.text.frontend import MAX_CHARACTERS
from mynah.text.splitting import break_lines

_CUT_AT = frozenset(",.;?!、，。？！；：…")
"""Marks that a text may be cut at; `api.py` passes over others in `cut_punc`."""


def _absent(value: object) -> object:
    return None if value == "" else value


Words = Annotated[str, Field(min_length=1, max_length=2000)]
_ABSENT = BeforeValidator(_absent)


class FirstApiSpeech(SpeechFields):
    """Parameters of `api.py`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "先帝创业未半而中道崩殂，今天下三分。",
                    "text_language": "中文",
                    "refer_wav_path": "teacher.wav",
                    "prompt_text": "床前明月光，疑是地上霜。",
                    "prompt_language": "中文",
                    "cut_punc": "，。",
                }
            ]
        },
    )
    marks: ClassVar = frozenset({"text_language"})
    lists: ClassVar = frozenset({"inp_refs"})

    text: Text
    """The text. Each of its lines is spoken by itself."""
    text_language: Language
    """Language of the text."""
    refer_wav_path: Annotated[Annotated[FilePath, PLAIN] | None, _ABSENT] = None
    """A recording in the server's folder of references. The key's default reference speaks where
    this, its words or their language are missing."""
    prompt_text: Annotated[Words | None, _ABSENT] = None
    """The recording's words."""
    prompt_language: Annotated[Language | None, _ABSENT] = None
    """Language of the recording's words."""
    cut_punc: PlainText | None = None
    """Marks to cut the text at, such as `，。`."""
    top_k: int | None = option_field("top_k", "Number of likeliest tokens to sample from.")
    top_p: float | None = option_field("top_p", "Share of probability to sample from.")
    temperature: float | None = option_field("temperature", "Below 1 calmer, above 1 livelier.")
    speed: float = option_field("speed", "2 is twice as fast.")
    inp_refs: FilePaths = None
    """Further recordings of the same person, for the timbre."""
    sample_steps: int | None = 32
    """Without effect, as is the parameter below."""
    if_sr: bool | None = False

    def call(self) -> SpeechCall:
        options = SpeechOptions(
            language=self.text_language,
            split="lines",
            speed=self.speed,
            seed=seed_of(RANDOM_SEED),
            top_k=self.top_k,
            top_p=self.top_p,
            temperature=self.temperature,
        )
        return SpeechCall(
            text=self._cut(),
            voice=self._reference(),
            options=options,
            format="wav",
            streamed=False,
            seeded=False,
        )

    def ineffective(self) -> Sequence[str]:
        """See `SpeechFields`: parts of a reference without the rest."""
        parts = ("refer_wav_path", "prompt_text", "prompt_language")
        given = [name for name in parts if getattr(self, name) is not None]
        return given if len(given) < len(parts) else ()

    def _cut(self) -> str:
        marks = _CUT_AT.intersection(self.cut_punc or "")
        # A text that is too long is refused as it is.
        return break_lines(self.text, marks) if len(self.text) <= MAX_CHARACTERS else self.text

    def _reference(self) -> Reference | DefaultReference:
        others = self.inp_refs or []
        path, words, language = self.refer_wav_path, self.prompt_text, self.prompt_language
        if path is None or words is None or language is None:
            return DefaultReference(others)
        return Reference([path, *others], words, language)
