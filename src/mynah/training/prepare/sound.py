"""A recording for training: normalised in level, with its speech marked frame by frame."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mynah.training.prepare.activity import loudness, speech_frames
from mynah.training.prepare.denoising import Denoiser
from mynah.training.prepare.frames import PER_SECOND, SAMPLE_RATE, SAMPLES
from mynah.voice.recording import SHORTEST_CLIP_SECONDS, read_recording

LEVEL_DB = -20.0
"""Root mean square of speech, relative to full scale: about that of the recordings that the starter
was trained on."""
PEAK = 0.95
FULL_SCALE = 0.999
HIGHEST_SNR_DB = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Normalised samples, with loudness and speech of each 20 ms.

    Attributes:
        samples: mono at 32 kHz, (640 T,).
        loudness: dB relative to full scale, (T,).
        speech: mask of the frames that are no pause, (T,).
        clipped: share of the recording's samples that are at full scale.
        snr_db: level of the speech above that of the pauses.
    """

    samples: NDArray[np.float32]
    loudness: NDArray[np.float64]
    speech: NDArray[np.bool_]
    clipped: float
    snr_db: float

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.loudness) / PER_SECOND


def read_sound(path: Path, denoiser: Denoiser | None = None) -> Sound:
    """Read a recording, denoise it if a denoiser is given, and normalise its speech level.

    Raises:
        RecordingError: it cannot be read, is silent, badly clipped, or too short.
    """
    recording = read_recording(path, SHORTEST_CLIP_SECONDS)
    clipped = float((np.abs(recording.samples) >= FULL_SCALE).mean())
    clean = denoiser(recording) if denoiser else recording
    samples = clean.at(SAMPLE_RATE).samples
    samples = samples[: len(samples) // SAMPLES * SAMPLES]
    levels = loudness(samples)
    speech = speech_frames(levels)
    power = _mean_power(levels[speech])
    gain = min(10 ** (LEVEL_DB / 20) / np.sqrt(power), PEAK / float(np.abs(samples).max()))
    return Sound(
        samples=(samples * gain).astype(np.float32),
        loudness=levels + 20 * np.log10(gain),
        speech=speech,
        clipped=clipped,
        snr_db=_snr_db(power, levels, speech),
    )


def _mean_power(levels: NDArray[np.float64]) -> float:
    return float((10 ** (levels / 10)).mean())


def _snr_db(power: float, levels: NDArray[np.float64], speech: NDArray[np.bool_]) -> float:
    # A recording without any pause still has its quietest moments.
    quiet = levels[~speech] if not speech.all() else np.percentile(levels, [5])
    return min(float(10 * np.log10(power) - np.median(quiet)), HIGHEST_SNR_DB)
