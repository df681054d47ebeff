"""Frames of 20 ms of a recording: a smooth part to predict, and a mel to render.

The smooth part is WORLD's: a spectral envelope without harmonics, pitch, voicing and
aperiodicity (Morise et al. 2016). A network that is unsure of it predicts a mean that still
sounds like speech. A mel resolves harmonics: the mean of two pitches there is a noise. So the
prior predicts the smooth part, and the flow renders the mel from it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mynah.audio.spectrogram import SAMPLE_RATE, mel_filterbank

ENVELOPE_BANDS = 60
PITCH_COPIES = 4
SMOOTH_CHANNELS = ENVELOPE_BANDS + PITCH_COPIES + 1 + 4
ENVELOPE_FILTERS = mel_filterbank(ENVELOPE_BANDS, 2048, SAMPLE_RATE)


class Frames:
    """The stored frames, each channel of mean 0 and deviation 1."""

    def __init__(self, work: Path) -> None:
        self.statistics = {k: torch.from_numpy(v) for k, v in np.load(work / "frames.npz").items()}
        self._tables = {n: np.load(work / f"{n}.npy", mmap_mode="r") for n in ("smooth", "mel")}

    def read(
        self, name: str, first: int, count: int, change: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """Rows `first` to `first + count` of `smooth` or `mel`, changed first: (count, C)."""
        block = torch.from_numpy(np.asarray(self._tables[name][first : first + count], np.float32))
        mean, deviation = (self.statistics[f"{name}_{part}"] for part in ("mean", "deviation"))
        return ((change(block) if change else block) - mean) / deviation
