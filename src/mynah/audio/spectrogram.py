"""Linear spectrograms, and the mel filterbank."""

import torch
from torch import Tensor
from torch.nn import functional as F

SAMPLE_RATE = 32_000
HOP = 640
_FFT = 2048


def linear_spectrogram(samples: Tensor) -> Tensor:
    """Magnitude spectrogram of 32 kHz samples, 50 frames a second.

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


# Slaney's Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.
_BREAK_HZ = 1000.0
_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = torch.log(torch.tensor(6.4)).item() / 27.0


def _hz_to_mel(hz: Tensor) -> Tensor:
    above = _BREAK_MEL + torch.log(hz.clamp(min=_BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return torch.where(hz < _BREAK_HZ, hz / _LINEAR_HZ_PER_MEL, above)


def _mel_to_hz(mel: Tensor) -> Tensor:
    above = _BREAK_HZ * torch.exp(_LOG_STEP * (mel - _BREAK_MEL).clamp(min=0.0))
    return torch.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above)


def mel_filterbank(
    bands: int, n_fft: int, sample_rate: int, high_hz: float | None = None
) -> Tensor:
    """Triangular filters of equal area on Slaney's mel scale, from 0 Hz up.

    Args:
        bands: number of filters.
        n_fft: size of the Fourier transform that the filters are applied to.
        sample_rate: samples per second.
        high_hz: upper edge of the last filter; half the sample rate when None.

    Returns:
        Matrix (bands, n_fft // 2 + 1) to multiply a spectrum of that many bins with.
    """
    top = torch.tensor(high_hz or sample_rate / 2.0, dtype=torch.float64)
    edges = _mel_to_hz(torch.linspace(0.0, 1.0, bands + 2, dtype=torch.float64) * _hz_to_mel(top))
    bins = torch.linspace(0.0, sample_rate / 2.0, n_fft // 2 + 1, dtype=torch.float64)
    widths = edges.diff()
    rising = (bins - edges[:-2, None]) / widths[:-1, None]
    falling = (edges[2:, None] - bins) / widths[1:, None]
    triangles = torch.minimum(rising, falling).clamp(min=0.0)
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).float()
