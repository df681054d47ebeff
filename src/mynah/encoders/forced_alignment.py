"""Forced alignment: when each phoneme of known sentences is said in a recording.

The likeliest way through the states of CTC (Graves et al. 2006) over a whole recording. Between
sentences any sound is allowed at a cost, so that speech besides the text moves nothing.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mynah.encoders.viterbi import viterbi_path

ANYTHING_COSTS = 2.0
"""Nats a frame for a sound that the text does not have."""

Labels = Sequence[int]
"""Ids of phonemes."""
Frames = tuple[int, int]
"""The first frame, and the one after the last."""


def align_labels(
    scores: NDArray[np.floating], sentences: Sequence[Labels]
) -> list[list[Frames]] | None:
    """Align sentences with a recording.

    Args:
        scores: log-probabilities (T, classes) of the CTC head, the last class blank.
        sentences: audible phonemes of each, at least one in each.

    Returns:
        The frames of each phoneme of each sentence; None if the recording is too short for all.
    """
    if sum(_least_frames(labels) for labels in sentences) + len(sentences) > len(scores):
        return None
    path = _path(with_anything(scores), sentences)
    found, first = [], 1
    for labels in sentences:
        states = np.arange(first, first + 2 * len(labels), 2)
        starts, ends = np.searchsorted(path, states), np.searchsorted(path, states + 1)
        found.append(list(zip(starts.tolist(), ends.tolist(), strict=True)))
        first += 2 * len(labels)
    return found


def with_anything(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores with one more class, that of any sound between sentences."""
    anything = np.maximum(scores[:, -1], scores.max(axis=1) - ANYTHING_COSTS)
    return np.concatenate([scores, anything[:, None]], axis=1)


def path_score(emissions: NDArray[np.floating], labels: Labels) -> float:
    """Log-probability of the likeliest way of phonemes through scores `with_anything`."""
    path = _path(emissions, [labels])
    classes = _classes([labels], emissions.shape[1])[path]
    return float(emissions[np.arange(len(emissions)), classes].sum())


def _least_frames(labels: Labels) -> int:
    return len(labels) + sum(a == b for a, b in pairwise(labels))


def _path(emissions: NDArray[np.floating], sentences: Sequence[Labels]) -> NDArray[np.int64]:
    classes = _classes(sentences, emissions.shape[1])
    return viterbi_path(emissions, classes, _skippable(classes))


def _classes(sentences: Sequence[Labels], count: int) -> NDArray[np.int64]:
    """Classes of the states: labels at odd places, and blank or any sound at even ones."""
    blank, anything = count - 2, count - 1
    classes = [anything]
    for labels in sentences:
        classes += [each for label in labels for each in (label, blank)]
        classes[-1] = anything
    return np.array(classes)


def _skippable(classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of the even places, except between equal labels, which CTC would merge."""
    skippable: NDArray[np.bool_] = np.arange(len(classes)) % 2 == 0
    skippable[2:-2:2] = classes[1:-3:2] != classes[3:-1:2]
    return skippable
