"""SoVITS: semantic tokens, phonemes and timbre to a waveform.

Upstream: `module/models.py`, `SynthesizerTrn`. Attributes bear the names of
released weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mynah.acoustic.masks import mask_of
from mynah.acoustic.sovits.config import (
    FRAMES_PER_TOKEN,
    SPEAKER_VECTOR,
    SSL_CHANNELS,
    SoVITSConfig,
)
from mynah.acoustic.sovits.flow import Flow
from mynah.acoustic.sovits.hifigan import Generator
from mynah.acoustic.sovits.posterior_encoder import PosteriorEncoder
from mynah.acoustic.sovits.quantizer import Quantizer
from mynah.acoustic.sovits.reference_encoder import ReferenceEncoder
from mynah.acoustic.sovits.text_encoder import Prior, TextEncoder
from mynah.acoustic.sovits.weight_norm import fuse

NOISE_SCALE = 0.5
"""Of the noise in the latents, as released models speak best."""


class SoVITS(nn.Module):
    """The acoustic model of GPT-SoVITS v1, v2, v2Pro and v2ProPlus.

    Args:
        config: its sizes.
        posterior: true to build the posterior encoder `enc_q`, which only
            training uses and voices do not carry.
    """

    def __init__(self, config: SoVITSConfig, *, posterior: bool = False) -> None:
        super().__init__()
        self.config = config
        channels, timbre = config.inter_channels, config.gin_channels
        self.ssl_proj = nn.Conv1d(SSL_CHANNELS, SSL_CHANNELS, FRAMES_PER_TOKEN, FRAMES_PER_TOKEN)
        self.quantizer = Quantizer()
        self.ref_enc = ReferenceEncoder(config.reference_bins, timbre)
        self.enc_p = TextEncoder(config)
        self.flow = Flow(channels, config.hidden_channels, timbre)
        self.dec = Generator(config)
        if posterior:
            self.enc_q = PosteriorEncoder(
                config.spectrogram_bins,
                channels,
                config.hidden_channels,
                timbre,
                config.posterior_layers,
            )
        if config.takes_speaker_vector:
            self.sv_emb = nn.Linear(SPEAKER_VECTOR, timbre)
            self.prelu = nn.PReLU(timbre)
            self.ge_to512 = nn.Linear(timbre, config.content_timbre_channels)

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return self.dec.conv_pre.weight.device

    @torch.no_grad()
    def distances(self, ssl: Tensor) -> Tensor:
        """Distances of speech from each semantic token in the quantizer; the nearest is its token.

        Args:
            ssl: self-supervised features at 50 Hz, (batch, 768, frames).

        Returns:
            Distances at 25 Hz, (batch, frames // 2, 1024).
        """
        # The nearest code is not found reliably in less than single precision.
        with torch.autocast(ssl.device.type, enabled=False):
            return self.quantizer.distances(self.ssl_proj(ssl.float()))

    def content(self, codes: Tensor) -> Tensor:
        """Features of tokens (batch, tokens) at 50 Hz, (batch, 768, 2 * tokens)."""
        return self.quantizer.decode(codes).repeat_interleave(FRAMES_PER_TOKEN, dim=2)

    def reference(
        self, spectrogram: Tensor, speaker_vector: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Timbre vectors of single recordings, one a row.

        Args:
            spectrogram: linear spectrogram of shape (batch, 1025, frames).
            speaker_vector: (batch, 20480), for v2Pro and v2ProPlus.
            mask: bool, (batch, 1, frames), for rows of different lengths.

        Returns:
            Timbre vectors, (batch, timbre channels, 1).
        """
        if mask is None:
            mask = torch.ones_like(spectrogram[:, :1], dtype=torch.bool)
        ge: Tensor = self.ref_enc(spectrogram, mask)
        if self.config.takes_speaker_vector:
            ge = self.prelu(ge + self.sv_emb(speaker_vector).unsqueeze(2))
        return ge

    @torch.no_grad()
    def timbre(
        self, spectrograms: Sequence[Tensor], speaker_vectors: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Timbre (batch, channels, 1) of a speaker in one or several recordings: their mean.

        Args:
            spectrograms: one linear spectrogram (batch, 1025, frames) per recording.
            speaker_vectors: one (batch, 20480) per recording, for v2Pro and v2ProPlus.
        """
        vectors: Sequence[Tensor | None] = speaker_vectors or [None] * len(spectrograms)
        heard = [self.reference(*pair) for pair in zip(spectrograms, vectors, strict=True)]
        return torch.stack(heard).mean(0)

    def prior(
        self,
        codes: Tensor,
        phones: Tensor,
        ge: Tensor,
        *,
        lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
    ) -> Prior:
        """Distribution of latents for tokens and phonemes.

        Args:
            codes: semantic tokens, (batch, tokens).
            phones: phoneme ids, (batch, phonemes).
            ge: timbre vectors, (batch, timbre channels, 1).
            lengths: tokens of each row, (batch,); all if not given.
            phone_lengths: phonemes of each row, (batch,); all if not given.
        """
        content = self.content(codes)
        frames = None if lengths is None else lengths * FRAMES_PER_TOKEN
        if self.config.takes_speaker_vector:
            ge = self.ge_to512(ge.transpose(1, 2)).transpose(1, 2)
        prior: Prior = self.enc_p(
            content,
            mask_of(content, frames),
            phones,
            mask_of(phones, phone_lengths),
            ge,
        )
        return prior

    def render(self, latents: Tensor, mask: Tensor, timbre: Tensor) -> Tensor:
        """Latents as the decoder reads them: through the flow.

        Args:
            latents: sampled from the prior, (batch, inter channels, frames).
            mask: bool, (batch, 1, frames).
            timbre: of each row, (batch, channels, 1).
        """
        return self.flow.inverse(latents, mask, timbre) * mask

    @torch.no_grad()
    def decode(
        self,
        codes: Tensor,
        phones: Tensor,
        timbre: Tensor,
        *,
        lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
        noise_scale: float = NOISE_SCALE,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Decode tokens to a waveform at once.

        Args:
            codes: semantic tokens, (batch, tokens).
            phones: phoneme ids, (batch, phonemes).
            timbre: of each row, (batch, channels, 1).
            lengths: tokens of each row, (batch,); all if not given.
            phone_lengths: phonemes of each row, (batch,); all if not given.
            noise_scale: scale of the noise in the latents; 0 is deterministic.
            generator: source of the noise.

        Returns:
            Waveform of shape (batch, samples) between -1 and 1, zero after a
            row's end.
        """
        prior = self.prior(
            codes,
            phones,
            timbre,
            lengths=lengths,
            phone_lengths=phone_lengths,
        )
        noise = torch.randn(
            prior.mean.shape, generator=generator, dtype=prior.mean.dtype, device=codes.device
        )
        z = self.render(
            prior.mean + noise * prior.log_scale.exp() * noise_scale, prior.mask, timbre
        )
        mask = None if bool(prior.mask.all()) else prior.mask
        waveform: Tensor = self.dec(z, timbre, mask)
        return waveform.squeeze(1)

    def fuse(self) -> None:
        """Compute all normalised weights once; afterwards only inference works."""
        fuse(self)
