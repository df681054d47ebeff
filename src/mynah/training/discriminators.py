"""Critics of a waveform, which exist in training only.

Source: HiFi-GAN (arXiv:2010.05646). Upstream: `module/models.py`,
`MultiPeriodDiscriminator`. A voice does not carry them, so they may be small.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)
SLOPE = 0.1


class PeriodDiscriminator(nn.Module):
    """Sees a waveform as an image whose rows are one period of samples long."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.period = period
        sizes = (1, width, 4 * width, 16 * width, 32 * width, 32 * width)
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(into, out, (5, 1), (3 if i < 4 else 1, 1), (2, 0)))
            for i, (into, out) in enumerate(pairwise(sizes))
        )
        self.conv_post = weight_norm(nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, samples: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores and the features of each layer for (B, 1, S)."""
        short = -samples.shape[-1] % self.period
        x = F.pad(samples, (0, short), mode="reflect").unflatten(2, (-1, self.period))
        return _judge(x, self.convs, self.conv_post)


class ScaleDiscriminator(nn.Module):
    """Sees a waveform through strided, grouped convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        plan = (
            (1, width, 15, 1, 1),
            (width, 4 * width, 41, 4, width // 4),
            (4 * width, 16 * width, 41, 4, width),
            (16 * width, 64 * width, 41, 4, 4 * width),
            (64 * width, 64 * width, 41, 4, 16 * width),
            (64 * width, 64 * width, 5, 1, 1),
        )
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv1d(into, out, kernel, stride, kernel // 2, groups=groups))
            for into, out, kernel, stride, groups in plan
        )
        self.conv_post = weight_norm(nn.Conv1d(64 * width, 1, 3, padding=1))

    def forward(self, samples: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores and the features of each layer for (B, 1, S)."""
        return _judge(samples, self.convs, self.conv_post)


def _judge(x: Tensor, convs: nn.ModuleList, last: nn.Module) -> tuple[Tensor, list[Tensor]]:
    features = []
    for conv in convs:
        x = F.leaky_relu(conv(x), SLOPE)
        features.append(x)
    x = last(x)
    return x.flatten(1), [*features, x]


class Discriminators(nn.Module):
    """One critic of the scale and one for each of five periods.

    Args:
        scale_width: channels of the scale critic's first layer; 16 when released.
        period_width: channels of a period critic's first layer; 32 when released.
    """

    def __init__(self, scale_width: int = 16, period_width: int = 32) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            [
                ScaleDiscriminator(scale_width),
                *(PeriodDiscriminator(period, period_width) for period in PERIODS),
            ]
        )

    def forward(self, samples: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and features of every critic for waveforms (B, 1, S)."""
        judged = [critic(samples) for critic in self.discriminators]
        return [scores for scores, _ in judged], [features for _, features in judged]


def discriminator_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Least-squares loss of the critics: real to 1, generated to 0."""
    losses = [
        (1.0 - r).square().mean() + f.square().mean() for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).sum()


def generator_loss(fake: list[Tensor]) -> Tensor:
    """Least-squares loss of the generator: its scores to 1."""
    return torch.stack([(1.0 - scores).square().mean() for scores in fake]).sum()


def feature_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Mean absolute difference of what the critics see in real and generated sound."""
    pairs = [(r, f) for rs, fs in zip(real, fake, strict=True) for r, f in zip(rs, fs, strict=True)]
    return 2.0 * torch.stack([(r.detach() - f).abs().mean() for r, f in pairs]).sum()
