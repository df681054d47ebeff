"""What a teacher was told to say, and when it says each phoneme of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
FRAME = 0.025
AHEAD = 0.05
"""Seconds by which sound runs ahead of what was planned; measured on envelopes."""
BEFORE, AFTER = 0.08, 0.2
"""Seconds of silence that are kept before the first phoneme and after the last."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of Kokoro's alphabet, and the phonemes of the sentence that it writes, if any."""

    text: str
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples at 24 kHz, and from when to when each phoneme is heard: place, start, end."""

    samples: NDArray[np.float32]
    spans: list[tuple[int, float, float]]


def spans(
    letters: Sequence[Letter], planned: Sequence[float], before: float
) -> list[tuple[int, float, float]]:
    """From when to when each phoneme is heard.

    Args:
        letters: of the sentence.
        planned: frames of each letter, and of the silence behind them.
        before: frames of the silence before the first.
    """
    ends = (before + np.cumsum(planned)) * FRAME - AHEAD
    start, found = before * FRAME - AHEAD, dict[int, tuple[float, float]]()
    for letter, end in zip(letters, ends.tolist(), strict=False):
        share = (end - start) / max(1, len(letter.places))
        for number, place in enumerate(letter.places):
            begun, _ = found.get(place, (start + number * share, 0.0))
            found[place] = begun, start + (number + 1) * share
        start = end
    return [(place, *times) for place, times in found.items()]


def trimmed(spoken: Spoken) -> Spoken:
    """The same with short silences at both ends."""
    begin = max(0.0, spoken.spans[0][1] - BEFORE)
    samples = spoken.samples[int(begin * RATE) : int((spoken.spans[-1][2] + AFTER) * RATE)]
    moved = [(p, round(a - begin, 3), round(b - begin, 3)) for p, a, b in spoken.spans]
    return Spoken(samples, moved)
