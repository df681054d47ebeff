"""Batches of whole sayings, each with a reference by the same speaker, under any colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN
from mynah.audio.spectrogram import SAMPLE_RATE, linear_spectrogram, mel_filterbank
from recipes.refinement import measured
from recipes.refinement.sayings import Saying, apart
from recipes.starter.corpus import grouped
from recipes.starter.disguise import COLOUR, KNOTS, PLACES, Disguise
from recipes.starter.sentences import weights_of
from recipes.starter.timing import TOKEN, UNKNOWN

COLOURED = 0.7
"""Share of the sayings that sound through another microphone."""
REFERENCE_SECONDS = (2.0, 5.0)
LEVELS = (0.3, 1.3)
"""A microphone's level is nobody's timbre."""
_FILTERS = mel_filterbank(80, 1024, 22_050, 8_000.0).numpy()
MEL_BANDS = (_FILTERS @ np.linspace(0.0, SAMPLE_RATE / 4, _FILTERS.shape[1])) / _FILTERS.sum(axis=1)
"""Hertz of the bands of `log_mel`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of different lengths; what is said of frames is said of 20 ms.

    Attributes:
        codes: (rows, tokens).
        lengths: tokens of each row.
        phones: (rows, phonemes).
        phone_lengths: phonemes of each row.
        places: of each frame's phoneme, -1 in pauses and behind the end, (rows, frames).
        sounds: of each frame, -1 behind the end, (rows, frames).
        weights: how much a frame counts, (rows, 1, frames).
        smooth: standardised, (rows, 69, frames).
        mel: standardised, (rows, 80, frames); as of the undisguised where rows are disguised.
        reference: (rows, 1025, frames of their own).
        reference_mask: (rows, 1, frames of their own).
    """

    codes: Tensor
    lengths: Tensor
    phones: Tensor
    phone_lengths: Tensor
    places: Tensor
    sounds: Tensor
    weights: Tensor
    smooth: Tensor
    mel: Tensor
    reference: Tensor
    reference_mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


class Batches:
    """Draws batches of sayings.

    Args:
        sayings: all of them.
        work: where they were measured.
        standards: mean and deviation of `smooth` and `mel`, see `standards`.
    """

    def __init__(self, sayings: Sequence[Saying], work: Path, standards: dict[str, Tensor]) -> None:
        self.sayings, self.work, self.standards = sayings, work, standards
        self.learnt, self.held_out = apart(sayings)
        self._measured = measured.read(work, len(sayings))
        self._fellows: dict[str, list[int]] = {}
        for number, saying in enumerate(sayings):
            self._fellows.setdefault(saying.speaker, []).append(number)

    def groups(self, numbers: Sequence[int], seconds: float, seed: int) -> list[list[int]]:
        """All of some sayings once, in groups of like length, about `seconds` of sound each."""
        lengths = np.array([len(self.sayings[n].tokens) * TOKEN for n in numbers])
        return [[numbers[at] for at in group] for group in grouped(lengths, seconds, seed)]

    def batch(
        self, numbers: Sequence[int], rng: np.random.Generator, *, disguised: bool, plain: bool
    ) -> Batch:
        """Some sayings.

        Args:
            numbers: of the sayings.
            rng: source of chance.
            disguised: by another throat too, which mels are not.
            plain: without any colours, as they are measured.
        """
        sayings = [self.sayings[n] for n in numbers]
        disguises = [_disguise(rng, disguised=disguised, plain=plain) for _ in numbers]
        pairs = list(zip(numbers, disguises, strict=True))
        references = [self._reference(n, disguise, rng) for n, disguise in pairs]
        heard = torch.tensor([len(row) for row in references])
        reference = pad_sequence(references, batch_first=True).transpose(1, 2)
        return Batch(
            codes=_padded([s.tokens for s in sayings]),
            lengths=torch.tensor([len(s.tokens) for s in sayings]),
            phones=_padded([s.phones for s in sayings]),
            phone_lengths=torch.tensor([len(s.phones) for s in sayings]),
            places=_padded([_per_frame(s.places) for s in sayings], UNKNOWN),
            sounds=_padded([_per_frame(s.sounds) for s in sayings], UNKNOWN),
            weights=pad_sequence([weights_of(s.sounds.tolist()) for s in sayings], True)[:, None],
            smooth=self._standard("smooth", [self._smooth(*pair) for pair in pairs]),
            mel=self._standard("mel", [self._mel(*pair) for pair in pairs]),
            reference=reference,
            reference_mask=torch.arange(reference.shape[2]) < heard[:, None, None],
        )

    def _smooth(self, number: int, disguise: Disguise) -> Tensor:
        rows = torch.from_numpy(self._measured[number].smooth.astype(np.float32))
        return disguise.smooth(rows)

    def _mel(self, number: int, disguise: Disguise) -> Tensor:
        louder = np.interp(MEL_BANDS, KNOTS, disguise.colour)
        return torch.from_numpy((self._measured[number].mel + louder).astype(np.float32))

    def _standard(self, name: str, rows: list[Tensor]) -> Tensor:
        mean, deviation = (self.standards[f"{name}_{part}"] for part in ("mean", "deviation"))
        return pad_sequence([(row - mean) / deviation for row in rows], True).transpose(1, 2)

    def _reference(self, number: int, disguise: Disguise, rng: np.random.Generator) -> Tensor:
        """A linear spectrogram (T, 1025) of any saying of the speaker."""
        samples = self._measured[rng.choice(self._fellows[self.sayings[number].speaker])].samples
        length = int(rng.uniform(*REFERENCE_SECONDS) * SAMPLE_RATE)
        start = int(rng.integers(max(1, len(samples) - length)))
        part = samples[start : start + length].astype(np.float32) / np.float32(32767.0)
        heard = linear_spectrogram(torch.from_numpy(part * np.float32(rng.uniform(*LEVELS)))[None])
        return disguise.spectrogram(heard)[0].T


def _disguise(rng: np.random.Generator, *, disguised: bool, plain: bool) -> Disguise:
    if disguised:
        return Disguise.draw(rng)
    coloured = not plain and rng.random() < COLOURED
    colour = COLOUR * rng.normal(size=len(KNOTS)) if coloured else np.zeros(len(KNOTS))
    return Disguise(1.0, np.ones(len(PLACES)), colour)


def _per_frame(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(rows, FRAMES_PER_TOKEN)


def _padded(rows: list[NDArray[np.int64]], padding: int = 0) -> Tensor:
    return pad_sequence([torch.from_numpy(row) for row in rows], True, padding)
