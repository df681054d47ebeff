"""The generator as GPUs are fastest with it: all rows at once, and in half precision.

The layout is that of `channels_last`, which tensor cores take without turning it round. Half
precision has ten bits behind the point, three more than bfloat16 has, so that all stages may be
rounded; the layers before and behind them stay in float32.
"""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.channels_last import Stage
from mynah.acoustic.hifigan import Generator


class BatchedGenerator:
    """Decodes as a generator does, without a look at any length: it may be recorded.

    Args:
        generator: fused, on the device; it is not changed.
        dtype: of the stages.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        self._generator = generator
        count = generator.blocks_per_rate
        self._stages = [
            Stage(up, generator.resblocks[i * count : (i + 1) * count], dtype)
            for i, up in enumerate(generator.ups)
        ]

    @property
    def size(self) -> int:
        """Bytes beside the generator's."""
        return sum(stage.size for stage in self._stages)

    def __call__(self, z: Tensor, ge: Tensor, mask: Tensor) -> tuple[Tensor]:
        """Decodes latents.

        Args:
            z: latents of shape (batch, inter channels, frames), zero where masked.
            ge: timbre of shape (batch, timbre channels, 1).
            mask: bool, (batch, 1, frames).

        Returns:
            Waveform alone, of shape (batch, 1, hop * frames) between -1 and 1, zero where masked.
        """
        x = self._generator.enter(z, ge, mask).unsqueeze(2)
        x, heard = x.contiguous(memory_format=torch.channels_last), mask.unsqueeze(2)
        for stage, rate in zip(self._stages, self._generator.rates, strict=True):
            heard = heard.unsqueeze(-1).expand(-1, -1, -1, -1, rate).flatten(3)
            x = stage(x, partial(_quietened, mask=heard))
        post = self._generator.conv_post
        x = F.conv2d(
            F.leaky_relu_(x).float(), post.weight.unsqueeze(2), padding=(0, int(post.padding[0]))
        )
        return (torch.tanh(x * heard).squeeze(2),)


def _quietened(x: Tensor, mask: Tensor) -> Tensor:
    """x, changed: zero where masked."""
    return x.mul_(mask)
