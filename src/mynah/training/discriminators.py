"""Discriminators of a waveform, used in training only.

Source: HiFi-GAN (arXiv:2010.05646). Upstream: `module/models.py`,
`MultiPeriodDiscriminator`. Voices do not contain them, so they may be small.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from mynah.training.losses import discriminator_loss, feature_loss, generator_loss
from mynah.training.optimizer import AdapterOptimizer, mixed_precision

PERIODS = (2, 3, 5, 7, 11)
SLOPE = 0.1


class PeriodDiscriminator(nn.Module):
    """Discriminator of a waveform folded into rows of one period of samples."""

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
        return _discriminate(x, self.convs, self.conv_post)


class ScaleDiscriminator(nn.Module):
    """Discriminator of a waveform with strided, grouped convolutions."""

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
        return _discriminate(samples, self.convs, self.conv_post)


def _discriminate(x: Tensor, convs: nn.ModuleList, last: nn.Module) -> tuple[Tensor, list[Tensor]]:
    features = []
    for conv in convs:
        x = F.leaky_relu(conv(x), SLOPE)
        features.append(x)
    x = last(x)
    return x.flatten(1), [*features, x]


class Discriminators(nn.Module):
    """One scale discriminator, and one for each of five periods, with the released widths."""

    def __init__(self, scale_width: int = 16, period_width: int = 32) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            [
                ScaleDiscriminator(scale_width),
                *(PeriodDiscriminator(period, period_width) for period in PERIODS),
            ]
        )

    def forward(self, samples: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and features of every discriminator for waveforms (B, 1, S)."""
        judged = [discriminator(samples) for discriminator in self.discriminators]
        return [scores for scores, _ in judged], [features for _, features in judged]


_SCALE_WIDTH, _PERIOD_WIDTH = 4, 8  # a quarter of the released widths, to cost what they judge
_RATE = 2e-4
_BETAS = (0.8, 0.99)


class DiscriminatorTrainer:
    """Small discriminators, trained from scratch beside a fine-tuning."""

    def __init__(self, seed: int, device: torch.device) -> None:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self._network = Discriminators(_SCALE_WIDTH, _PERIOD_WIDTH)
        self._network.to(device)
        self._device = device
        self._optimizer = AdapterOptimizer(
            [(each, 1.0) for each in self._network.parameters()], _RATE, _BETAS
        )

    def learn(self, real: Tensor, made: Tensor, scale: float) -> float:
        """Take an optimiser step on waveforms (B, S), and return the loss before it."""
        with mixed_precision(self._device):
            judged = self._network(real[:, None])[0], self._network(made.detach()[:, None])[0]
            loss = discriminator_loss(*judged)
        self._optimizer.step(loss, scale)
        return loss.item()

    def losses(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """The generator loss of `made` (B, S), and the feature loss between it and `real`."""
        with mixed_precision(self._device):
            with torch.no_grad():
                real_features = self._network(real[:, None])[1]
            scores, made_features = self._network(made[:, None])
            return generator_loss(scores), feature_loss(real_features, made_features)

    def state_dict(self) -> dict[str, Any]:
        """Weights and optimiser state."""
        return {"network": self._network.state_dict(), "tuner": self._optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict()`."""
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["tuner"])
