"""Batches of whole recordings: what is told of each, what it sounds like, and who speaks."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.audio.spectrogram import HOP, linear_spectrogram
from recipes.starter.corpus import RATE, Clip, Track
from recipes.starter.disguise import Disguise
from recipes.starter.frames import Frames
from recipes.starter.labels import read_phones
from recipes.starter.sounds import UNKNOWN
from recipes.starter.tokens import Tokens

SLOWER = (0.95, 1.4)
UNHEARD = [0]
LONGEST_REFERENCE = 5.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of different lengths: tokens, phonemes, each frame's phoneme, frames and references."""

    codes: Tensor
    lengths: Tensor
    phones: Tensor
    phone_lengths: Tensor
    places: Tensor
    weights: Tensor
    smooth: Tensor
    mel: Tensor
    reference: Tensor
    reference_mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


class Sentences:
    """Draws batches of whole recordings, each with a reference by the same speaker."""

    def __init__(self, work: Path) -> None:
        self.tape = Track(work)
        self.phones = read_phones(work)
        self.tokens = Tokens(work)
        self.frames = Frames(work)
        self.fellows: dict[str, list[Clip]] = {}
        for clip in self.tape.clips:
            self.fellows.setdefault(clip.speaker, []).append(clip)

    def batch(self, numbers: list[int], rng: np.random.Generator, disguised: bool) -> Batch:
        """Everything that the loss of these clips needs; disguised, the mel is not of use."""
        clips = [self.tape.clips[n] for n in numbers]
        pad = torch.nn.utils.rnn.pad_sequence
        told = [self.tokens.of(clip, rng.uniform(*SLOWER)) for clip in clips]
        tokens = [each.tokens for each in told]
        sounds = self.tokens.alphabet.sound_of
        phones = [torch.tensor(self.phones[n] or UNHEARD) for n in numbers]
        disguises = [Disguise.draw(rng) if disguised else None for _ in clips]
        smooth, mel = (
            [
                at_times(each.times, self._frames(name, clip, disguise))
                for clip, each, disguise in zip(clips, told, disguises, strict=True)
            ]
            for name in ("smooth", "mel")
        )
        references = [
            self.reference(clip, disguise, rng)[0].T
            for clip, disguise in zip(clips, disguises, strict=True)
        ]
        reference_lengths = torch.tensor([len(r) for r in references])
        reference = pad(references, batch_first=True).transpose(1, 2)
        return Batch(
            codes=pad([torch.tensor(row) for row in tokens], batch_first=True),
            lengths=torch.tensor([len(t) for t in tokens]),
            phones=pad(phones, batch_first=True),
            phone_lengths=torch.tensor([len(p) for p in phones]),
            places=pad(
                [torch.tensor(each.places).repeat_interleave(2) for each in told], True, UNKNOWN
            ),
            weights=pad(
                [weights_of([sounds[token] for token in row]) for row in tokens], batch_first=True
            )[:, None],
            smooth=pad(smooth, batch_first=True).transpose(1, 2),
            mel=pad(mel, batch_first=True).transpose(1, 2),
            reference=reference,
            reference_mask=torch.arange(reference.shape[2]) < reference_lengths[:, None, None],
        )

    def _frames(self, name: str, clip: Clip, disguise: Disguise | None) -> Tensor:
        change = disguise.smooth if disguise and name == "smooth" else None
        return self.frames.read(name, clip.start // HOP, clip.frames, change)

    def reference(self, clip: Clip, disguise: Disguise | None, rng: np.random.Generator) -> Tensor:
        """A linear spectrogram (1, 1025, T) of the clip's speaker, from any of the recordings."""
        fellows = self.fellows[clip.speaker]
        chosen = fellows[rng.integers(len(fellows))]
        length = int(rng.uniform(2.0, LONGEST_REFERENCE) * RATE)
        start = int(rng.integers(max(1, chosen.length - length)))
        # A microphone's level is nobody's timbre.
        samples = self.tape.audio(chosen, start, length) * np.float32(rng.uniform(0.3, 1.3))
        heard = linear_spectrogram(torch.from_numpy(samples)[None])
        return disguise.spectrogram(heard) if disguise else heard


def weights_of(sounds: list[int]) -> Tensor:
    """Weights of the frames of tokens' sounds, larger in short sounds; their mean is 1."""
    lengths = [len(list(run)) for _, run in groupby(sounds)]
    lasting = np.repeat(lengths, lengths)
    weights = torch.from_numpy(1.0 / np.sqrt(lasting)).float()
    return (weights / weights.mean()).repeat_interleave(2)


def at_times(times: NDArray[np.float64], block: Tensor) -> Tensor:
    """Rows of (T, C) at times between them."""
    lower = torch.from_numpy(np.floor(times).astype(np.int64)).clamp(max=max(0, len(block) - 2))
    part = (torch.from_numpy(times) - lower).float()[:, None]
    return torch.lerp(block[lower], block[lower + 1], part)
