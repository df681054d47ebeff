"""The linear spectrogram from which a timbre is read.

Upstream: `module/mel_processing.py`, `spectrogram_torch`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SAMPLE_RATE = 32_000
HOP = 640
_FFT = 2048


def linear_spectrogram(samples: Tensor) -> Tensor:
    """Magnitudes of 32 kHz samples, 50 frames a second.

    Args:
        samples: (batch, samples) between -1 and 1, more than 704 of them.

    Returns:
        (batch, 1025, samples // 640) magnitudes.
    """
    margin = (_FFT - HOP) // 2
    spectrum = torch.stft(
        F.pad(samples, (margin, margin), mode="reflect"),
        _FFT,
        HOP,
        window=torch.hann_window(_FFT, dtype=samples.dtype, device=samples.device),
        center=False,
        return_complex=True,
    )
    return torch.view_as_real(spectrum).pow(2).sum(-1).add(1e-8).sqrt()
