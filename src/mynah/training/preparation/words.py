"""The words of a recording: sentence by sentence, found in time or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mynah.text.frontend import analyse
from mynah.text.symbols import MARKS, SymbolTable
from mynah.training.preparation.activity import quietest, runs
from mynah.training.preparation.alignment import align
from mynah.training.preparation.frames import Span
from mynah.training.preparation.sound import Sound

LEAST_MARGIN = 1.5
"""Nats a phoneme. An encoder of 1.5 nats of CTC loss gave the words of 81 clauses 2.7 to 8.5 and
wrong words -0.9 to 1.8, one in thirty of these above 1.5."""

_UNHEARD = MARKS | {"SP2", "SP3", "UNK"}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, or a clause of a long one, that is to be found in a recording.

    Attributes:
        text: as it is written.
        labels: ids of its phonemes, without what cannot be heard.
    """

    text: str
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A line and where it was looked for.

    Attributes:
        line: the words.
        span: its frames, up to the pauses around it.
        matches: whether it was said there.
    """

    line: Line
    span: Span
    matches: bool


def lines(text: str, language: str) -> list[Line]:
    """Cuts a text at its marks.

    Raises:
        TextError, LanguageError: it cannot be pronounced.
    """
    table = SymbolTable.of("v2")
    found = []
    for sentence in analyse(text, language):
        heard = [phone for phone in sentence.phones if phone not in _UNHEARD]
        if heard:
            found.append(Line(sentence.text, tuple(table.encode(heard))))
    return found


def find(words: Sequence[Line], sound: Sound, scores: NDArray[np.floating]) -> list[Heard] | None:
    """Finds lines in a recording.

    Args:
        words: in the order in which they were read.
        sound: of T frames.
        scores: log-probabilities (T, classes) of phonemes.

    Returns:
        As many as lines; None if they cannot all have been said in this time.
    """
    aligned = align(scores, [line.labels for line in words])
    if aligned is None:
        return None
    spans = _to_pauses([each.span for each in aligned], sound)
    return [
        Heard(line, span, each.margin >= LEAST_MARGIN)
        for line, span, each in zip(words, spans, aligned, strict=True)
    ]


def _to_pauses(spans: Sequence[Span], sound: Sound) -> list[Span]:
    """Widens each to the pauses around it, but not into its neighbours."""
    borders = [_border(Span(a.end, b.start), sound) for a, b in pairwise(spans)]
    rooms = pairwise([0, *borders, len(sound.speech)])
    return [
        Span(_pause_before(span, room[0], sound.speech), _pause_after(span, room[1], sound.speech))
        for span, room in zip(spans, rooms, strict=True)
    ]


def _border(between: Span, sound: Sound) -> int:
    """The middle of the longest pause between two lines; without one, the quietest frame."""
    pauses = runs(~sound.speech[between.start : between.end])
    if not pauses:
        return quietest(between, sound.loudness)
    longest = max(pauses, key=lambda pause: pause.frames)
    return between.start + (longest.start + longest.end) // 2


def _pause_before(span: Span, least: int, speech: NDArray[np.bool_]) -> int:
    quiet = np.flatnonzero(~speech[least : span.start])
    return least + int(quiet[-1]) + 1 if len(quiet) else least


def _pause_after(span: Span, most: int, speech: NDArray[np.bool_]) -> int:
    quiet = np.flatnonzero(~speech[span.end : most])
    return span.end + int(quiet[0]) if len(quiet) else most
