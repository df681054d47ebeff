"""Sentences by flow matching: chunk by chunk, each prompted by what came before it.

Upstream: `TTS_infer_pack/TTS.py`, `using_vocoder_synthesis`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mynah.acoustic.flow_matching.dit import DiT
from mynah.acoustic.flow_matching.sampler import SampledRow, advance

_LOWEST, _HIGHEST = -12.0, 2.0
"""Log mels of -1 and 1 in the sampler."""

Noise = Callable[[int], Tensor]
"""Noise (frames, 100) for so many frames; each call gives others."""


def normalised(mel: Tensor) -> Tensor:
    """Log mel as the sampler takes it."""
    return (mel - _LOWEST) / (_HIGHEST - _LOWEST) * 2 - 1


def denormalised(mel: Tensor) -> Tensor:
    """Log mel that the sampler's stands for."""
    return (mel + 1) / 2 * (_HIGHEST - _LOWEST) + _LOWEST


@dataclass(frozen=True, slots=True, eq=False)
class MelPrompt:
    """The beginning that a chunk continues.

    Attributes:
        features: (frames, 512).
        mel: normalised, (frames, 100).
    """

    features: Tensor
    mel: Tensor

    @classmethod
    def of_reference(cls, features: Tensor, mel: Tensor, most: int) -> Self:
        """A recording's features and mel, the last `most` frames that both have."""
        frames = min(len(features), len(mel))
        kept = slice(max(0, frames - most), frames)
        return cls(features[kept], mel[kept])


class SentenceMel:
    """The mel of one sentence on its way.

    Args:
        estimator: the DiT.
        features: of the sentence, (frames, 512).
        prompt: of the voice.
        window: most frames of a prompt and a chunk together.
        steps: of the sampler.
        noise: source of noise.
    """

    def __init__(
        self,
        estimator: DiT,
        features: Tensor,
        prompt: MelPrompt,
        *,
        window: int,
        steps: int,
        noise: Noise,
    ) -> None:
        self._estimator = estimator
        self._prompt = prompt
        self._keep = len(prompt.mel)
        self._steps, self._noise = steps, noise
        self._chunks = list(features.split(window - self._keep))
        self._mels: list[Tensor] = []
        self._row: SampledRow | None = None

    @property
    def row(self) -> SampledRow | None:
        """The chunk that is sampled now; None when all are."""
        if self._row is not None and not self._row.left:
            self._finish(self._row)
        if self._row is None and self._chunks:
            self._row = self._begin()
        return self._row

    @property
    def mel(self) -> Tensor:
        """All of it, log mel (frames, 100)."""
        return denormalised(torch.cat(self._mels))

    def _begin(self) -> SampledRow:
        features = torch.cat([self._prompt.features, self._chunks[0]])
        noise = self._noise(len(features))
        return SampledRow.begin(self._estimator, features, self._prompt.mel, noise, self._steps)

    def _finish(self, row: SampledRow) -> None:
        chunk = self._chunks.pop(0)
        self._mels.append(row.mel)
        # The last frames of what was made, which are fewer than the first prompt had after a
        # short chunk.
        self._prompt = MelPrompt(chunk[-self._keep :], row.mel[-self._keep :])
        self._row = None


@torch.no_grad()
def sample_all(estimator: DiT, sentences: Sequence[SentenceMel]) -> None:
    """Sample sentences until all are done, a step of each at a time."""
    while rows := [row for sentence in sentences if (row := sentence.row) is not None]:
        advance(estimator, rows)
