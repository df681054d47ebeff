"""A voice as the two stages take it: prompt codes and their phonemes, and a timbre."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from mynah.acoustic.exemplars import Comparison, Exemplars
from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE as REFERENCE_RATE
from mynah.audio.spectrogram import linear_spectrogram
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.timbre import Timbre
from mynah.voice.tokens import (
    WORDLESS,
    ContentEncoder,
    TokenAssignment,
    TokenReader,
    nearest_tokens,
    semantic_tokens,
)
from mynah.voice.voice import Voice

LONGEST_PROMPT_SECONDS = 10.0
LONGEST_REFERENCE_SECONDS = 30.0
_SILENCE_SECONDS = 0.3


class VoiceReader(TokenReader, Protocol):
    """The part of an acoustic model that reads voices."""

    def timbre(self, spectrograms: list[Tensor]) -> Timbre:
        """Timbre of linear spectrograms (1, 1025, T) each."""
        ...

    def compare(
        self, codes: Tensor, phones: Tensor, timbre: Timbre, spectrogram: Tensor
    ) -> Comparison:
        """What tokens (1, N) and phonemes (1, P) of a spectrogram (1, 1025, T) tell beside."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class VoicePrompt:
    """What a model knows of a voice.

    Attributes:
        codes: semantic tokens of the prompt, (T,); empty without known words.
        sentences: the words of the prompt; empty when there are none.
        timbre: of one row.
    """

    codes: Tensor
    sentences: tuple[Sentence, ...]
    timbre: Timbre


@torch.inference_mode()
def read_voice(
    voice: Voice,
    content: ContentEncoder | None,
    reader: VoiceReader,
    symbols: SymbolTable,
    *,
    prompts: bool = True,
    assign: TokenAssignment = nearest_tokens,
) -> VoicePrompt:
    """Reads a voice through a model.

    A recording without words, or too long to be a prompt, gives only its timbre, and so
    does every recording where the model has no content encoder that prompts can be read with.
    Where a model colours, its timbre has exemplars of all recordings; they are truer of words
    that are known.

    Raises:
        TextError, LanguageError: the voice's words cannot be pronounced.
    """
    references = [each.between(0.0, LONGEST_REFERENCE_SECONDS) for each in voice.recordings]
    spectrograms = [_spectrogram(each) for each in references]
    timbre, no_codes = reader.timbre(spectrograms), torch.zeros(0, dtype=torch.long)
    if content is None:
        return VoicePrompt(no_codes, (), timbre)
    said = [_said(text, voice.language) for text in voice.texts]
    said += [()] * (len(references) - len(said))
    phones = [symbols.encode_sentences(sentences) for sentences in said]
    seconds = [recording.seconds for recording in voice.recordings]
    if timbre.colour is not None:
        words = [
            known if length <= LONGEST_REFERENCE_SECONDS else []
            for known, length in zip(phones, seconds, strict=True)
        ]
        told = [
            _compared(*each, timbre, content, reader, assign)
            for each in zip(references, spectrograms, words, strict=True)
        ]
        timbre = replace(timbre, exemplars=[Exemplars.of(told)])
    if not prompts or not phones[0] or seconds[0] > LONGEST_PROMPT_SECONDS + 1:
        return VoicePrompt(no_codes, (), timbre)
    first = voice.recordings[0]
    codes = semantic_tokens(first, content, reader, phones[0], _SILENCE_SECONDS, assign)
    return VoicePrompt(codes, said[0], timbre)


def _said(text: str, language: str) -> tuple[Sentence, ...]:
    return tuple(analyse(text, language, split="cut0")) if text else ()


def _spectrogram(reference: Recording) -> Tensor:
    return linear_spectrogram(torch.from_numpy(reference.at(REFERENCE_RATE).samples)[None])


def _compared(
    reference: Recording,
    spectrogram: Tensor,
    phones: Sequence[int],
    timbre: Timbre,
    content: ContentEncoder,
    reader: VoiceReader,
    assign: TokenAssignment,
) -> Comparison:
    codes = semantic_tokens(reference, content, reader, phones, 0.0, assign)
    said = torch.tensor([phones or [WORDLESS]])
    return reader.compare(codes[None], said, timbre, spectrogram)


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A voice that was read through the model, so that nothing about it is computed twice.

    Attributes:
        codes: (tokens,) semantic tokens of the prompt; empty without known words.
        phones: (phones,) ids of its words.
        bert: (1024, phones) their text features, or None for zeros.
        timbre: of one row.
    """

    codes: Tensor
    phones: Tensor
    bert: Tensor | None
    timbre: Timbre

    @property
    def size(self) -> int:
        """Bytes."""
        parts = (self.codes, self.phones, self.bert, self.timbre)
        return sum(part.nbytes for part in parts if part is not None)
