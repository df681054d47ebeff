"""Measures the frames of recordings: WORLD's smooth part, and the mel that the vocoder reads."""

from pathlib import Path

import numpy as np
import pyworld
import torch
from numpy.typing import NDArray
from rich.progress import track

from mynah.audio.log_mel import BANDS, log_mel
from mynah.audio.spectrogram import HOP, SAMPLE_RATE, linear_spectrogram
from recipes.starter.corpus import Track
from recipes.starter.frames import (
    ENVELOPE_FILTERS,
    PITCH_COPIES,
    SMOOTH_CHANNELS,
)

LOWEST_PITCH, HIGHEST_PITCH = 60.0, 600.0


def smooth_part(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of log envelope (60), log pitch (4 times), voicing (1) and aperiodicity (4): (T, 69)."""
    samples = audio.astype(np.float64)
    pitch, times = pyworld.dio(samples, SAMPLE_RATE, LOWEST_PITCH, HIGHEST_PITCH, frame_period=5.0)
    pitch = pyworld.stonemask(samples, pitch, times, SAMPLE_RATE)
    return smooth_part_at(samples, pitch, times)


def smooth_part_at(
    samples: NDArray[np.float64], pitch: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The same where the pitch is known.

    An envelope is the mean power of what WORLD sees every 5 ms, because it looks at 6 ms of a
    sound without a voice: once in 20 ms it would miss the burst of a stop, and hiss at random.

    Args:
        samples: at 32 kHz.
        pitch: hertz, 0 where there is no voice.
        times: seconds of each pitch, 5 ms apart.
    """
    frames = len(samples) // HOP
    envelope = _mean_power(pyworld.cheaptrick(samples, pitch, times, SAMPLE_RATE), frames)
    # A spectrogram's frame is centred 10 ms into its hop.
    pitch, times = pitch[2::4][:frames].copy(), times[2::4][:frames].copy()
    rough = pyworld.d4c(samples, pitch, times, SAMPLE_RATE)
    bands = np.log(np.maximum(envelope @ ENVELOPE_FILTERS.numpy().T, 1e-6))
    columns = [
        bands,
        np.repeat(_through_silence(pitch)[:, None], PITCH_COPIES, axis=1),
        (pitch > 0)[:, None],
        pyworld.code_aperiodicity(rough, SAMPLE_RATE),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _mean_power(powers: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Magnitudes (frames, F) of powers (>= 4 frames, F) on a grid of 5 ms, ends counting half."""
    padded = np.pad(powers, ((0, max(0, 4 * frames + 1 - len(powers))), (0, 0)), mode="edge")
    counts = (0.5, 1.0, 1.0, 1.0, 0.5)
    total = sum(c * padded[n : n + 4 * frames : 4] for n, c in enumerate(counts))
    return np.sqrt(np.asarray(total) / sum(counts))


def _through_silence(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log pitch, drawn as a line through frames without a voice."""
    voiced = np.flatnonzero(pitch > 0)
    if not len(voiced):
        return np.full(len(pitch), np.log(170.0))
    return np.interp(np.arange(len(pitch)), voiced, np.log(pitch[voiced]))


def write_frames(work: Path) -> None:
    """Writes `smooth.npy` and `mel.npy`, a row each 20 ms of the track, and their statistics."""
    tape = Track(work)
    rows = max((clip.start + clip.length) // HOP for clip in tape.clips)
    tables = {
        name: np.lib.format.open_memmap(work / f"{name}.npy", "w+", np.float16, (rows, channels))
        for name, channels in (("smooth", SMOOTH_CHANNELS), ("mel", BANDS))
    }
    for clip in track(tape.clips, description="measuring frames"):
        audio, first = tape.audio(clip), clip.start // HOP
        mel = log_mel(linear_spectrogram(torch.from_numpy(audio)[None]))[0].T.numpy()
        for name, block in (("smooth", smooth_part(audio)), ("mel", mel)):
            tables[name][first : first + len(block)] = block
    statistics = {}
    for name, table in tables.items():
        sample = np.asarray(table[:: max(1, rows // 200_000)], np.float32)
        statistics[f"{name}_mean"], statistics[f"{name}_deviation"] = sample.mean(0), sample.std(0)
    np.savez(work / "frames.npz", **statistics)
