"""The pieces that training puts together."""

import pytest
import torch

from mynah.acoustic.masks import length_mask


@pytest.mark.parametrize("autocast", [False, True])
def test_every_weight_of_the_generator_learns(small, autocast):
    model = small(posterior=True).train()
    lengths, tokens = torch.tensor([12, 8]), torch.tensor([6, 4])
    spectrogram, mask = torch.rand(2, 1025, 12), length_mask(lengths)
    codes, phones = torch.randint(1024, (2, 6)), torch.randint(20, (2, 5))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        ge = model.reference(spectrogram, mask=mask)
        prior = model.prior(codes, phones, ge, lengths=tokens)
        draw, mean, log_scale = model.enc_q(spectrogram, mask, ge)
        latents = model.flow(draw, mask, ge)
        waveform = model.dec(draw[:, :, :4], ge)
    pieces = (waveform, latents - prior.mean, prior.log_scale, mean, log_scale)
    sum(piece.float().square().mean() for piece in pieces).backward()
    frozen = {"ssl_proj.weight", "ssl_proj.bias"}
    for name, parameter in model.named_parameters():
        if name not in frozen:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_the_flow_undoes_itself(small):
    model = small()
    mask = length_mask(torch.tensor([9, 5]))
    z, ge = torch.randn(2, 16, 9) * mask, torch.randn(2, 32, 1)
    there = model.flow(z, mask, ge)
    assert not torch.allclose(there, z, atol=0.1)
    torch.testing.assert_close(model.flow.inverse(there, mask, ge), z, atol=1e-5, rtol=1e-4)


def test_the_posterior_encoder_sends_no_gradient_into_the_timbre(small):
    model = small(posterior=True)
    ge = torch.randn(1, 32, 1, requires_grad=True)
    draw, _, _ = model.enc_q(torch.rand(1, 1025, 6), length_mask(torch.tensor([6])), ge)
    draw.sum().backward()
    assert ge.grad is None


def test_a_voice_has_no_posterior_encoder(small):
    assert not any(name.startswith("enc_q") for name in small().state_dict())
