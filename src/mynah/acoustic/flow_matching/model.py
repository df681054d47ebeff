"""The network of v3 and v4: semantic tokens, phonemes and timbre to features, and the DiT.

Upstream: `module/models.py`, `SynthesizerTrnV3`. Attributes bear the names of released weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.flow_matching.config import FEATURE_CHANNELS, MEL_BANDS, FlowMatchingConfig
from mynah.acoustic.flow_matching.dit import DiT
from mynah.acoustic.masks import length_mask
from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN, SSL_CHANNELS
from mynah.acoustic.sovits.quantizer import Quantizer
from mynah.acoustic.sovits.reference_encoder import ReferenceEncoder
from mynah.acoustic.sovits.text_encoder import TextEncoder
from mynah.acoustic.sovits.wavenet import WaveNet

_WAVENET_LAYERS = 8


class FlowMatching(nn.Module):
    """The acoustic model of GPT-SoVITS v3 and v4, without its vocoder."""

    def __init__(self, config: FlowMatchingConfig) -> None:
        super().__init__()
        self.config = config
        sizes = config.encoder
        self.ssl_proj = nn.Conv1d(SSL_CHANNELS, SSL_CHANNELS, FRAMES_PER_TOKEN, FRAMES_PER_TOKEN)
        self.quantizer = Quantizer()
        self.ref_enc = ReferenceEncoder(sizes.reference_bins, sizes.gin_channels)
        self.enc_p = TextEncoder(sizes)
        self.bridge = nn.Sequential(
            nn.Conv1d(sizes.inter_channels, FEATURE_CHANNELS, 1), nn.LeakyReLU()
        )
        self.wns1 = FeatureNet(sizes.gin_channels)
        self.linear_mel = nn.Conv1d(FEATURE_CHANNELS, MEL_BANDS, 1)  # in files, and never used
        self.cfm = nn.ModuleDict({"estimator": DiT(config.dit)})

    @property
    def estimator(self) -> DiT:
        """The DiT."""
        estimator = self.cfm["estimator"]
        assert isinstance(estimator, DiT)
        return estimator

    @property
    def device(self) -> torch.device:
        """The device that it computes on."""
        return self.linear_mel.weight.device

    @torch.no_grad()
    def distances(self, ssl: Tensor) -> Tensor:
        """See `SoVITS.distances`."""
        return self.quantizer.distances(self.ssl_proj(ssl.to(self.device).float())).cpu()

    @torch.no_grad()
    def timbre(
        self, spectrograms: Sequence[Tensor], speaker_vectors: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Timbre (1, 512, 1) of the first of linear spectrograms (1, 1025, frames) each.

        These versions hear one recording, the one that they continue, and take no speaker vectors.
        """
        first = spectrograms[0].to(self.device)
        ge: Tensor = self.ref_enc(first, torch.ones_like(first[:, :1], dtype=torch.bool))
        return ge

    @torch.no_grad()
    def features(self, codes: Tensor, phones: Tensor, ge: Tensor, speed: float = 1.0) -> Tensor:
        """Features of one sentence, (1, 512, mel frames).

        Args:
            codes: semantic tokens, (1, tokens).
            phones: phoneme ids, (1, phonemes).
            ge: timbre, (1, 512, 1).
            speed: 2 halves the duration.
        """
        content = self.quantizer.decode(codes).repeat_interleave(FRAMES_PER_TOKEN, dim=2)
        everything = torch.ones_like(content[:, :1], dtype=torch.bool)
        phone_mask = torch.ones_like(phones[:, None], dtype=torch.bool)
        hidden = self.enc_p.hidden(content, everything, phones, phone_mask, ge)
        if speed != 1:
            frames = int(hidden.shape[2] / speed) + 1
            hidden = F.interpolate(hidden, size=frames, mode="linear")
        stretched = _repeated(self.bridge(hidden), self.config)
        length = int(codes.shape[1] * self.config.geometry.mask_stretch)
        if speed != 1:
            length = int(length / speed) + 1
        # Upstream's length; at other speeds the last frame of v4 may lie behind it.
        mask = length_mask(torch.tensor([length], device=codes.device), stretched.shape[2])
        features: Tensor = self.wns1(stretched, mask, ge)
        return features


class FeatureNet(nn.Module):
    """A WaveNet between two projections."""

    def __init__(self, timbre_channels: int) -> None:
        super().__init__()
        channels = FEATURE_CHANNELS
        self.pre = nn.Conv1d(channels, channels, 1)
        self.enc = WaveNet(channels, timbre_channels, _WAVENET_LAYERS)
        self.proj = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Map (batch, 512, frames) to the same shape under a bool mask (batch, 1, frames)."""
        out: Tensor = self.proj(self.enc(self.pre(x) * mask, mask, ge)) * mask
        return out


def _repeated(x: Tensor, config: FlowMatchingConfig) -> Tensor:
    """Frames of 20 ms as mel frames, each the one that it begins in."""
    stretch = config.geometry.stretch
    frames = torch.arange(int(x.shape[2] * stretch), device=x.device)
    return x[:, :, frames * stretch.denominator // stretch.numerator]
