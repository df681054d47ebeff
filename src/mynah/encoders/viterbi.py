"""The likeliest way through states that follow one another (Viterbi 1967)."""

import numpy as np
from numpy.typing import NDArray

NEVER = -np.inf


def viterbi_path(
    scores: NDArray[np.floating], classes: NDArray[np.int64], skippable: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For each frame its state; states are passed in order and only skippable ones are left out.

    Args:
        scores: log-likelihoods (T, C) of each class.
        classes: class of each state, in order of time, (S,).
        skippable: which states may be left out, (S,), no two side by side.

    Returns:
        States (T,). There must be time for all that may not be left out.
    """
    frames, states = len(scores), len(classes)
    over = np.full(states, NEVER)
    over[2:][skippable[1:-1]] = 0.0
    best = np.full(states, NEVER)
    best[: 1 + bool(skippable[0])] = 0.0
    best += scores[0, classes]
    step, skip = np.full(states, NEVER), np.full(states, NEVER)
    came = np.zeros((frames, states), np.int8)
    for frame in range(1, frames):
        step[1:] = best[:-1]
        skip[2:] = best[:-2] + over[2:]
        moved = step > best
        best = np.where(moved, step, best)
        jumped = skip > best
        best = np.where(jumped, skip, best)
        came[frame] = np.where(jumped, 2, moved)
        best += scores[frame, classes]
    return _backtrack(came, states - 1 - int(_ends_early(best, skippable)))


def _ends_early(best: NDArray[np.floating], skippable: NDArray[np.bool_]) -> bool:
    return len(best) > 1 and bool(skippable[-1]) and bool(best[-2] > best[-1])


def _backtrack(came: NDArray[np.int8], last: int) -> NDArray[np.int64]:
    path = np.full(len(came), last, np.int64)
    for frame in range(len(came) - 1, 0, -1):
        path[frame - 1] = path[frame] - came[frame, path[frame]]
    return path
