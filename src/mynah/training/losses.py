"""Losses of the acoustic task: mel distance, and those of adversarial training."""

import torch
from torch import Tensor, nn

from mynah.audio.spectrogram import mel_filterbank

RESOLUTIONS = ((2048, 128), (1024, 96), (512, 64), (256, 32))
"""Fourier sizes and mel bands; a hop is a quarter of the size."""


class MelDistance(nn.Module):
    """Mean absolute difference of log-mel bands, averaged over the resolutions."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        for size, bands in RESOLUTIONS:
            filters = mel_filterbank(bands, size, sample_rate)
            self.register_buffer(f"filters{size}", filters, persistent=False)
            self.register_buffer(f"window{size}", torch.hann_window(size), persistent=False)

    def forward(self, generated: Tensor, real: Tensor) -> Tensor:
        """The distance of waveforms (B, S), a scalar."""
        distances = [
            (self._log_mel(generated, size) - self._log_mel(real, size)).abs().mean()
            for size, _ in RESOLUTIONS
        ]
        return torch.stack(distances).mean()

    def _log_mel(self, samples: Tensor, size: int) -> Tensor:
        window: Tensor = getattr(self, f"window{size}")
        filters: Tensor = getattr(self, f"filters{size}")
        spectrum = torch.stft(samples, size, size // 4, window=window, return_complex=True)
        magnitude = torch.view_as_real(spectrum).square().sum(-1).add(1e-9).sqrt()
        return (filters @ magnitude).clamp(min=1e-5).log()


def discriminator_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Least-squares loss of the discriminators: real to 1, generated to 0."""
    losses = [
        (1.0 - r).square().mean() + f.square().mean() for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).sum()


def generator_loss(fake: list[Tensor]) -> Tensor:
    """Least-squares loss of the generator: its scores to 1."""
    return torch.stack([(1.0 - scores).square().mean() for scores in fake]).sum()


def feature_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Mean absolute difference of the discriminators' features of real and generated audio."""
    pairs = [(r, f) for rs, fs in zip(real, fake, strict=True) for r, f in zip(rs, fs, strict=True)]
    return 2.0 * torch.stack([(r.detach() - f).abs().mean() for r, f in pairs]).sum()
