"""What the engine needs of a model."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mynah.acoustic.decode_stream import DecodeStream
from mynah.options import SpeechOptions
from mynah.semantic.batch import Batch
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import Prompt
from mynah.voice.voice import Voice


class SpeechModel(Protocol):
    """What speaks; `mynah.engine.models.Models` does. Each stage calls it from its own thread.

    Trained versions of it are models, too. The engine tells by `gpt` and `sovits` which models
    have a network in common, so that it can work for several of them at once.
    """

    @property
    def gpt(self) -> Hashable:
        """What draws tokens; sentences of the same one share a batch."""

    @property
    def sovits(self) -> Hashable:
        """What decodes; chunks of the same one may be decoded together."""

    @property
    def size(self) -> int:
        """Bytes that a trained version takes beside the model that it was trained from."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything it speaks."""

    @property
    def warnings(self) -> Sequence[str]:
        """What its speech lacks because a part of it is missing, a line in ASCII each."""

    @property
    def rows(self) -> int:
        """Sentences whose tokens are best drawn at a time."""

    @property
    def step_threads(self) -> int | None:
        """Threads that tokens are drawn fastest with; as many as there are if None."""

    @property
    def together(self) -> int:
        """Pieces that are best decoded together."""

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """The options, with this model's own where none were chosen."""

    def read(self, voice: Voice) -> Prompt:
        """The voice as this model takes it."""

    def prepare(
        self, sentence: Sentence, prompt: Prompt, options: SpeechOptions, seed: int, *, first: bool
    ) -> tuple[SemanticRequest, DecodeStream]:
        """A sentence as the semantic and the acoustic stage take it.

        Args:
            sentence: what is said.
            prompt: the voice.
            options: of the request.
            seed: of the sentence.
            first: true for the first sentence of a request, whose sound is waited for.
        """

    def trained(self, folder: Path) -> Self:
        """The version of it whose files are in a folder.

        Raises:
            CheckpointError: they cannot be used, or were made for another model.
        """

    def batch(self) -> Batch:
        """What draws the tokens of up to `rows` sentences together."""

    def decode(self, streams: Sequence[DecodeStream]) -> list[NDArray[np.float32]]:
        """Sound of the next chunk of each stream, which moves on."""
