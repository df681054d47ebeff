"""Makes another person of a recording: formants and pitch moved together, and another colour.

Hundreds of blended speakers are alike where people are not. A reference encoder that has met only
them takes a stranger for the nearest of them; one that has met every size of throat and every
colour of voice has to listen.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.audio.spectrogram import SAMPLE_RATE
from recipes.starter.frames import ENVELOPE_BANDS, ENVELOPE_FILTERS, PITCH_COPIES

SIZES = (0.82, 1.2)
SHAPE = 0.04
"""Deviation of the throat's shape at its places: each formant moves a little by itself."""
PLACES = np.array([0.0, 500.0, 1200.0, 2200.0, 3300.0, 5000.0])
COLOUR = 0.35
"""Deviation of the colour at its knots, in nepers: 3 dB."""
KNOTS = np.array([0.0, 250.0, 600.0, 1200.0, 2400.0, 4800.0, 9600.0, 16_000.0])
_FILTERS = ENVELOPE_FILTERS.numpy()
BINS = np.linspace(0.0, SAMPLE_RATE / 2, _FILTERS.shape[1])
BANDS = (_FILTERS @ BINS) / _FILTERS.sum(axis=1)
_WIDTHS = np.log(_FILTERS.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Disguise:
    """A change of speaker.

    Attributes:
        size: by which pitch is multiplied.
        throat: by which frequencies at `PLACES` are multiplied.
        colour: log-amplitudes at `KNOTS`.
    """

    size: float
    throat: NDArray[np.float64]
    colour: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Disguise":
        """Any."""
        size = rng.uniform(*SIZES)
        throat = size * np.exp(SHAPE * rng.normal(size=len(PLACES)))
        return cls(size, throat, COLOUR * rng.normal(size=len(KNOTS)))

    def spectrogram(self, magnitudes: Tensor) -> Tensor:
        """A linear spectrogram (1, bins, T) as the other person's."""
        below = (self._undisguised(BINS) / BINS[1]).clip(0, len(BINS) - 1)
        lower = torch.from_numpy(np.floor(below).astype(np.int64).clip(0, len(BINS) - 2))
        part = torch.from_numpy(below).float()[None, :, None] - lower[None, :, None]
        warped = magnitudes[:, lower] * (1 - part) + magnitudes[:, lower + 1] * part
        louder = torch.from_numpy(np.exp(np.interp(BINS, KNOTS, self.colour))).float()
        return warped * louder[None, :, None]

    def smooth(self, rows: Tensor) -> Tensor:
        """Rows of the smooth part (T, 69) as the other person's."""
        envelope = rows[:, :ENVELOPE_BANDS].numpy() - _WIDTHS
        places = np.interp(self._undisguised(BANDS), BANDS, np.arange(ENVELOPE_BANDS))
        lower = np.floor(places).astype(np.int64).clip(0, ENVELOPE_BANDS - 2)
        part = places - lower
        warped = envelope[:, lower] * (1 - part) + envelope[:, lower + 1] * part
        warped += _WIDTHS + np.interp(BANDS, KNOTS, self.colour)
        changed = rows.clone()
        changed[:, :ENVELOPE_BANDS] = torch.from_numpy(warped).float()
        changed[:, ENVELOPE_BANDS : ENVELOPE_BANDS + PITCH_COPIES] += float(np.log(self.size))
        return changed

    def _undisguised(self, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Frequencies of the speaker's own sound that are moved to those of the disguised one."""
        moved: NDArray[np.float64] = frequencies / np.interp(frequencies, PLACES, self.throat)
        return moved
