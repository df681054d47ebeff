"""The critics' side of an adversarial training: they learn to hear what was made from what is real.

Source: HiFi-GAN (arXiv:2010.05646).
"""

from typing import Any

import torch
from torch import Tensor

from mynah.training.discriminators import (
    Discriminators,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from mynah.training.precision import mixed_precision
from mynah.training.tuner import Tuner

_SCALE_WIDTH, _PERIOD_WIDTH = 4, 8  # a quarter of the released widths, to cost what they judge
_RATE = 2e-4
_BETAS = (0.8, 0.99)


class Critics:
    """Small critics that begin to learn when a fine-tuning begins.

    Args:
        seed: of their first weights.
        device: where they learn.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self._network = Discriminators(_SCALE_WIDTH, _PERIOD_WIDTH)
        self._network.to(device)
        self._device = device
        self._tuner = Tuner([(each, 1.0) for each in self._network.parameters()], _RATE, _BETAS)

    def learn(self, real: Tensor, made: Tensor, pace: float) -> float:
        """Learns to tell waveforms (B, S) apart; gives the loss before."""
        with mixed_precision(self._device):
            judged = self._network(real[:, None])[0], self._network(made.detach()[:, None])[0]
            loss = discriminator_loss(*judged)
        self._tuner.step(loss, pace)
        return loss.item()

    def opinion(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """How much `made` (B, S) is found out, and how differently it is heard than `real`."""
        with mixed_precision(self._device):
            with torch.no_grad():
                heard = self._network(real[:, None])[1]
            scores, imagined = self._network(made[:, None])
            return generator_loss(scores), feature_loss(heard, imagined)

    def state_dict(self) -> dict[str, Any]:
        """What they have to remember."""
        return {"network": self._network.state_dict(), "tuner": self._tuner.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what they remembered."""
        self._network.load_state_dict(state["network"])
        self._tuner.load_state_dict(state["tuner"])
