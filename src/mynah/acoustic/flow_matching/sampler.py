"""The sampler: mels from noise, by Euler steps along the velocity that the DiT estimates.

Source: Lipman et al., "Flow Matching for Generative Modeling" (arXiv:2210.02747). Upstream:
`module/models.py`, `CFM`. Rows are at different times and of different lengths, and join and leave
between any two steps; each is what it would be alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mynah.acoustic.flow_matching.dit import DiT
from mynah.acoustic.masks import length_mask


@dataclass(slots=True, eq=False)
class SampledRow:
    """A mel that is being sampled.

    Attributes:
        x: (frames, 100), zero over the prompt.
        prompt: (frames, 100), zero behind the prompt.
        text: embedded features, (frames, 512).
        step: embedded length of a step, (width,).
        prompt_frames: at the beginning.
        length: of a step; time ends at 1.
        time: reached so far.
        left: steps to go.
    """

    x: Tensor
    prompt: Tensor
    text: Tensor
    step: Tensor
    prompt_frames: int
    length: float
    time: float
    left: int

    @classmethod
    def begin(
        cls, estimator: DiT, features: Tensor, prompt: Tensor, noise: Tensor, steps: int
    ) -> Self:
        """Begin at the noise.

        Args:
            estimator: the DiT.
            features: of the prompt and what follows it, (frames, 512).
            prompt: mel of the prompt, (prompt frames, 100).
            noise: (frames, 100).
            steps: to take.
        """
        count = len(prompt)
        x, condition = noise.clone(), torch.zeros_like(noise)
        x[:count], condition[:count] = 0.0, prompt
        everything = torch.ones(1, len(noise), 1, dtype=torch.bool, device=noise.device)
        text = estimator.text_embed(features[None], everything)[0]
        step = estimator.d_embed(torch.tensor([1 / steps], device=noise.device))[0]
        return cls(x, condition, text, step, count, 1 / steps, 0.0, steps)

    @property
    def mel(self) -> Tensor:
        """The frames behind the prompt, (frames, 100)."""
        return self.x[self.prompt_frames :]


@torch.no_grad()
def advance(estimator: DiT, rows: Sequence[SampledRow]) -> None:
    """Take one step of each row, in one evaluation of the DiT."""
    device = rows[0].x.device
    lengths = torch.tensor([len(row.x) for row in rows], device=device)
    x, prompt, text = (
        pad_sequence([getattr(row, name) for row in rows], batch_first=True)
        for name in ("x", "prompt", "text")
    )
    time = torch.tensor([row.time for row in rows], device=device)
    step = torch.stack([row.step for row in rows])
    velocity = estimator(x, prompt, text, length_mask(lengths).mT, time, step)
    for row, direction in zip(rows, velocity, strict=True):
        row.x = row.x + row.length * direction[: len(row.x)]
        row.x[: row.prompt_frames] = 0.0
        row.time += row.length
        row.left -= 1


def sample(estimator: DiT, rows: Sequence[SampledRow]) -> None:
    """Take all steps of all rows; those with fewer are done earlier."""
    while going := [row for row in rows if row.left]:
        advance(estimator, going)
