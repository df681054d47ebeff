"""The normalising flow between the text's latents and the decoder's.

Source: VITS (arXiv:2106.06103). Upstream: `module/models.py`,
`ResidualCouplingBlock`.
"""

import torch
from torch import Tensor, nn

from mynah.acoustic.sovits.wavenet import WaveNet

COUPLINGS = 4
WAVENET_LAYERS = 4


class Flow(nn.Module):
    """Volume-preserving flow: couplings with the channels flipped after each."""

    def __init__(self, channels: int, hidden_channels: int, timbre_channels: int) -> None:
        super().__init__()
        # Released names count the flips too: couplings are flows.0, 2, 4 and 6.
        self.flows = nn.ModuleList()
        for _ in range(COUPLINGS):
            self.flows.append(Coupling(channels, hidden_channels, timbre_channels))
            self.flows.append(Flip())

    def forward(self, z: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Posterior latents (batch, channels, time) to the prior's space, for training."""
        for flow in self.flows:
            z = flow(z, mask, ge)
        return z

    def inverse(self, z: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Prior latents (batch, channels, time) to the decoder's space, for synthesis."""
        for flow in reversed(self.flows):
            assert isinstance(flow, Coupling | Flip)
            z = flow.inverse(z, mask, ge)
        return z


class Coupling(nn.Module):
    """Shifts one half of the channels by what a network reads in the other half."""

    def __init__(self, channels: int, hidden_channels: int, timbre_channels: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(channels // 2, hidden_channels, 1)
        self.enc = WaveNet(hidden_channels, timbre_channels, WAVENET_LAYERS)
        self.post = nn.Conv1d(hidden_channels, channels // 2, 1)
        # A new coupling is the identity.
        nn.init.zeros_(self.post.weight)
        nn.init.zeros_(self.post.bias)  # type: ignore[arg-type]

    def forward(self, z: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Add the shift."""
        kept, moved = z.chunk(2, dim=1)
        return torch.cat([kept, moved * mask + self._shift(kept, mask, ge)], dim=1)

    def inverse(self, z: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Take the shift away."""
        kept, moved = z.chunk(2, dim=1)
        return torch.cat([kept, moved * mask - self._shift(kept, mask, ge)], dim=1)

    def _shift(self, kept: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        hidden = self.enc(self.pre(kept) * mask, mask, ge)
        return self.post(hidden) * mask


class Flip(nn.Module):
    """Reverses the channels, so that the next coupling moves the other half."""

    def forward(self, z: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Flip (batch, channels, time)."""
        return z.flip(1)

    inverse = forward
