"""The decoder: latents to waveform, a HiFi-GAN generator.

Source: Kong et al., "HiFi-GAN" (arXiv:2010.05646). Upstream: `module/models.py`,
`Generator`.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.config import AcousticConfig
from mynah.acoustic.weight_norm import WeightNormConv1d, WeightNormConvTranspose1d

SLOPE = 0.1
"""Of the leaky ReLUs, except the last, which has PyTorch's 0.01."""


class Generator(nn.Module):
    """Upsamples by transposed convolutions, each refined by residual blocks."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        width = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.inter_channels, width, 7, padding=3)
        self.cond = nn.Conv1d(config.gin_channels, width, 1)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        self.rates = config.upsample_rates
        self.blocks_per_rate = len(config.resblock_kernel_sizes)
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            self.ups.append(
                WeightNormConvTranspose1d(
                    width, width // 2, kernel, stride=rate, padding=(kernel - rate) // 2
                )
            )
            width //= 2
            self.resblocks.extend(
                ResidualBlock(width, kernel, dilations)
                for kernel, dilations in zip(
                    config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True
                )
            )
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3, bias=False)

    def forward(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        """Decodes latents.

        Args:
            z: latents of shape (batch, inter channels, frames), zero where masked.
            ge: timbre of shape (batch, timbre channels, 1).
            mask: bool, (batch, 1, frames). Without one, a shorter row of a batch
                hears its padding in its last 40 ms or so.

        Returns:
            Waveform of shape (batch, 1, hop * frames) between -1 and 1.
        """
        *_, (x, mask) = self.stages(z, ge, mask)
        return torch.tanh(masked(self.conv_post(F.leaky_relu(x)), mask))

    def stages(
        self, z: Tensor, ge: Tensor, mask: Tensor | None = None
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """What each upsampling and its residual blocks make of latents, and the mask at its rate.

        See `forward`; a stage gives (batch, channels, time).
        """
        x = masked(self.conv_pre(z) + self.cond(ge), mask)
        for i, (rate, up) in enumerate(zip(self.rates, self.ups, strict=True)):
            mask = None if mask is None else mask.repeat_interleave(rate, dim=2)
            x = masked(up(F.leaky_relu(x, SLOPE)), mask)
            blocks = self.resblocks[i * self.blocks_per_rate : (i + 1) * self.blocks_per_rate]
            x = sum_of([block(x, mask) for block in blocks]) / self.blocks_per_rate
            yield x, mask


class ResidualBlock(nn.Module):
    """Pairs of convolutions, the first of each pair dilated."""

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            WeightNormConv1d(
                channels,
                channels,
                kernel_size,
                dilation=dilation,
                padding=dilation * (kernel_size - 1) // 2,
            )
            for dilation in dilations
        )
        self.convs2 = nn.ModuleList(
            WeightNormConv1d(channels, channels, kernel_size, padding=(kernel_size - 1) // 2)
            for _ in dilations
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Refines (batch, channels, time), zero where masked."""
        for conv1, conv2 in zip(self.convs1, self.convs2, strict=True):
            y = masked(conv1(F.leaky_relu(x, SLOPE)), mask)
            x = x + masked(conv2(F.leaky_relu(y, SLOPE)), mask)
        return x


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zeroes what the mask hides; without a mask nothing is hidden."""
    return x if mask is None else x * mask


def sum_of(tensors: list[Tensor]) -> Tensor:
    """Adds tensors of one shape, left to right."""
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total
