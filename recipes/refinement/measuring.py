"""Measures every saying: WORLD's smooth part at the pitch that was told, mel and samples."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyworld
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from rich.progress import track

from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN
from mynah.audio.log_mel import log_mel
from mynah.audio.spectrogram import HOP, SAMPLE_RATE, linear_spectrogram
from recipes.refinement.measured import Measured, path_of
from recipes.refinement.sayings import LOWEST_PITCH, Saying
from recipes.starter.measuring import smooth_part_at
from recipes.starter.timing import TOKEN

PERIOD = 0.005
TRUSTED = 0.15
"""Share by which the pitch that is heard may differ from what was told, lest it is an octave."""


def measure(saying: Saying) -> Measured:
    """Reads a recording and measures it."""
    frames = len(saying.tokens) * FRAMES_PER_TOKEN
    audio, rate = soundfile.read(saying.path, dtype="float32")
    audio = soxr.resample(audio, rate, SAMPLE_RATE)
    audio = np.pad(audio, (0, max(0, frames * HOP - len(audio))))[: frames * HOP]
    samples = audio.astype(np.float64)
    times = PERIOD * np.arange(len(samples) // (HOP // 4) + 1, dtype=np.float64)
    smooth = smooth_part_at(samples, _pitch(saying, samples, times), times)
    mel = log_mel(linear_spectrogram(torch.from_numpy(audio)[None]))[0].T.numpy()
    whole = np.round(audio.clip(-1, 1) * 32767).astype(np.int16)
    return Measured(smooth.astype(np.float16), mel[:frames].astype(np.float16), whole)


def _pitch(
    saying: Saying, samples: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    told = saying.pitch.ravel()
    at = (times / TOKEN * saying.pitch.shape[1]).astype(int).clip(0, len(told) - 1)
    pitch = np.where(told[at] > LOWEST_PITCH, told[at], 0.0)
    heard = pyworld.stonemask(samples, pitch, times, SAMPLE_RATE)
    near = np.abs(heard - pitch) < TRUSTED * pitch
    return np.where(near & (heard > 0), heard, pitch)


def measure_all(sayings: Sequence[Saying], work: Path, workers: int) -> None:
    """Writes `measured/NNNNN.npz` for each; those that are there stay."""
    folder = work / "measured"
    folder.mkdir(parents=True, exist_ok=True)
    left = [(n, saying) for n, saying in enumerate(sayings) if not path_of(work, n).exists()]
    # A forked process would wait for ever for threads of torch that only its parent has.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        found = pool.map(measure, [saying for _, saying in left], chunksize=8)
        for (number, _), measured in zip(left, track(found, "measuring", len(left)), strict=True):
            partial = folder / "partial.npz"
            np.savez(partial, **measured._asdict())
            partial.replace(path_of(work, number))
