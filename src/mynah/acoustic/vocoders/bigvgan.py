"""BigVGAN v2, the vocoder of v3: mels at 24 kHz to a waveform.

Source: Lee et al., "BigVGAN" (arXiv:2206.04658), with filters as in alias-free networks
(arXiv:2106.12423). Attributes bear the names of released weights, whose weight norm is folded.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.errors import CheckpointError

_RATIO = 2
_TAPS = 12
_MOST = 1 << 12


@dataclass(frozen=True, slots=True)
class BigVGANConfig:
    """Sizes, under the names that its `config.json` has for them."""

    num_mels: int
    upsample_initial_channel: int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Self:
        """Read the sizes of a `config.json`.

        Raises:
            CheckpointError: they cannot be read, or are those of another kind of BigVGAN.
        """
        try:
            sizes = cls(
                num_mels=_size(config["num_mels"]),
                upsample_initial_channel=_size(config["upsample_initial_channel"]),
                upsample_rates=_sizes(config["upsample_rates"]),
                upsample_kernel_sizes=_sizes(config["upsample_kernel_sizes"]),
                resblock_kernel_sizes=_sizes(config["resblock_kernel_sizes"]),
                resblock_dilation_sizes=tuple(map(_sizes, config["resblock_dilation_sizes"])),
            )
            fits = (
                str(config["resblock"]) == "1"
                and config["activation"] == "snakebeta"
                and config["snake_logscale"] is True
                and config["use_tanh_at_final"] is False
                and config["use_bias_at_final"] is False
                and len(sizes.upsample_rates) == len(sizes.upsample_kernel_sizes)
                and len(sizes.resblock_kernel_sizes) == len(sizes.resblock_dilation_sizes)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"its config.json cannot be read ({error!r})") from None
        if not fits:
            raise CheckpointError("its config.json is not that of bigvgan_v2_24khz_100band_256x")
        return sizes


class BigVGAN(nn.Module):
    """Upsamples by transposed convolutions, each refined by blocks with periodic activations."""

    def __init__(self, config: BigVGANConfig) -> None:
        super().__init__()
        width = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.num_mels, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        self.blocks_per_rate = len(config.resblock_kernel_sizes)
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            up = nn.ConvTranspose1d(width, width // 2, kernel, rate, (kernel - rate) // 2)
            self.ups.append(nn.Sequential(up))
            width //= 2
            self.resblocks.extend(
                Block(width, *sizes)
                for sizes in zip(
                    config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True
                )
            )
        self.activation_post = Activation(width)
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3, bias=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Waveform (batch, samples) between -1 and 1 of log mels (batch, 100, frames)."""
        x = self.conv_pre(mel)
        for number, up in enumerate(self.ups):
            x = up(x)
            first = number * self.blocks_per_rate
            blocks = self.resblocks[first : first + self.blocks_per_rate]
            x = torch.stack([block(x) for block in blocks]).mean(dim=0)
        wave: Tensor = self.conv_post(self.activation_post(x))
        return wave.clamp(-1.0, 1.0).squeeze(1)


class Block(nn.Module):
    """Pairs of convolutions, the first of each pair dilated, with an activation before each."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1, self.convs2 = (
            nn.ModuleList(
                nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel - 1) // 2)
                for d in each
            )
            for each in (dilations, [1] * len(dilations))
        )
        self.activations = nn.ModuleList(Activation(channels) for _ in range(2 * len(dilations)))

    def forward(self, x: Tensor) -> Tensor:
        """Refine (batch, channels, time)."""
        before, between = self.activations[::2], self.activations[1::2]
        for first, conv1, second, conv2 in zip(
            before, self.convs1, between, self.convs2, strict=True
        ):
            x = x + conv2(second(conv1(first(x))))
        return x


class Activation(nn.Module):
    """Snake at twice the rate, so that the harmonics that it makes do not alias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upsample = Filter()
        self.act = SnakeBeta(channels)
        self.downsample = nn.ModuleDict({"lowpass": Filter()})

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, time) to the same shape."""
        return self._down(self.act(self._up(x)))

    def _up(self, x: Tensor) -> Tensor:
        channels, margin = x.shape[1], _TAPS // _RATIO - 1
        taps = self.get_buffer("upsample.filter").expand(channels, -1, -1)
        padded = F.pad(x, (margin, margin), mode="replicate")
        y = F.conv_transpose1d(padded, _RATIO * taps, stride=_RATIO, groups=channels)
        left = margin * _RATIO + (_TAPS - _RATIO) // 2
        right = margin * _RATIO + (_TAPS - _RATIO + 1) // 2
        return y[..., left:-right]

    def _down(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        taps = self.get_buffer("downsample.lowpass.filter").expand(channels, -1, -1)
        padded = F.pad(x, (_TAPS // 2 - 1, _TAPS // 2), mode="replicate")
        return F.conv1d(padded, taps, stride=_RATIO, groups=channels)


class Filter(nn.Module):
    """The taps of a resampling."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", low_pass())


class SnakeBeta(nn.Module):
    """x + sin²(αx) / β, with the logarithms of α and β as weights (arXiv:2006.08195)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, time) to the same shape."""
        frequency, width = (each.exp()[:, None] for each in (self.alpha, self.beta))
        return x + torch.sin(x * frequency).square() / (width + 1e-9)


def low_pass() -> Tensor:
    """The filter of both resamplings, (1, 1, 12): a sinc under a Kaiser window, of sum 1."""
    attenuation = 2.285 * (_TAPS / 2 - 1) * math.pi * 4 * 0.3 + 7.95
    beta = 0.1102 * (attenuation - 8.7)
    window = torch.kaiser_window(_TAPS, periodic=False, beta=beta)
    time = torch.arange(-_TAPS // 2, _TAPS // 2) + 0.5
    taps = window * torch.sinc(0.5 * time)
    return (taps / taps.sum())[None, None]


def _size(value: object) -> int:
    if not isinstance(value, int) or not 0 < value <= _MOST:
        raise ValueError(f"{value!r} is not a size")
    return value


def _sizes(values: Sequence[object]) -> tuple[int, ...]:
    return tuple(map(_size, values))
