"""Embeddings that condition the DiT: of time, features and positions.

Upstream: `f5_tts/model/modules.py` and `dit.py`, of F5-TTS (arXiv:2410.06885). Attributes bear the
names of released weights.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.flow_matching.config import FEATURE_CHANNELS, HEAD_CHANNELS, MEL_BANDS

_TIME_CHANNELS = 256
_TIME_SCALE = 1000.0
_LONGEST_PERIOD = 10_000.0
_MOST_POSITIONS = 4096
_CONV_KERNEL, _CONV_GROUPS = 31, 16


class TimeEmbedding(nn.Module):
    """A point of time between 0 and 1, or the length of a step, to a vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time_mlp = nn.Sequential(
            nn.Linear(_TIME_CHANNELS, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, time: Tensor) -> Tensor:
        """Map (rows,), computed in float32, to (rows, width)."""
        half = _TIME_CHANNELS // 2
        steps = torch.arange(half, device=time.device, dtype=torch.float32)
        frequencies = torch.exp(steps * -(math.log(_LONGEST_PERIOD) / (half - 1)))
        angles = _TIME_SCALE * time.float()[:, None] * frequencies
        waves = torch.cat([angles.sin(), angles.cos()], dim=1)
        embedded: Tensor = self.time_mlp(waves)
        return embedded


class TextEmbedding(nn.Module):
    """Features of tokens with their positions, through ConvNeXt V2 blocks."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.text_blocks = nn.Sequential(*(ConvNeXtBlock() for _ in range(layers)))

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Map features to the same shape.

        Args:
            features: (rows, frames, 512).
            mask: bool, (rows, frames, 1).
        """
        x = features + _positions(features.shape[1]).to(features)
        for block in self.text_blocks:
            x = block(x, mask)
        return x


class ConvNeXtBlock(nn.Module):
    """A block of ConvNeXt V2 (arXiv:2301.00808) over time."""

    def __init__(self) -> None:
        super().__init__()
        channels = FEATURE_CHANNELS
        self.dwconv = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 2 * channels)
        self.grn = ResponseNorm(2 * channels)
        self.pwconv2 = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map (rows, frames, channels) to the same shape; see `TextEmbedding`."""
        y = self.dwconv((x * mask).transpose(1, 2)).transpose(1, 2)
        y = F.gelu(self.pwconv1(self.norm(y)))
        return x + self.pwconv2(self.grn(y, mask))


class ResponseNorm(nn.Module):
    """Global response normalisation: a channel by its energy over time, relative to the others."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, channels))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map (rows, frames, channels) to the same shape; masked frames have no energy."""
        energy = (x * mask).norm(dim=1, keepdim=True)
        relative = energy / (energy.mean(dim=2, keepdim=True) + 1e-6)
        return self.gamma * (x * relative) + self.beta + x


class InputEmbedding(nn.Module):
    """Noisy mel, prompt and features joined, with a convolution for positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(2 * MEL_BANDS + FEATURE_CHANNELS, width)
        self.conv_pos_embed = nn.ModuleDict({"conv1d": _position_convs(width)})

    def forward(self, x: Tensor, prompt: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """The input of the transformer, (rows, frames, width).

        Args:
            x: noisy mel, (rows, frames, 100).
            prompt: mel of the prompt, zero elsewhere, (rows, frames, 100).
            text: embedded features, (rows, frames, 512).
            mask: bool, (rows, frames, 1).
        """
        x = self.proj(torch.cat([x, prompt, text], dim=2))
        heard = x
        for conv in self.conv_pos_embed["conv1d"].children():
            heard = F.mish(conv((heard * mask).transpose(1, 2)).transpose(1, 2))
        return x + heard


def _position_convs(width: int) -> nn.ModuleDict:
    """Both convolutions, between which released names count an activation."""
    return nn.ModuleDict(
        {
            number: nn.Conv1d(
                width, width, _CONV_KERNEL, padding=_CONV_KERNEL // 2, groups=_CONV_GROUPS
            )
            for number in ("0", "2")
        }
    )


class RotaryEmbedding(nn.Module):
    """Rotary positions (arXiv:2104.09864) of one head's channels, in adjacent pairs.

    The frequencies are read from the file, where they are rounded to half precision.
    """

    inv_freq: Tensor

    def __init__(self) -> None:
        super().__init__()
        exponents = torch.arange(0, HEAD_CHANNELS, 2) / HEAD_CHANNELS
        self.register_buffer("inv_freq", _LONGEST_PERIOD**-exponents)

    def angles(self, frames: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines of all positions, (frames, 32) each."""
        positions = torch.arange(frames, device=self.inv_freq.device)
        angles = positions[:, None] * self.inv_freq.float()
        return angles.cos(), angles.sin()


def rotated(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate the first 64 channels of (rows, frames, width): those of the first head.

    Released weights were trained so: the other heads know no positions.
    """
    cos, sin = (each.to(x.dtype) for each in angles)
    turned, rest = x[..., :HEAD_CHANNELS], x[..., HEAD_CHANNELS:]
    a, b = turned.unflatten(2, (-1, 2)).unbind(3)
    pairs = torch.stack([a * cos - b * sin, b * cos + a * sin], dim=3)
    return torch.cat([pairs.flatten(2), rest], dim=2)


@lru_cache(maxsize=8)
def _positions(frames: int) -> Tensor:
    """Sinusoidal positions, (frames, 512)."""
    half = FEATURE_CHANNELS // 2
    exponents = torch.arange(half).float() * 2 / FEATURE_CHANNELS
    places = torch.arange(frames).clamp(max=_MOST_POSITIONS - 1)
    angles = torch.outer(places.float(), 1.0 / _LONGEST_PERIOD**exponents)
    return torch.cat([angles.cos(), angles.sin()], dim=1)
