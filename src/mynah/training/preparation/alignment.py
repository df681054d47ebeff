"""When each sentence of a text is spoken, and whether it is spoken at all.

The likeliest way through the states of CTC (Graves et al. 2006) over a whole recording. Around
sentences anything may be heard at a price, so that what was said besides the text moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mynah.encoders.viterbi import viterbi_path
from mynah.training.preparation.frames import Span

ANYTHING_COSTS = 2.0
"""Nats a frame for a sound that the text does not have."""
NEAR = 15
"""Frames around a sentence in which its phonemes might as well lie in another order."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Where a sentence was found.

    Attributes:
        span: from its first phoneme to its last.
        margin: by how many nats a phoneme it fits better there than the same phonemes in reverse
            order. Near 0 it was not said; how good the encoder is matters little, because both
            are heard by the same.
    """

    span: Span
    margin: float


def align(scores: NDArray[np.floating], sentences: Sequence[Sequence[int]]) -> list[Aligned] | None:
    """Finds sentences in a recording.

    Args:
        scores: log-probabilities (T, classes) of the CTC head, the last class blank.
        sentences: phonemes that can be heard of each, at least one in each.

    Returns:
        As many as sentences; None if the recording is too short to hold them.
    """
    if sum(_least_frames(labels) for labels in sentences) + len(sentences) > len(scores):
        return None
    heard = _with_anything(scores)
    spans = _spans(heard, sentences)
    return [
        Aligned(span, _margin(heard, labels, span))
        for labels, span in zip(sentences, spans, strict=True)
    ]


def _least_frames(labels: Sequence[int]) -> int:
    return len(labels) + sum(a == b for a, b in pairwise(labels))


def _with_anything(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores with one more class, that of whatever is heard between sentences."""
    anything = np.maximum(scores[:, -1], scores.max(axis=1) - ANYTHING_COSTS)
    return np.concatenate([scores, anything[:, None]], axis=1)


def _spans(heard: NDArray[np.floating], sentences: Sequence[Sequence[int]]) -> list[Span]:
    path = _path(heard, sentences)
    spans, first = [], 1
    for labels in sentences:
        last = first + 2 * (len(labels) - 1)
        start, end = np.searchsorted(path, [first, last + 1])
        spans.append(Span(int(start), int(end)))
        first = last + 2
    return spans


def _path(heard: NDArray[np.floating], sentences: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    classes = _classes(sentences, heard.shape[1])
    return viterbi_path(heard, classes, _skippable(classes))


def _classes(sentences: Sequence[Sequence[int]], count: int) -> NDArray[np.int64]:
    """Classes of the states: labels at odd places, and what may be between them at even ones."""
    blank, anything = count - 2, count - 1
    classes = [anything]
    for labels in sentences:
        classes += [each for label in labels for each in (label, blank)]
        classes[-1] = anything
    return np.array(classes)


def _skippable(classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Every state at an even place, but not between equal labels: CTC would hear one."""
    skippable: NDArray[np.bool_] = np.arange(len(classes)) % 2 == 0
    skippable[2:-2:2] = classes[1:-3:2] != classes[3:-1:2]
    return skippable


def _margin(heard: NDArray[np.floating], labels: Sequence[int], span: Span) -> float:
    near = heard[max(0, span.start - NEAR) : span.end + NEAR]
    forward, backward = (_score(near, order) for order in (labels, labels[::-1]))
    return (forward - backward) / len(labels)


def _score(heard: NDArray[np.floating], labels: Sequence[int]) -> float:
    path = _path(heard, [labels])
    classes = _classes([labels], heard.shape[1])[path]
    return float(heard[np.arange(len(heard)), classes].sum())
