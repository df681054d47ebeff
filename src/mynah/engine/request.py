"""Requests for speech and the chunks that answer them: plain values that can cross processes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class RecordingRef:
    """A recording of a voice: the key of its file, or the file itself.

    Attributes:
        key: of the file in the blob store; empty if `data` is given.
        data: an audio file.
        text: words of the recording; empty if they are not known.
    """

    key: str = ""
    data: bytes = field(default=b"", repr=False)
    text: str = ""


@dataclass(frozen=True, slots=True)
class VoiceRef:
    """One version of a voice, by name; a `VoiceSource` reads its files.

    Attributes:
        key: identifies the voice, its version and its references; what it names never changes.
        recordings: of the voice; the first one prompts the semantic stage.
        references: recordings of other voices, which join in the timbre.
        language: of the words of the recordings.
        weights: key of the weights that were trained for it; None for the model's own.
        name: of the voice, for error messages.
        version: its number, for error messages.
    """

    key: str
    recordings: tuple[RecordingRef, ...] = ()
    references: tuple[RecordingRef, ...] = ()
    language: str = "auto"
    weights: str | None = None
    name: str = ""
    version: str = "1"


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """A text to be spoken, by whom and for whom.

    Attributes:
        owner: owners are served in turn, whatever the number of their requests.
        sentences: at least one.
        voice: that speaks.
        options: language, speed and the rest.
    """

    owner: str
    sentences: tuple[Sentence, ...]
    voice: VoiceRef
    options: SpeechOptions


@dataclass(frozen=True, slots=True, eq=False)
class VoiceEmbedding:
    """A speaker embedding of a voice; that of the same person's other voices has a like direction.

    Attributes:
        encoder: name of the network.
        values: (width,).
    """

    encoder: str
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordTime:
    """When a word is said: seconds from the start of its sentence's speech."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """A part of the speech of one request.

    Attributes:
        samples: mono, between -1 and 1, (samples,).
        sample_rate: samples per second.
        text: the sentence that begins with this chunk; empty in its later chunks.
        ends_sentence: true for the last chunk of a sentence.
        last: true for the last chunk of the request.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    text: str
    ends_sentence: bool
    last: bool

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate
