"""Speed: the distribution of the latents is interpolated in time, so that the pitch stays.

Upstream interpolates what the last projection of the prior takes. That projection looks at one
frame at a time, so to interpolate what it gives is the same.

Upstream fits the frames of a whole sentence between its ends. A stream that begins before the end
is known cannot: its step is the speed itself, which differs from upstream's by at most one frame
over the whole sentence, and does not depend on when tokens come.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN


def frame_count(tokens: int, speed: float, *, ended: bool) -> int:
    """Number of frames that tokens come to.

    Args:
        tokens: from the sentence's beginning.
        speed: 2 halves the duration.
        ended: true if they are the whole sentence: then n frames at speed 1 come to
            `int(n / speed) + 1`, as in upstream.
    """
    frames = tokens * FRAMES_PER_TOKEN
    return frames if speed == 1 else int(frames / speed) + ended


def fit(x: Tensor, frames: int) -> Tensor:
    """All frames (channels, time) of a sentence, stretched to so many as upstream does it."""
    return F.interpolate(x[None], size=frames, mode="linear")[0]


def change_speed(x: Tensor, frames: range, speed: float, first: int) -> Tensor:
    """Some frames of a sentence at a speed, linearly interpolated between those at speed 1.

    Args:
        x: (channels, frames) at speed 1.
        frames: positions in the sentence at the speed.
        speed: 2 halves the duration.
        first: position of the first frame of `x` in the sentence at speed 1.

    Returns:
        (channels, len(frames)).
    """
    last = x.shape[1] - 1
    frame = torch.arange(frames.start, frames.stop, device=x.device, dtype=torch.float64)
    source = ((frame + 0.5) * speed - 0.5 - first).clamp(0, last)
    left = source.long()
    right = (left + 1).clamp_max(last)
    return torch.lerp(x[:, left], x[:, right], (source - left).to(x.dtype))
