"""ERes2NetV2, the speaker encoder that v2Pro and v2ProPlus were trained with.

Source: Chen et al., "ERes2NetV2" (arXiv:2406.02167). Upstream: `eres2net/ERes2NetV2.py`, of
3D-Speaker, with base width 24 and scale 4. Attributes bear the names of released weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BINS = 80
"""Mel bins of its input."""


_STEM = 64
_WIDTH = 24
_SCALE = 4
_EXPANSION = 4
_REDUCTION = 4
_BLOCKS = (3, 4, 6, 3)
_HIGHEST = 20.0


class ERes2NetV2(nn.Module):
    """Four stages of residual blocks; the last two are fused."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _conv(1, _STEM, 3)
        self.bn1 = nn.BatchNorm2d(_STEM)
        planes = [_STEM << stage for stage in range(len(_BLOCKS))]
        inputs = [_STEM, *(_EXPANSION * each for each in planes)]
        self.layer1 = _stage(inputs[0], planes[0], _BLOCKS[0], stride=1, attention=False)
        self.layer2 = _stage(inputs[1], planes[1], _BLOCKS[1], stride=2, attention=False)
        self.layer3 = _stage(inputs[2], planes[2], _BLOCKS[2], stride=2, attention=True)
        self.layer4 = _stage(inputs[3], planes[3], _BLOCKS[3], stride=2, attention=True)
        self.layer3_ds = _conv(inputs[3], inputs[4], 3, stride=2)
        self.fuse34 = AttentionalFusion(inputs[4])

    def forward(self, features: Tensor) -> Tensor:
        """Embedding of a recording without the last projection.

        Args:
            features: (batch, frames, 80), see `mynah.audio.fbank`.

        Returns:
            (batch, 20480).
        """
        x = features.transpose(1, 2).unsqueeze(1)
        x = F.relu(self.bn1(self.conv1(x)))
        third = self.layer3(self.layer2(self.layer1(x)))
        fused = self.fuse34(self.layer4(third), self.layer3_ds(third))
        embedding: Tensor = fused.flatten(1, 2).mean(dim=2)
        return embedding


class Block(nn.Module):
    """Residual block whose convolution is split in four, each part added to the next."""

    def __init__(self, inputs: int, planes: int, stride: int, *, attention: bool) -> None:
        super().__init__()
        width, outputs = planes * _WIDTH // 64, planes * _EXPANSION
        self.conv1 = _conv(inputs, _SCALE * width, 1, stride=stride)
        self.bn1 = nn.BatchNorm2d(_SCALE * width)
        self.convs = nn.ModuleList(_conv(width, width, 3) for _ in range(_SCALE))
        self.bns = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(_SCALE))
        self.conv3 = _conv(_SCALE * width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.fuse_models = nn.ModuleList(
            AttentionalFusion(width) for _ in range(_SCALE - 1 if attention else 0)
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                _conv(inputs, outputs, 1, stride=stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, rows, time) to (batch, 4 * planes, rows / stride, time / stride)."""
        first, *others = _clipped(self.bn1(self.conv1(x))).chunk(_SCALE, dim=1)
        parts = [self._part(0, first)]
        for number, other in enumerate(others):
            joined = self.fuse_models[number] if self.fuse_models else torch.add
            parts.append(self._part(number + 1, joined(parts[-1], other)))
        return _clipped(self.bn3(self.conv3(torch.cat(parts, dim=1))) + self.shortcut(x))

    def _part(self, number: int, x: Tensor) -> Tensor:
        return _clipped(self.bns[number](self.convs[number](x)))


class AttentionalFusion(nn.Module):
    """Weighted sum of two tensors, by weights that both determine."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // _REDUCTION
        self.local_att = nn.Sequential(
            nn.Conv2d(2 * channels, inner, 1),
            nn.BatchNorm2d(inner),
            nn.SiLU(),
            nn.Conv2d(inner, channels, 1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Fuse two tensors (batch, channels, rows, time)."""
        share = torch.tanh(self.local_att(torch.cat([x, y], dim=1)))
        return x * (1.0 + share) + y * (1.0 - share)


def _stage(inputs: int, planes: int, blocks: int, *, stride: int, attention: bool) -> nn.Sequential:
    sizes: Sequence[tuple[int, int]] = [
        (inputs, stride),
        *((planes * _EXPANSION, 1) for _ in range(blocks - 1)),
    ]
    return nn.Sequential(*(Block(size, planes, by, attention=attention) for size, by in sizes))


def _conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def _clipped(x: Tensor) -> Tensor:
    """The blocks' rectifier; the stem's has no upper bound."""
    return x.clamp(0.0, _HIGHEST)
