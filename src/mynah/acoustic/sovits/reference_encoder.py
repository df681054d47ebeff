"""The reference encoder: a recording's spectrogram to its timbre.

Source: StyleSpeech's mel-style encoder (arXiv:2106.03153). Upstream:
`module/modules.py`, `MelStyleEncoder`.
"""

from torch import Tensor, nn
from torch.nn import functional as F

HIDDEN = 128
HEADS = 2
DROPOUT = 0.1


class ReferenceEncoder(nn.Module):
    """Spectral layers, gated convolutions, self-attention, and the mean over time."""

    def __init__(self, bins: int, timbre_channels: int) -> None:
        super().__init__()
        self.bins = bins
        self.spectral = nn.Sequential(
            Linear(bins, HIDDEN),
            nn.Mish(),
            nn.Dropout(DROPOUT),
            Linear(HIDDEN, HIDDEN),
            nn.Mish(),
            nn.Dropout(DROPOUT),
        )
        self.temporal = nn.ModuleList([GatedConv(), GatedConv()])
        self.slf_attn = SelfAttention()
        self.fc = Linear(HIDDEN, timbre_channels)

    def forward(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        """Read a timbre.

        Args:
            spectrogram: linear spectrogram of shape (batch, 1025, time), of which
                the lowest bins are used.
            mask: bool, (batch, 1, time).

        Returns:
            Timbre of shape (batch, timbre channels, 1).
        """
        x = self.spectral(spectrogram[:, : self.bins].transpose(1, 2)).transpose(1, 2)
        for layer in self.temporal:
            x = layer(x * mask)
        x = self.fc(self.slf_attn((x * mask).transpose(1, 2), mask)).transpose(1, 2)
        ge: Tensor = (x * mask).sum(dim=2, keepdim=True) / mask.sum(dim=2, keepdim=True)
        return ge


class Linear(nn.Module):
    """A linear layer under the name that released weights have for it."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.fc = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        return self.fc(x)


class GatedConv(nn.Module):
    """Convolution with a gated linear unit and a residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.ModuleDict({"conv": nn.Conv1d(HIDDEN, 2 * HIDDEN, 5, padding=2)})
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, 128, time) to the same shape."""
        return x + self.dropout(F.glu(self.conv1["conv"](x), dim=1))


class SelfAttention(nn.Module):
    """Multi-head self-attention with a residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.w_qs = nn.Linear(HIDDEN, HIDDEN)
        self.w_ks = nn.Linear(HIDDEN, HIDDEN)
        self.w_vs = nn.Linear(HIDDEN, HIDDEN)
        self.fc = nn.Linear(HIDDEN, HIDDEN)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Attend within (batch, time, 128) under a bool mask (batch, 1, time)."""
        query, key, value = (
            project(x).unflatten(2, (HEADS, -1)).transpose(1, 2)
            for project in (self.w_qs, self.w_ks, self.w_vs)
        )
        heard = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask.unsqueeze(2),
            dropout_p=DROPOUT if self.training else 0.0,
            scale=HIDDEN**-0.5,  # of the model's width, not a head's, as released weights expect
        )
        return x + self.dropout(self.fc(heard.transpose(1, 2).flatten(2)))
