"""A voice as the two stages take it: prompt codes and their phonemes, and a timbre."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.voice.recording import Recording
from mynah.voice.spectrogram import SAMPLE_RATE as REFERENCE_RATE
from mynah.voice.spectrogram import linear_spectrogram
from mynah.voice.voice import Voice

CONTENT_RATE = 16_000
LONGEST_PROMPT_SECONDS = 10.0
LONGEST_REFERENCE_SECONDS = 30.0
_SILENCE_SECONDS = 0.3
_TOKEN_SAMPLES = 640


class ContentFeatures(Protocol):
    """A content encoder."""

    def __call__(self, samples: Tensor) -> Tensor:
        """Features (1, T, 768) at 50 Hz of a waveform (1, S) at 16 kHz."""
        ...


class VoiceReader(Protocol):
    """The part of an acoustic model that reads voices."""

    def tokens(self, ssl: Tensor) -> Tensor:
        """Semantic tokens (1, T / 2) of content features (1, 768, T)."""
        ...

    def timbre(self, spectrograms: list[Tensor]) -> Tensor:
        """Timbre (1, channels, 1) of linear spectrograms (1, 1025, T) each."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class VoicePrompt:
    """What a model knows of a voice.

    Attributes:
        codes: semantic tokens of the prompt, (T,); empty without known words.
        sentences: the words of the prompt; empty when there are none.
        timbre: (1, channels, 1).
    """

    codes: Tensor
    sentences: tuple[Sentence, ...]
    timbre: Tensor


@torch.inference_mode()
def read_voice(voice: Voice, content: ContentFeatures | None, reader: VoiceReader) -> VoicePrompt:
    """Reads a voice through a model.

    A recording without words, or too long to be a prompt, gives only its timbre, and so
    does every recording where the model has no content encoder.

    Raises:
        TextError, LanguageError: the voice's words cannot be pronounced.
    """
    timbre = reader.timbre([_reference(recording) for recording in voice.recordings])
    first = voice.recordings[0]
    too_long = first.seconds > LONGEST_PROMPT_SECONDS + 1
    if content is None or voice.text is None or too_long:
        return VoicePrompt(torch.zeros(0, dtype=torch.long), (), timbre)
    sentences = tuple(analyse(voice.text, voice.language, split="cut0"))
    return VoicePrompt(_codes(first, content, reader), sentences, timbre)


def _codes(recording: Recording, content: ContentFeatures, reader: VoiceReader) -> Tensor:
    samples = torch.from_numpy(recording.at(CONTENT_RATE).samples)
    silence = torch.zeros(int(_SILENCE_SECONDS * CONTENT_RATE))
    padded = torch.cat([samples, silence])
    whole = padded[: len(padded) // _TOKEN_SAMPLES * _TOKEN_SAMPLES]
    return reader.tokens(content(whole[None]).transpose(1, 2))[0]


def _reference(recording: Recording) -> Tensor:
    part = recording.between(0.0, LONGEST_REFERENCE_SECONDS).at(REFERENCE_RATE)
    return linear_spectrogram(torch.from_numpy(part.samples)[None])
