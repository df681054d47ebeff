"""What the engine needs of a model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mynah.acoustic.passage import Passage
from mynah.engine.prompts import Prompt
from mynah.options import SpeechOptions
from mynah.semantic.batch import Batch
from mynah.semantic.request import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.voice import Voice


class SpeechModel(Protocol):
    """What speaks; `mynah.engine.models.Models` does. Each stage calls it from its own thread."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything it speaks."""

    @property
    def together(self) -> int:
        """Pieces that are best decoded together."""

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """The options, with this model's own where none were chosen."""

    def read(self, voice: Voice) -> Prompt:
        """The voice as this model takes it."""

    def prepare(
        self, sentence: Sentence, prompt: Prompt, options: SpeechOptions, seed: int
    ) -> tuple[SemanticRequest, Passage]:
        """A sentence as the semantic and the acoustic stage take it."""

    def batch(self) -> Batch:
        """What draws the tokens of many sentences together."""

    def decode(self, passages: Sequence[Passage]) -> list[NDArray[np.float32]]:
        """Sound of the next piece of each passage, which moves on."""
