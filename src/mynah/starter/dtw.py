"""Dynamic time warping: which frame of a rendering matches which of a recording of the same words.

Tokens that are read in a recording lie some 20 to 80 ms beside their sounds. (Sakoe and Chiba 1978,
"Dynamic programming algorithm optimization for spoken word recognition".)
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BAND = 8
"""Frames that a sound may lie beside its token: 160 ms."""
STEP_COSTS = {0: 1.0, 1: 0.0, 2: 1.0, 3: 2.0}
"""Frames that the rendering advances in one of the recording, and the cost of each step, in units
of distance: two that say the same last about as long."""


def dtw_path(rendered: Tensor, reference: Tensor) -> Tensor:
    """The frames of a rendering that are most like those of a recording, in their order.

    Args:
        rendered: (frames, features).
        reference: the same.

    Returns:
        Numbers of rendered frames, (frames,), none before the one that precedes it.
    """
    cost = torch.cdist(reference, rendered).cpu().numpy().astype(np.float64)
    frames = np.arange(len(cost))
    cost[np.abs(frames[:, None] - frames) > BAND] = np.inf
    best, steps = cost[0], np.zeros(cost.shape, np.int64)
    for frame in frames[1:]:
        ways = np.stack([_shifted(best, step) + price for step, price in STEP_COSTS.items()])
        steps[frame] = ways.argmin(axis=0)
        best = ways.min(axis=0) + cost[frame]
    return torch.from_numpy(_backtrack(steps, int(best.argmin()))).to(rendered.device)


def _shifted(best: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """The same, for places that many frames later."""
    return np.concatenate([np.full(frames, np.inf), best])[: len(best)]


def _backtrack(steps: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    advances, path = list(STEP_COSTS), np.full(len(steps), last)
    for frame in range(len(steps) - 1, 0, -1):
        path[frame - 1] = path[frame] - advances[steps[frame, path[frame]]]
    return path
