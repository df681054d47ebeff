"""Calls for speech, whichever of GPT-SoVITS's APIs they come by."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mynah.audio.encoding import AudioFormat
from mynah.options import RANGES, SpeechOptions
from mynah.server.compat.gpt_sovits.references import Reference
from mynah.server.voices.resolver import VoiceSelection

RANDOM_SEED = -1
"""The seed that asks for a random one."""
FORMATS = {
    "wav": AudioFormat("wav"),
    "raw": AudioFormat("pcm"),
    # Opus where GPT-SoVITS has Vorbis: players of the one take the other, and its stream starts
    # sooner.
    "ogg": AudioFormat("opus"),
    "aac": AudioFormat("aac", bit_rate=192_000),
    "mp3": AudioFormat("mp3", bit_rate=128_000),
    "flac": AudioFormat("flac"),
}
"""Audio formats by the names in calls; the media type is `audio/<name>`."""


@dataclass(frozen=True, slots=True)
class DefaultReference:
    """The default reference of whoever calls.

    Attributes:
        others: further recordings of the same person.
    """

    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class SpeechCall:
    """A call for speech.

    Attributes:
        text: to be spoken.
        voice: recordings, or a voice of the server.
        options: of speech.
        format: one of `FORMATS`.
        streamed: True to send each part as soon as it is ready.
        seeded: True if equal calls give equal audio.
    """

    text: str
    voice: Reference | DefaultReference | VoiceSelection
    options: SpeechOptions
    format: str
    streamed: bool
    seeded: bool


class SpeechFields(BaseModel):
    """Base of the parameters of one API; fields that it does not have are ignored."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    marks: ClassVar[frozenset[str]]
    """Fields by which a call is known to be of this API."""
    lists: ClassVar[frozenset[str]] = frozenset()
    """Fields that a query repeats."""

    def call(self) -> SpeechCall:
        """Convert to a call."""
        raise NotImplementedError

    def ineffective(self) -> Sequence[str]:
        """Names of given fields that this call makes no use of."""
        return ()


def seed_of(given: int) -> int:
    """The seed to speak with."""
    return secrets.randbits(63) if given == RANDOM_SEED else given


def _listed(value: object) -> object:
    """Convert what clients send for a list: a single path, and paths left empty."""
    paths = [value] if isinstance(value, str) else value
    return [path for path in paths if path != ""] if isinstance(paths, list) else paths


Text = Annotated[str, Field(min_length=1)]
FilePath = Annotated[str, Field(min_length=1, max_length=1000)]
FilePaths = Annotated[
    Annotated[list[FilePath], Field(max_length=10)] | None, BeforeValidator(_listed)
]
Seed = Annotated[int, Field(ge=RANDOM_SEED, le=RANGES["seed"][1])]
