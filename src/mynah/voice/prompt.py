"""A voice as the two stages take it: prompt codes and their phonemes, and a timbre."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.recording import Recording
from mynah.voice.spectrogram import SAMPLE_RATE as REFERENCE_RATE
from mynah.voice.spectrogram import linear_spectrogram
from mynah.voice.timbre import Timbre
from mynah.voice.tokens import ContentFeatures, TokenReader, read_tokens
from mynah.voice.voice import Voice

LONGEST_PROMPT_SECONDS = 10.0
LONGEST_REFERENCE_SECONDS = 30.0
_SILENCE_SECONDS = 0.3


class VoiceReader(TokenReader, Protocol):
    """The part of an acoustic model that reads voices."""

    def timbre(self, spectrograms: list[Tensor]) -> Timbre:
        """Timbre of linear spectrograms (1, 1025, T) each."""
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
    voice: Voice, content: ContentFeatures | None, reader: VoiceReader, symbols: SymbolTable
) -> VoicePrompt:
    """Reads a voice through a model.

    A recording without words, or too long to be a prompt, gives only its timbre, and so
    does every recording where the model has no content encoder that prompts can be read with.

    Raises:
        TextError, LanguageError: the voice's words cannot be pronounced.
    """
    timbre = reader.timbre([_reference(recording) for recording in voice.recordings])
    first = voice.recordings[0]
    too_long = first.seconds > LONGEST_PROMPT_SECONDS + 1
    if content is None or not content.prompts or voice.text is None or too_long:
        return VoicePrompt(torch.zeros(0, dtype=torch.long), (), timbre)
    sentences = tuple(analyse(voice.text, voice.language, split="cut0"))
    phones = symbols.encode_sentences(sentences)
    codes = read_tokens(first, content, reader, phones, _SILENCE_SECONDS)
    return VoicePrompt(codes, sentences, timbre)


def _reference(recording: Recording) -> Tensor:
    part = recording.between(0.0, LONGEST_REFERENCE_SECONDS).at(REFERENCE_RATE)
    return linear_spectrogram(torch.from_numpy(part.samples)[None])
