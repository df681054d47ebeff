"""Log-mels of HiFi-GAN, and the frames of them that hold speech."""

from functools import cache

import torch
from torch import Tensor

from mynah.audio.spectrogram import mel_filterbank

BANDS = 80
PAUSE = 4.0
"""Nepers below the loudest frame: 35 dB."""


def log_mel(spectrogram: Tensor) -> Tensor:
    """The log-mel (batch, 80, frames) of magnitudes (batch, 1025, frames) at 32 kHz.

    It is that of the public HiFi-GAN, which was made for 22.05 kHz and is run as if for 16 kHz: its
    1,024-point spectrum then spans 64 ms, which at 32 kHz are 2,048 points, of which it sees the
    lower half.
    """
    filters = _filters().to(spectrogram)
    return (filters @ (spectrogram[:, : filters.shape[1]] / 2.0)).clamp(min=1e-5).log()


def speech_frames(mel: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mask of the frames of log-mels (batch, 80, frames) that are no pause: (batch, 1, frames)."""
    levels = mel.mean(dim=1, keepdim=True)
    if mask is not None:
        levels = levels.masked_fill(~mask, -torch.inf)
    loud: Tensor = levels > levels.amax(dim=2, keepdim=True) - PAUSE
    return loud


@cache
def _filters() -> Tensor:
    return mel_filterbank(BANDS, 1024, 22_050, 8_000.0)
