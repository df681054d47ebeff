"""The seam between the engine and acoustic models: semantic tokens in, sound out.

Conditionings and streams are opaque to the engine; a model takes only its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.decode_stream import (
    FIRST_CHUNKS,
    LATER_CHUNKS,
    WHOLE_SENTENCE,
    DecodeStream,
)
from mynah.runtime.device import Transferable

Unit = Literal["tokens", "sentence"]
"""The least that a model decodes: some tokens, or the tokens of a whole sentence."""


def _no_ids() -> Tensor:
    return torch.zeros(0, dtype=torch.long)


@dataclass(frozen=True, slots=True, eq=False)
class AcousticPrompt:
    """A voice as it was read through a model.

    Attributes:
        timbre: (1, channels, 1).
        speaker_state: of the model's extension, for its post-filter.
        codes: semantic tokens of the prompt, (tokens,).
        phones: ids of its words, (phones,).
        mel: log mel of its recording, (bands, frames), for models that continue it.
    """

    timbre: Tensor
    speaker_state: Transferable | None = None
    codes: Tensor = field(default_factory=_no_ids)
    phones: Tensor = field(default_factory=_no_ids)
    mel: Tensor | None = None


class AcousticModel(Protocol):
    """An acoustic model that speaks."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything that it decodes."""
        ...

    @property
    def unit(self) -> Unit:
        """The least that it decodes."""
        ...

    @property
    def batch_size(self) -> int:
        """Chunks that are best decoded together."""
        ...

    def prepare(self, prompt: AcousticPrompt) -> Transferable:
        """Make the conditioning for all sentences of a voice, on the model's device."""
        ...

    def open(
        self, phones: Tensor, on: Transferable, *, speed: float, seed: int, sizes: Sequence[int]
    ) -> DecodeStream:
        """A stream for a sentence, before its first token.

        Args:
            phones: (phones,) ids of the sentence.
            on: the voice's conditioning, from `prepare`.
            speed: 2 halves the duration.
            seed: of the noise in the latents.
            sizes: tokens of its chunks; see `chunk_sizes`.
        """
        ...

    def decode(self, streams: Sequence[DecodeStream]) -> list[NDArray[np.float32]]:
        """Sound of the next chunk of each stream, which moves on."""
        ...


def chunk_sizes(unit: Unit, *, whole: bool, first: bool) -> Sequence[int]:
    """Tokens of the chunks of a sentence.

    Args:
        unit: of the model.
        whole: true to decode every sentence at once.
        first: true for the first sentence of a request.
    """
    if whole or unit == "sentence":
        return WHOLE_SENTENCE
    return FIRST_CHUNKS if first else LATER_CHUNKS
