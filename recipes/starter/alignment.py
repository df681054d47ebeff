"""When each phoneme of a recording is spoken, to 20 ms.

A small network learns to name the sound of each frame from what a large recogniser hears, and the
likeliest way through a sentence tells it where its phonemes are; both in turn, from a first guess
that gives every phoneme the same time (Viterbi training of a hidden Markov model).
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.audio.spectrogram import HOP, SAMPLE_RATE
from mynah.encoders.viterbi import viterbi_path
from recipes.starter.corpus import Clip, Track, batches
from recipes.starter.labels import is_heard, read_phones
from recipes.starter.sounds import SILENT, UNKNOWN, Sounds

WIDTH = 768
HIDDEN = 256
ROUNDS = 3
SECONDS = 60.0
RATE = 1e-3


class Listener(nn.Module):
    """Names the sound of each frame: features (B, T, 768) to scores (B, T, sounds)."""

    def __init__(self, sounds: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(WIDTH, HIDDEN, 3, padding=1)
        self.wide = nn.Conv1d(HIDDEN, HIDDEN, 5, padding=2)
        self.sounds = nn.Conv1d(HIDDEN, sounds, 1)

    def forward(self, features: Tensor) -> Tensor:
        x = F.gelu(self.near(features.transpose(1, 2)))
        return self.sounds(F.dropout(x + F.gelu(self.wide(x)), 0.3, self.training)).transpose(1, 2)


class Aligner:
    """Finds the phonemes of all recordings with words."""

    def __init__(self, work: Path) -> None:
        self.clips, self.phones = Track(work).clips, read_phones(work)
        self.features = np.load(work / "teacher.npy", mmap_mode="r")
        self.sounds = Sounds(self.phones)
        rows = max((clip.start + clip.length) // 640 for clip in self.clips)
        self.places = np.full(rows, UNKNOWN, np.int16)
        self.heard = np.full(rows, UNKNOWN, np.int16)
        self.listener = Listener(len(self.sounds.names))
        for number, clip in enumerate(self.clips):
            states = self._states(number)
            if clip.spans:
                self._write(clip, told_path(clip, self.phones[number], self.sounds.of_phone))
            elif len(states) and len(states) <= clip.frames:
                steps = np.arange(clip.frames) * len(states) // clip.frames
                self._write(clip, states[steps])

    def _states(self, number: int) -> NDArray[np.int64]:
        """Places and sounds in order of time, (S, 2), with a pause at both ends and at marks."""
        row = self.phones[number]
        if not row:
            return np.zeros((0, 2), np.int64)
        states = [(0, SILENT)]
        for place, phone in enumerate(row):
            sound = self.sounds.of_phone[phone] if is_heard(phone) else SILENT
            states.append((place, sound))
        if is_heard(row[-1]):
            states.append((len(row) - 1, SILENT))
        return np.array(states)

    def _write(self, clip: Clip, path: NDArray[np.int64]) -> None:
        first = clip.start // 640
        self.places[first : first + len(path)] = path[:, 0]
        self.heard[first : first + len(path)] = path[:, 1]

    def _read(self, clip: Clip) -> Tensor:
        first = clip.start // 640
        return torch.from_numpy(self.features[first : first + clip.frames].astype(np.float32))

    def learn(self, seed: int) -> float:
        """Goes once through the recordings as they are aligned now; the mean loss in nats."""
        self.listener.train()
        tune = torch.optim.AdamW(self.listener.parameters(), RATE)
        losses = []
        for group in batches(self.clips, SECONDS, seed):
            clips = [self.clips[n] for n in group if self.phones[n]]
            if not clips:
                continue
            wanted = [self.heard[c.start // 640 :][: c.frames].astype(np.int64) for c in clips]
            pad = torch.nn.utils.rnn.pad_sequence
            targets = pad([torch.from_numpy(w) for w in wanted], True, UNKNOWN)
            with torch.autocast("cpu", torch.bfloat16):
                scores = self.listener(pad([self._read(c) for c in clips], True))
            loss = F.cross_entropy(
                scores.float().flatten(0, 1), targets.flatten(), ignore_index=UNKNOWN
            )
            tune.zero_grad()
            loss.backward()
            tune.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    @torch.no_grad()
    def align(self) -> float:
        """Finds the phonemes anew; the share of frames that changed their sound."""
        self.listener.eval()
        before = self.heard.copy()
        for number, clip in enumerate(self.clips):
            if clip.spans:
                continue
            scores = self.listener(self._read(clip)[None])[0].log_softmax(-1).numpy()
            states = self._states(number)
            if len(states) and len(states) <= clip.frames:
                path = viterbi_path(scores, states[:, 1], states[:, 1] == SILENT)
                self._write(clip, states[path])
            elif not len(states):
                # Without words a frame is what it sounds like.
                first = clip.start // 640
                self.heard[first : first + clip.frames] = scores.argmax(1)
        return float((before != self.heard)[before != UNKNOWN].mean())


def told_path(clip: Clip, row: list[int], sound_of: list[int]) -> NDArray[np.int64]:
    """Places and sounds of each 20 ms, (frames, 2), where the recording came with its spans.

    Args:
        clip: a recording with spans.
        row: its phonemes.
        sound_of: the sound of each phoneme.
    """
    ends, states = [clip.spans[0][1]], [(0, SILENT)]
    for (place, _, end), (following, start, _) in pairwise(clip.spans):
        paused = following > place + 1
        ends.append(end if paused else (end + start) / 2)
        states.append((place, sound_of[row[place]]))
        if paused:
            ends.append(start)
            states.append((place + 1, SILENT))
    place, _, end = clip.spans[-1]
    states += [(place, sound_of[row[place]]), (len(row) - 1, SILENT)]
    times = (np.arange(clip.frames) + 0.5) * HOP / SAMPLE_RATE
    return np.array(states)[np.searchsorted([*ends, end], times, side="right")]


def write_alignment(work: Path) -> None:
    """Writes for each 20 ms `alignment.npy`, the place of its phoneme, and `sounds.npy`."""
    torch.manual_seed(0)
    aligner = Aligner(work)
    for number in track(range(ROUNDS), description="aligning"):
        loss = aligner.learn(number)
        changed = aligner.align()
        print(f"round {number}: loss {loss:.3f}, {changed:.1%} of frames moved", flush=True)
    np.save(work / "alignment.npy", aligner.places)
    np.save(work / "sounds.npy", aligner.heard)
