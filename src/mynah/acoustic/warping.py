"""Which frame of a rendering is which of the recording of the same words: dynamic time warping.

Tokens that are read in a recording lie some 20 to 80 ms beside their sounds. (Sakoe and Chiba 1978,
"Dynamic programming algorithm optimization for spoken word recognition".)
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FURTHEST = 8
"""Frames that a sound may lie beside its token: 160 ms."""
PACES = {0: 1.0, 1: 0.0, 2: 1.0, 3: 2.0}
"""Frames of the rendering that go by in one of the recording, and what each pace costs, in units of
distance: two that say the same last about as long."""


def warped(rendered: Tensor, heard: Tensor) -> Tensor:
    """The frames of a rendering that are most like those of a recording, in their order.

    Args:
        rendered: (frames, features).
        heard: the same.

    Returns:
        Numbers of rendered frames, (frames,), none before the one that precedes it.
    """
    apart = torch.cdist(heard, rendered).cpu().numpy().astype(np.float64)
    frames = np.arange(len(apart))
    apart[np.abs(frames[:, None] - frames) > FURTHEST] = np.inf
    best, came = apart[0], np.zeros(apart.shape, np.int64)
    for frame in frames[1:]:
        ways = np.stack([_later(best, pace) + cost for pace, cost in PACES.items()])
        came[frame] = ways.argmin(axis=0)
        best = ways.min(axis=0) + apart[frame]
    return torch.from_numpy(_traced(came, int(best.argmin()))).to(rendered.device)


def _later(best: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """The same, for places that many frames later."""
    return np.concatenate([np.full(frames, np.inf), best])[: len(best)]


def _traced(came: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    paces, path = list(PACES), np.full(len(came), last)
    for frame in range(len(came) - 1, 0, -1):
        path[frame - 1] = path[frame] - paces[came[frame, path[frame]]]
    return path
