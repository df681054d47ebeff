"""Log-mel spectrograms that vocoders are trained on."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.audio.spectrogram import mel_filterbank

_FLOOR = 1e-5


def mel_spectrogram(
    samples: Tensor, *, sample_rate: int, n_fft: int, hop: int, bands: int
) -> Tensor:
    """Natural logarithms of mel magnitudes, from 0 Hz to half the sample rate.

    Args:
        samples: (samples,) between -1 and 1, more than half of `n_fft`.
        sample_rate: of them.
        n_fft: size of the Fourier transform, and of its Hann window.
        hop: samples between frames.
        bands: of the mel scale.

    Returns:
        (bands, samples // hop).
    """
    margin = (n_fft - hop) // 2
    spectrum = torch.stft(
        F.pad(samples[None], (margin, margin), mode="reflect")[0],
        n_fft,
        hop,
        window=torch.hann_window(n_fft),
        center=False,
        return_complex=True,
    )
    magnitudes = torch.view_as_real(spectrum).square().sum(-1).add(1e-8).sqrt()
    return (_filterbank(bands, n_fft, sample_rate) @ magnitudes).clamp(min=_FLOOR).log()


@lru_cache(maxsize=4)
def _filterbank(bands: int, n_fft: int, sample_rate: int) -> Tensor:
    return mel_filterbank(bands, n_fft, sample_rate)
