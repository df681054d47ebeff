"""Convolutions by products of spectra are convolutions."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mynah.acoustic import spectral_convolution
from mynah.acoustic.spectral_convolution import SpectralConvolution, spectral_conv1d


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


@pytest.mark.parametrize("dilation", [1, 3])
def test_its_gradients_are_those_of_the_plain_convolution(dilation):
    torch.manual_seed(0)
    x = torch.randn(2, 6, 45, requires_grad=True)
    weight, bias = torch.randn(6, 6, 7, requires_grad=True), torch.randn(6, requires_grad=True)
    plain = F.conv1d(x, weight, bias, padding=3 * dilation, dilation=dilation)
    spectral = spectral_conv1d(x, weight, bias, dilation)
    torch.testing.assert_close(spectral, plain, atol=1e-5, rtol=1e-5)
    back = torch.randn_like(plain)
    expected = torch.autograd.grad(plain, (x, weight, bias), back)
    for made, wanted in zip(
        torch.autograd.grad(spectral, (x, weight, bias), back), expected, strict=True
    ):
        torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-4)


def test_a_decoder_that_learns_is_the_one_that_speaks(small, monkeypatch):
    monkeypatch.setattr(spectral_convolution, "LEAST_TRAINED", 2)
    decoder, gradients = small().dec, {}
    z, ge = torch.randn(2, 16, 5), torch.randn(2, 32, 1)
    for learns in (False, True):
        decoder.train(learns).zero_grad()
        decoder(z, ge).square().sum().backward()
        gradients[learns] = [weight.grad.clone() for weight in decoder.parameters()]
    for made, wanted in zip(gradients[True], gradients[False], strict=True):
        torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-3)
