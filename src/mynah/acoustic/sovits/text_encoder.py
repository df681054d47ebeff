"""The prior: semantic tokens, phonemes and timbre to a distribution of latents.

Upstream: `module/models.py`, `TextEncoder`.
"""

from typing import NamedTuple

from torch import Tensor, nn

from mynah.acoustic.sovits.attention import Encoder
from mynah.acoustic.sovits.config import SSL_CHANNELS, SoVITSConfig
from mynah.acoustic.sovits.mrte import MRTE


class Prior(NamedTuple):
    """A distribution of latents.

    Attributes:
        mean: (batch, inter channels, frames).
        log_scale: (batch, inter channels, frames).
        mask: bool, (batch, 1, frames).
    """

    mean: Tensor
    log_scale: Tensor
    mask: Tensor


class TextEncoder(nn.Module):
    """Encodes content and text apart, joins them, and projects to latents."""

    def __init__(self, config: SoVITSConfig) -> None:
        super().__init__()
        channels = config.hidden_channels

        def encoder(n_layers: int) -> Encoder:
            return Encoder(
                channels,
                filter_channels=config.filter_channels,
                n_heads=config.n_heads,
                n_layers=n_layers,
                kernel_size=config.kernel_size,
                p_dropout=config.p_dropout,
            )

        self.ssl_proj = nn.Conv1d(SSL_CHANNELS, channels, 1)
        self.encoder_ssl = encoder(config.n_layers // 2)
        self.text_embedding = nn.Embedding(config.symbols, channels)
        self.encoder_text = encoder(config.n_layers)
        self.mrte = MRTE(channels, config.content_timbre_channels)
        self.encoder2 = encoder(config.n_layers // 2)
        self.proj = nn.Conv1d(channels, 2 * config.inter_channels, 1)

    def forward(
        self,
        content: Tensor,
        mask: Tensor,
        phones: Tensor,
        phone_mask: Tensor,
        ge: Tensor,
    ) -> Prior:
        """Compute the prior of a batch; see `hidden`."""
        mean, log_scale = (
            self.proj(self.hidden(content, mask, phones, phone_mask, ge)) * mask
        ).chunk(2, dim=1)
        return Prior(mean, log_scale, mask)

    def hidden(
        self,
        content: Tensor,
        mask: Tensor,
        phones: Tensor,
        phone_mask: Tensor,
        ge: Tensor,
    ) -> Tensor:
        """Content joined with text and timbre, (batch, hidden channels, frames), zero where masked.

        Args:
            content: quantised features of shape (batch, 768, frames).
            mask: bool, (batch, 1, frames).
            phones: phoneme ids of shape (batch, phonemes).
            phone_mask: bool, (batch, 1, phonemes).
            ge: timbre as wide as the content takes it, (batch, channels, 1).
        """
        hidden = self.encoder_ssl(self.ssl_proj(content) * mask, mask)
        text = self.encoder_text(self.text_embedding(phones).transpose(1, 2), phone_mask)
        joined: Tensor = self.encoder2(self.mrte(hidden, mask, text, phone_mask, ge), mask)
        return joined
