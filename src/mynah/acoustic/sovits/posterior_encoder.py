"""The posterior encoder: spectrogram to latents, used in training only.

Source: VITS (arXiv:2106.06103). Upstream: `module/models.py`, `PosteriorEncoder`.
"""

import torch
from torch import Tensor, nn

from mynah.acoustic.sovits.wavenet import WaveNet


class PosteriorEncoder(nn.Module):
    """Reads the latents of real speech from its linear spectrogram."""

    def __init__(
        self,
        spectrogram_bins: int,
        channels: int,
        hidden_channels: int,
        timbre_channels: int,
        n_layers: int,
    ) -> None:
        super().__init__()
        self.pre = nn.Conv1d(spectrogram_bins, hidden_channels, 1)
        self.enc = WaveNet(hidden_channels, timbre_channels, n_layers)
        self.proj = nn.Conv1d(hidden_channels, 2 * channels, 1)

    def forward(
        self, spectrogram: Tensor, mask: Tensor, ge: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sample latents.

        Args:
            spectrogram: linear spectrogram of shape (batch, bins, time).
            mask: bool, (batch, 1, time).
            ge: timbre of shape (batch, timbre channels, 1); no gradient flows into it.

        Returns:
            A sample, its mean and its log scale, each of shape (batch, channels, time).
        """
        hidden = self.enc(self.pre(spectrogram) * mask, mask, ge.detach())
        mean, log_scale = (self.proj(hidden) * mask).chunk(2, dim=1)
        sample = (mean + torch.randn_like(mean) * log_scale.exp()) * mask
        return sample, mean, log_scale
