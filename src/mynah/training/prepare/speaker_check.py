"""Detection of more than one speaker in slices, by spectral profile and pitch.

A rough sign. Another microphone changes the spectrum too, and two people may sound alike; so only
groups that differ in spectrum and pitch are called clearly two people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.spectrogram import linear_spectrogram, mel_filterbank
from mynah.training.prepare.frames import SAMPLE_RATE, SAMPLES

PITCHES_HZ = (65, 400)
LEAST_VOICED = 0.6
"""Of the autocorrelation at the pitch's period, relative to that at 0."""
LEAST_SHARE = 0.2
"""Least share of the slices for a second speaker."""
APART_SPECTRA = 2.5
"""Distance of two groups' mean spectra, relative to the deviation of slices from their own group's.
With it 18 speakers, 6 of them recorded people, were judged as one each, and of their 153 pairs 84
as clearly two people and 50 as perhaps two."""
APART_SEMITONES = 4.0
APART_DEVIATIONS = 3.0
"""Distance of two groups' mean pitches, relative to their own deviation."""
STEPS = 20
FEWEST = 4
"""Slices that can be compared."""
MOST_COMPARED = 120
"""Slices; more show no more, and the time grows with their square."""
LEAST_COMPARED = 2 * SAMPLE_RATE
"""Samples of a slice, if there are enough such: in shorter ones a few sounds are the spectrum."""
_WINDOW = 3 * SAMPLES
_FFT = 8192
_BANDS = 40

Differ = Literal["no", "perhaps", "clearly"]


@dataclass(frozen=True, slots=True, eq=False)
class SpectralProfile:
    """Median pitch of a slice in semitones above 1 Hz, and its mean mel bands in dB, centred."""

    pitch: float
    spectrum: NDArray[np.float64]


def compare(slices: Sequence[NDArray[np.float32]]) -> Differ:
    """Judge if slices of 32 kHz samples are of different speakers."""
    longer = [each for each in slices if len(each) >= LEAST_COMPARED]
    compared = longer if len(longer) >= FEWEST else slices
    compared = compared[:: -(-len(compared) // MOST_COMPARED) or 1]
    profiles = [found for each in compared if (found := spectral_profile(each)) is not None]
    if len(profiles) < FEWEST:
        return "no"
    second = _two_groups(np.stack([each.spectrum for each in profiles]))
    if second is None:
        return "no"
    pitches = np.array([each.pitch for each in profiles])
    return "clearly" if _pitches_apart(pitches[second], pitches[~second]) else "perhaps"


def spectral_profile(samples: NDArray[np.float32]) -> SpectralProfile | None:
    """The profile of a slice; None if nothing in it has a pitch."""
    pitches = _pitches(samples)
    if not len(pitches):
        return None
    magnitudes = linear_spectrogram(torch.from_numpy(samples)[None])[0]
    mel = mel_filterbank(_BANDS, 2 * (len(magnitudes) - 1), SAMPLE_RATE) @ magnitudes.square()
    spectrum = 10 * np.log10(mel.mean(dim=1).double().numpy() + 1e-10)
    return SpectralProfile(float(np.median(pitches)), spectrum - spectrum.mean())


def _pitches(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Pitch in semitones of each voiced frame (Boersma 1993, without its path)."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::SAMPLES]
    shape = np.hanning(_WINDOW)
    rows = _autocorrelation(windows * shape) / _autocorrelation(shape[None])
    shortest, longest = SAMPLE_RATE // PITCHES_HZ[1], SAMPLE_RATE // PITCHES_HZ[0]
    lags = rows[:, shortest:longest]
    loud = np.square(windows).mean(axis=1)
    voiced = (lags.max(axis=1) >= LEAST_VOICED) & (loud >= 0.1 * loud.mean())
    pitches: NDArray[np.float64] = np.log2(SAMPLE_RATE / (shortest + lags[voiced].argmax(axis=1)))
    return 12 * pitches


def _autocorrelation(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Autocorrelation relative to that at lag 0, up to the longest period."""
    power = np.square(np.abs(np.fft.rfft(rows, _FFT)))
    lags = np.fft.irfft(power)[:, : SAMPLE_RATE // PITCHES_HZ[0]]
    return lags / np.maximum(lags[:, :1], 1e-9)


def _two_groups(spectra: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Mask of the slices of a second group, by 2-means; None if there is only one group."""
    least = max(2, LEAST_SHARE * len(spectra))
    ways = [_two_means(spectra, first) for first in spectra]
    even = [way for way in ways if least <= way.sum() <= len(way) - least]
    if not even:
        return None
    second = min(even, key=lambda way: _within(spectra, way))
    apart = np.linalg.norm(spectra[second].mean(axis=0) - spectra[~second].mean(axis=0))
    return second if apart >= APART_SPECTRA * _within(spectra, second) else None


def _two_means(rows: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the rows nearer to the second of two means, from a row and the farthest at first."""
    means = np.stack([first, rows[np.linalg.norm(rows - first, axis=1).argmax()]])
    for _ in range(STEPS):
        near, far = (np.linalg.norm(rows - mean, axis=1) for mean in means)
        second: NDArray[np.bool_] = far < near
        if second.all() or not second.any():
            break
        means = np.stack([rows[~second].mean(axis=0), rows[second].mean(axis=0)])
    return second


def _within(rows: NDArray[np.float64], second: NDArray[np.bool_]) -> float:
    """Root mean square distance of rows from the mean of their own group."""
    own = np.where(second[:, None], rows[second].mean(axis=0), rows[~second].mean(axis=0))
    return float(np.sqrt(np.square(rows - own).sum(axis=1).mean()) + 1e-9)


def _pitches_apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    apart = abs(one.mean() - other.mean())
    deviation = np.sqrt((one.var() + other.var()) / 2)
    return bool(apart >= max(APART_SEMITONES, APART_DEVIATIONS * deviation))
