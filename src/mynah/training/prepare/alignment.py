"""Alignment of the sentences of a text with a recording, and a check that each was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.encoders.forced_alignment import align_labels, path_score, with_anything
from mynah.text.frontend import analyse
from mynah.text.symbols import INAUDIBLE, SymbolTable
from mynah.training.prepare.activity import halved, quietest, runs
from mynah.training.prepare.frames import PER_SECOND, SAMPLE_RATE, Span
from mynah.training.prepare.sound import Sound
from mynah.voice.tokens import CONTENT_RATE

NEAR = 15
"""Frames around a sentence within which its reversed phonemes are scored."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """An aligned sentence.

    Attributes:
        span: from its first phoneme to its last.
        margin: nats per phoneme by which it fits better there than its phonemes in reverse order.
            Near 0 it was not said; the encoder's quality matters little, because it scores both.
    """

    span: Span
    margin: float


def align(scores: NDArray[np.floating], sentences: Sequence[Sequence[int]]) -> list[Aligned] | None:
    """Align sentences with a recording.

    Args:
        scores: log-probabilities (T, classes) of the CTC head, the last class blank.
        sentences: audible phonemes of each, at least one in each.

    Returns:
        As many as sentences; None if the recording is too short to hold them.
    """
    found = align_labels(scores, sentences)
    if found is None:
        return None
    emissions = with_anything(scores)
    spans = [Span(frames[0][0], frames[-1][1]) for frames in found]
    return [
        Aligned(span, _margin(emissions, labels, span))
        for labels, span in zip(sentences, spans, strict=True)
    ]


def _margin(emissions: NDArray[np.floating], labels: Sequence[int], span: Span) -> float:
    near = emissions[max(0, span.start - NEAR) : span.end + NEAR]
    forward, backward = (path_score(near, order) for order in (labels, labels[::-1]))
    return (forward - backward) / len(labels)


LEAST_MARGIN = 1.5
"""Nats a phoneme. An encoder of 1.5 nats of CTC loss gave the words of 81 clauses 2.7 to 8.5 and
wrong words -0.9 to 1.8, one in thirty of these above 1.5.
"""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A sentence, or a clause of a long one, with the ids of its audible phonemes."""

    text: str
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A line aligned with a recording.

    Attributes:
        line: the words.
        span: its frames, up to the pauses around it.
        matches: True if it was said there.
    """

    line: TextLine
    span: Span
    matches: bool


def lines(text: str, language: str) -> list[TextLine]:
    """Cut a text at its punctuation.

    Raises:
        TextError, LanguageError: it cannot be pronounced.
    """
    table = SymbolTable.of("v2")
    found = []
    for sentence in analyse(text, language):
        audible = [phone for phone in sentence.phones if phone not in INAUDIBLE]
        if audible:
            found.append(TextLine(sentence.text, tuple(table.encode(audible))))
    return found


def find(
    words: Sequence[TextLine], sound: Sound, scores: NDArray[np.floating]
) -> list[AlignedText] | None:
    """Align lines with a recording.

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
        AlignedText(line, span, each.margin >= LEAST_MARGIN)
        for line, span, each in zip(words, spans, aligned, strict=True)
    ]


def _to_pauses(spans: Sequence[Span], sound: Sound) -> list[Span]:
    """Widen each span to the pauses around it, but not into its neighbours."""
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


LONGEST_WINDOW = 10 * PER_SECOND
"""Frames; the encoder was trained on sentences, not on minutes."""
SHORTEST_WINDOW = 1 * PER_SECOND
_HOP = CONTENT_RATE // PER_SECOND


def frame_scores(sound: Sound, scores: PhonemeScores) -> NDArray[np.float32]:
    """Log-probabilities (T, classes) for each frame of a whole recording."""
    samples = Recording(sound.samples, SAMPLE_RATE).at(CONTENT_RATE).samples
    whole = Span(0, len(sound.loudness))
    windows = halved(whole, sound.loudness, LONGEST_WINDOW, SHORTEST_WINDOW)
    parts = (samples[window.start * _HOP : window.end * _HOP] for window in windows)
    return np.concatenate([scores(torch.from_numpy(part)[None])[0].numpy() for part in parts])
