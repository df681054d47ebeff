"""The decoder: latents to waveform, a HiFi-GAN generator.

Source: Kong et al., "HiFi-GAN" (arXiv:2010.05646). Upstream: `module/models.py`,
`Generator`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.masks import masked
from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.weight_norm import WeightNormConv1d, WeightNormConvTranspose1d

SLOPE = 0.1
"""Of the leaky ReLUs, except the last, which has PyTorch's 0.01."""


class Generator(nn.Module):
    """Upsamples by transposed convolutions, each refined by residual blocks."""

    def __init__(self, config: SoVITSConfig) -> None:
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
        """Decode latents.

        Args:
            z: latents of shape (batch, inter channels, frames), zero where masked.
            ge: timbre of shape (batch, timbre channels, 1).
            mask: bool, (batch, 1, frames). Without one, a shorter row of a batch
                depends on its padding in its last 40 ms or so.

        Returns:
            Waveform of shape (batch, 1, hop * frames) between -1 and 1.
        """
        x = self.enter(z, ge, mask)
        for number, rate in enumerate(self.rates):
            mask = None if mask is None else mask.repeat_interleave(rate, dim=2)
            x = self.stage(number, x, mask)
        return torch.tanh(masked(self.conv_post(F.leaky_relu(x)), mask))

    def enter(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        """Input of the first stage, (batch, channels, frames); see `forward`."""
        return masked(self.conv_pre(z) + self.cond(ge), mask)

    def stage(self, number: int, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Upsample and refine the output of the stage before.

        Args:
            number: of the stage.
            x: (batch, channels, time).
            mask: bool, (batch, 1, rate * time), of the result.

        Returns:
            (batch, channels / 2, rate * time).
        """
        x = masked(self.ups[number](F.leaky_relu(x, SLOPE)), mask)
        first = number * self.blocks_per_rate
        blocks = self.resblocks[first : first + self.blocks_per_rate]
        return sum_of([block(x, mask) for block in blocks]) / self.blocks_per_rate


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
        """Refine (batch, channels, time), zero where masked."""
        for conv1, conv2 in zip(self.convs1, self.convs2, strict=True):
            y = masked(conv1(F.leaky_relu(x, SLOPE)), mask)
            x = x + masked(conv2(F.leaky_relu(y, SLOPE)), mask)
        return x


def sum_of(tensors: list[Tensor]) -> Tensor:
    """Add tensors of one shape, left to right."""
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total
