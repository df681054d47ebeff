"""A voice as the two stages take it: prompt codes and their phonemes, and a conditioning."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE as REFERENCE_RATE
from mynah.audio.spectrogram import linear_spectrogram
from mynah.encoders.speaker_embedding import SpeakerEmbedding
from mynah.runtime.device import Transferable
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.tokens import (
    ContentEncoder,
    TokenAssignment,
    TokenReader,
    nearest_tokens,
    semantic_tokens,
)
from mynah.voice.voice import Voice

LONGEST_PROMPT_SECONDS = 10.0
LONGEST_REFERENCE_SECONDS = 30.0
_SILENCE_SECONDS = 0.6  # as upstream: `int(32000 * 0.3)` zeros, at 16 kHz


class VoiceReader(TokenReader, Protocol):
    """The part of an acoustic model that reads voices."""

    def timbre(
        self, spectrograms: list[Tensor], speaker_vectors: list[Tensor] | None = None
    ) -> Tensor:
        """Timbre (1, channels, 1) of linear spectrograms (1, 1025, T) each.

        Args:
            spectrograms: one a recording.
            speaker_vectors: (1, width), one a recording, for models that take them.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A recording as it gives the timbre: at most its first 30 seconds.

    Attributes:
        recording: these seconds.
        spectrogram: linear, (1, 1025, frames).
        phones: ids of its words; empty if they are not known, or go on behind its end.
    """

    recording: Recording
    spectrogram: Tensor
    phones: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedVoice:
    """Recordings of a voice through the networks.

    Attributes:
        codes: semantic tokens of the prompt, (T,); empty without known words.
        sentences: the words of the prompt; empty when there are none.
        timbre: (1, channels, 1).
        references: all recordings.
    """

    codes: Tensor
    sentences: tuple[Sentence, ...]
    timbre: Tensor
    references: list[Reference]


@torch.inference_mode()
def read_voice(
    voice: Voice,
    content: ContentEncoder | None,
    reader: VoiceReader,
    symbols: SymbolTable,
    *,
    prompts: bool = True,
    assign: TokenAssignment = nearest_tokens,
    embed: SpeakerEmbedding | None = None,
) -> EncodedVoice:
    """Read a voice through a model.

    A recording without words, or too long to be a prompt, gives only its timbre.

    Args:
        voice: recordings and their words.
        content: content encoder; without one every recording gives only its timbre.
        reader: the acoustic model.
        symbols: phoneme ids of the model.
        prompts: false if the tokens of recordings are too inexact for prompts.
        assign: chooses tokens by their distances.
        embed: speaker encoder of a model that takes speaker vectors.

    Raises:
        TextError, LanguageError: the voice's words cannot be pronounced.
    """
    known = voice.texts if content else ()
    said = [_said(text, voice.language) for text in known]
    said += [()] * (len(voice.recordings) - len(said))
    phones = [symbols.encode_sentences(sentences) for sentences in said]
    references = [_reference(*each) for each in zip(voice.recordings, phones, strict=True)]
    vectors = [embed(each.recording)[None] for each in references] if embed else None
    timbre = reader.timbre([each.spectrogram for each in references], vectors)
    first = voice.recordings[0]
    if not (content and prompts and phones[0]) or first.seconds > LONGEST_PROMPT_SECONDS + 1:
        return EncodedVoice(torch.zeros(0, dtype=torch.long), (), timbre, references)
    codes = semantic_tokens(first, content, reader, phones[0], _SILENCE_SECONDS, assign)
    return EncodedVoice(codes, said[0], timbre, references)


def _said(text: str, language: str) -> tuple[Sentence, ...]:
    return tuple(analyse(text, language, split="cut0")) if text else ()


def _reference(recording: Recording, phones: list[int]) -> Reference:
    heard = recording.between(0.0, LONGEST_REFERENCE_SECONDS)
    samples = torch.from_numpy(heard.at(REFERENCE_RATE).samples)[None]
    whole = recording.seconds <= LONGEST_REFERENCE_SECONDS
    return Reference(heard, linear_spectrogram(samples), phones if whole else [])


@dataclass(frozen=True, slots=True, eq=False)
class PreparedVoice:
    """A voice that was read through the model, so that nothing about it is computed twice.

    Attributes:
        codes: (tokens,) semantic tokens of the prompt; empty without known words.
        phones: (phones,) ids of its words.
        bert: (1024, phones) their text features, or None for zeros.
        conditioning: of the acoustic model.
    """

    codes: Tensor
    phones: Tensor
    bert: Tensor | None
    conditioning: Transferable

    @property
    def size(self) -> int:
        """Bytes."""
        parts = (self.codes, self.phones, self.bert, self.conditioning)
        return sum(part.nbytes for part in parts if part is not None)
