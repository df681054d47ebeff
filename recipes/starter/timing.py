"""Letters at lengths of whole tokens, so that what is dictated needs no alignment.

A voice that plans how long each letter lasts can be told so as well. Phonemes are given lengths
near those that it planned by itself, but they begin and end where tokens do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME = 0.025
"""Seconds of what the voice plans in."""
TOKEN = 0.04
UNKNOWN = -1
"""The place of a token that says no phoneme."""
AHEAD = 0.058
"""Seconds by which sound runs ahead of what was planned; measured on the levels of bursts."""
LEAD, TAIL = 2, 4
"""Tokens of silence before the first phoneme and after the last."""
RUN_UP = 14
"""Frames of silence that the voice says before the lead, and which are cut: it spoils whatever
comes within the first third of a second, and with less the first sound was garbled."""
RUN_OUT = 8
"""Frames of silence after the tail, which are cut too."""
BETWEEN_WORDS = 4
"""Frames of a planned space that is no pause, but the end of the sound before it."""
LONGEST_VOWEL, LONGEST_CONSONANT, LONGEST_PAUSE = 0.32, 0.2, 0.5
"""Seconds."""
MOST_OWED = 0.6
"""Tokens by which a phoneme may begin too early or late for the sake of those before it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of Kokoro's alphabet, and the phonemes of the sentence that it writes, if any."""

    text: str
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """When everything is said.

    Attributes:
        frames: of the silence before, of each letter and of the silence behind, (letters + 2,).
        origin: seconds into the sound at which the first token begins.
        places: of each token, the place of its phoneme; `UNKNOWN` in a pause.
    """

    frames: NDArray[np.float32]
    origin: float
    places: list[int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A phoneme or a pause: its place, and its letters' numbers with their share in it."""

    place: int
    letters: list[tuple[int, float]]

    def planned(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Frames that each of its letters was planned to last in it."""
        return np.array([frames[number + 1] * share for number, share in self.letters])


def segments(letters: Sequence[Letter], planned: NDArray[np.float32]) -> list[Segment]:
    """Phonemes and pauses in their order, the last of them a phoneme.

    Args:
        letters: of the sentence.
        planned: frames as the voice would have them, (letters + 2,).
    """
    found: list[Segment] = []
    for number, letter in enumerate(letters):
        space = letter.text == " " and planned[number + 1] <= BETWEEN_WORDS
        for place in letter.places or (UNKNOWN,):
            part = (number, 1.0 / max(1, len(letter.places)))
            joins = found and (found[-1].place == place or (place == UNKNOWN and space))
            if joins:
                found[-1].letters.append(part)
            else:
                found.append(Segment(place, [part]))
    while found and found[-1].place == UNKNOWN:
        found.pop()
    return found


def whole_tokens(
    letters: Sequence[Letter], planned: NDArray[np.float32], phones: Sequence[str], size: float
) -> Timing:
    """Lengths near the planned ones at which every phoneme lasts for whole tokens.

    Args:
        letters: of the sentence.
        planned: frames as the voice would have them, (letters + 2,).
        phones: of the sentence.
        size: by which everything will last shorter when it is played that much faster.
    """
    parts = segments(letters, planned)
    tokens = _rounded(parts, planned, phones)
    # In frames of a voice that will be played faster.
    lead = LEAD * TOKEN * size / FRAME
    before = int(np.ceil(lead)) + RUN_UP
    ends = np.round((LEAD + np.cumsum(tokens)) * TOKEN * size / FRAME + before - lead).astype(int)
    frames = np.zeros(len(letters) + 2, np.float32)
    frames[0] = before
    for part, begin, end in zip(parts, [before, *ends[:-1]], ends, strict=True):
        cuts = np.round(_shares(part.planned(planned)) * (end - begin))
        for (number, _), length in zip(part.letters, np.diff(cuts), strict=True):
            frames[number + 1] += length
    _silence_after(frames, parts[-1], size)
    spoken = [part.place for part, count in zip(parts, tokens, strict=True) for _ in range(count)]
    places = [UNKNOWN] * LEAD + spoken + [UNKNOWN] * TAIL
    return Timing(frames, (before - lead) * FRAME - AHEAD, places)


def _rounded(
    parts: list[Segment], planned: NDArray[np.float32], phones: Sequence[str]
) -> list[int]:
    """Tokens of each part: at least one of a phoneme, and what is rounded away goes to the next."""
    counts, owed = [], 0.0
    for part in parts:
        natural = float(part.planned(planned).sum()) * FRAME
        wanted = min(natural, _longest(part.place, phones)) / TOKEN
        count = max(0 if part.place == UNKNOWN else 1, round(wanted + owed))
        owed = float(np.clip(owed + wanted - count, -MOST_OWED, MOST_OWED))
        counts.append(count)
    return counts


def _longest(place: int, phones: Sequence[str]) -> float:
    if place == UNKNOWN:
        return LONGEST_PAUSE
    return LONGEST_VOWEL if phones[place][-1].isdigit() else LONGEST_CONSONANT


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ends of letters in the time that they share, from 0 to 1."""
    return np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])


def _silence_after(frames: NDArray[np.float32], last: Segment, size: float) -> None:
    """Gives a frame to each mark behind the last phoneme, and the rest to the silence there."""
    marks = slice(max(number for number, _ in last.letters) + 2, len(frames) - 1)
    silence = int(np.ceil(TAIL * TOKEN * size / FRAME)) + RUN_OUT
    frames[marks] = 1
    frames[-1] = max(silence - (marks.stop - marks.start), 2)
