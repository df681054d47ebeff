"""What the starter's latents are at first: 192 log-mel bands, each of mean 0 and deviation 1.

A posterior encoder would have to learn a latent space while the decoder learns
to read it. Fixing the space beforehand lets the decoder (a vocoder then) and the
prior (a Glow-TTS of sorts) be trained apart and at once, on little hardware.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mynah.voice.mel import mel_filterbank
from mynah.voice.spectrogram import SAMPLE_RATE, linear_spectrogram
from recipes.starter.corpus import Track

BANDS = 192


class Latents:
    """Log-mel bands of spectrograms, standardised by statistics of the corpus."""

    def __init__(self, work: Path) -> None:
        self.filters = mel_filterbank(BANDS, 2048, SAMPLE_RATE)
        path = work / "latents.npz"
        if not path.exists():
            _measure(work, self.filters, path)
        statistics = np.load(path)
        self.mean = torch.from_numpy(statistics["mean"])
        self.deviation = torch.from_numpy(statistics["deviation"])

    def __call__(self, spectrogram: Tensor) -> Tensor:
        """Latents (B, 192, T) of linear spectrograms (B, 1025, T)."""
        return (_log_mel(self.filters, spectrogram) - self.mean) / self.deviation


def _log_mel(filters: Tensor, spectrogram: Tensor) -> Tensor:
    return (filters @ spectrogram).clamp(min=1e-4).log()


def _measure(work: Path, filters: Tensor, path: Path) -> None:
    tape = Track(work)
    chosen = np.random.default_rng(0).choice(len(tape.clips), 400, replace=False)
    bands = [
        _log_mel(filters, linear_spectrogram(torch.from_numpy(tape.audio(tape.clips[n]))[None]))[0]
        for n in chosen
    ]
    every = torch.cat(bands, dim=1)
    np.savez(path, mean=every.mean(1)[:, None], deviation=every.std(1)[:, None])
