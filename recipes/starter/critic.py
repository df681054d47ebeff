"""A critic that sees patches of spectra: whether they could be real (Isola et al. 2017, PatchGAN).

The nearest to everything that could be is a mean, and a mean is dull: consonants lose their edges
and speakers what they are known by (Saito et al. 2018). A critic asks for one that could be.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from mynah.training.losses import discriminator_loss, feature_loss, generator_loss

FOOLED = 0.05
FEATURES = 0.5
ALONE = 100
"""Steps that a critic learns before it is listened to."""


class PatchCritic(nn.Module):
    """Judges patches of spectra (B, bands, T)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 32, 64, 64, 64)
        strides = ((2, 1), (2, 2), (2, 2), (2, 1))
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(into, out, 5, stride, padding=2))
            for (into, out), stride in zip(pairwise(widths), strides, strict=True)
        )
        self.last = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, spectra: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and features, as several critics would give them."""
        x, features = spectra[:, None], []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return [self.last(x).flatten(1)], [features]


class Duel:
    """A critic that learns beside what it judges.

    Attributes:
        critic: the network.
        tune: its optimizer.
    """

    def __init__(self, rate: float, device: torch.device) -> None:
        self.critic = PatchCritic().to(device)
        self.tune = torch.optim.AdamW(self.critic.parameters(), rate, (0.8, 0.99))

    def loss(self, real: Tensor, made: Tensor, step: int) -> Tensor:
        """Train the critic on both (B, bands, T), and return the generator's loss of `made`."""
        with torch.autocast(real.device.type, torch.bfloat16):
            judged = discriminator_loss(self.critic(real)[0], self.critic(made.detach())[0])
        self.tune.zero_grad()
        judged.backward()
        self.tune.step()
        if step < ALONE:
            return made.sum() * 0.0
        with torch.autocast(real.device.type, torch.bfloat16):
            _, seen = self.critic(real)
            scores, imagined = self.critic(made)
            return FOOLED * generator_loss(scores) + FEATURES * feature_loss(seen, imagined)

    def state_dict(self) -> dict[str, object]:
        """State to save."""
        return {"critic": self.critic.state_dict(), "tune": self.tune.state_dict()}

    def load_state_dict(self, state: Mapping[str, object], /) -> None:
        """Goes on from there."""
        self.critic.load_state_dict(state["critic"])  # type: ignore[arg-type]
        self.tune.load_state_dict(state["tune"])  # type: ignore[arg-type]
