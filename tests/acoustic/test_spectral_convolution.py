"""Convolutions by products of spectra are convolutions."""

import pytest
import torch
from torch import nn

from mynah.acoustic import spectral_convolution
from mynah.acoustic.spectral_convolution import SpectralConvolution


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("time", [1, 9, 10, 64, 333])
@pytest.mark.parametrize("dilation", [1, 3, 5])
@pytest.mark.parametrize("kernel", [3, 7, 11])
@torch.inference_mode()
def test_it_is_the_plain_convolution(kernel, dilation, time, many, monkeypatch):
    monkeypatch.setattr(spectral_convolution, "MANY_CHANNELS", 6 if many else 7)
    torch.manual_seed(0)
    padding = dilation * (kernel - 1) // 2
    plain = nn.Conv1d(6, 6, kernel, dilation=dilation, padding=padding)
    x = torch.randn(1, 6, time)
    image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    made = SpectralConvolution(plain)(image)
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made.squeeze(2), plain(x), atol=1e-5, rtol=1e-5)
