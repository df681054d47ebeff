"""Sinc resampling as torchaudio does it, for networks that were trained on its output.

Source: Smith, "Digital Audio Resampling Home Page". The defaults are those of
`torchaudio.functional.resample`: a sinc under a Hann window, of six zero crossings, rolled off at
0.99 of the lower Nyquist frequency.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

_ZERO_CROSSINGS = 6
_ROLLOFF = 0.99


def sinc_resample(samples: Tensor, rate: int, new_rate: int) -> Tensor:
    """Resample a waveform.

    Args:
        samples: (samples,) at `rate` hertz.
        rate: of the samples.
        new_rate: of the result.

    Returns:
        (ceil(samples * new_rate / rate),) at `new_rate` hertz.
    """
    if rate == new_rate:
        return samples
    divisor = math.gcd(rate, new_rate)
    old, new = rate // divisor, new_rate // divisor
    filters = _filters(old, new).to(samples)
    width = (filters.shape[2] - old) // 2
    padded = F.pad(samples[None, None], (width, width + old))
    phases = F.conv1d(padded, filters, stride=old)[0]
    return phases.T.flatten()[: -(-new * len(samples) // old)]


@lru_cache(maxsize=8)
def _filters(old: int, new: int) -> Tensor:
    """One filter for each output phase, (new, 1, taps), for rates without a common divisor."""
    base = min(old, new) * _ROLLOFF
    width = math.ceil(_ZERO_CROSSINGS * old / base)
    taps = torch.arange(-width, width + old, dtype=torch.float64)[None, None] / old
    phases = torch.arange(0, -new, -1)[:, None, None] / new  # in float32, as torchaudio has them
    time = ((phases + taps) * base).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / _ZERO_CROSSINGS / 2).square()
    return (torch.sinc(time) * window * (base / old)).float()
