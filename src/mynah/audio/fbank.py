"""Log-mel filterbank features as Kaldi computes them, which speaker encoders are trained on.

Source: Kaldi's `compute-fbank-feats` with its defaults, 80 bins and no dither. The waveform stays
between -1 and 1, where Kaldi's own would be 32768 times that.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

SAMPLE_RATE = 16_000
BINS = 80
FRAME = 400
SHIFT = 160
_FFT = 512
_LOWEST_HZ = 20.0
_PREEMPHASIS = 0.97
_FLOOR = torch.finfo(torch.float32).eps


def kaldi_fbank(samples: Tensor) -> Tensor:
    """Features of a waveform, 100 frames a second, in float32.

    Args:
        samples: (samples,) at 16 kHz, at least 400 of them.

    Returns:
        (frames, 80) logarithms of energies; only frames that lie in the waveform as a whole.
    """
    frames = samples.float().unfold(0, FRAME, SHIFT)
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = F.pad(frames[None], (1, 0), mode="replicate")[0, :, :-1]
    window = torch.hann_window(FRAME, periodic=False).pow(0.85)
    emphasised = (frames - _PREEMPHASIS * before) * window
    power = torch.fft.rfft(emphasised, n=_FFT).abs().square()
    return (power[:, :-1] @ _filterbank().T).clamp(min=_FLOOR).log()


@cache
def _filterbank() -> Tensor:
    """Triangular filters (80, 256), linear in mel, over all bins but the highest."""
    bins = _mel(torch.arange(_FFT // 2) * (SAMPLE_RATE / _FFT))
    low, high = _mel(torch.tensor([_LOWEST_HZ, SAMPLE_RATE / 2]))
    step = (high - low) / (BINS + 1)
    left = (low + step * torch.arange(BINS))[:, None]
    rising = (bins - left) / step
    falling = (left + 2 * step - bins) / step
    return torch.minimum(rising, falling).clamp(min=0.0)


def _mel(hz: Tensor) -> Tensor:
    return 1127.0 * (1.0 + hz / 700.0).log()
