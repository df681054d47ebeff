"""Decoding: batches, noise and fusing."""

import pytest
import torch
from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS

HOP = 640


def inputs(tokens: int, phones: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randint(1024, (1, tokens), generator=generator),
        torch.randint(20, (1, phones), generator=generator),
        torch.randn(1, 32, 1, generator=generator),
    )


def batch(rows: list[tuple[Tensor, Tensor, Tensor]]) -> dict[str, object]:
    codes, phones, timbres = zip(*rows, strict=True)

    def padded(lines: tuple[Tensor, ...]) -> Tensor:
        return torch.nn.utils.rnn.pad_sequence([r[0] for r in lines], True, padding_value=7)

    return {
        "codes": padded(codes),
        "phones": padded(phones),
        "timbre": torch.cat(timbres),
        "lengths": torch.tensor([c.shape[1] for c in codes]),
        "phone_lengths": torch.tensor([p.shape[1] for p in phones]),
    }


@pytest.fixture
def model(small) -> SoVITS:
    return small()


def test_a_row_sounds_the_same_alone_and_in_a_batch(model):
    rows = [inputs(9, 5, 1), inputs(3, 8, 2), inputs(1, 1, 3)]
    together = model.decode(**batch(rows), noise_scale=0)
    for row, waveform in zip(rows, together, strict=True):
        alone = model.decode(*row, noise_scale=0)[0]
        torch.testing.assert_close(waveform[: len(alone)], alone, atol=1e-6, rtol=1e-4)
        assert not waveform[len(alone) :].any()


def test_a_timbre_is_the_same_alone_and_in_a_batch(model):
    spectrogram = torch.rand(1, 1025, 30)
    padded = torch.cat([spectrogram, torch.rand(1, 1025, 12)], dim=2)
    mask = torch.arange(42).view(1, 1, 42) < 30
    torch.testing.assert_close(model.reference(padded, mask=mask), model.reference(spectrogram))


def test_the_generator_decides_the_noise(model):
    row = inputs(4, 3, 5)
    same, again, other = (
        model.decode(*row, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(same, again)
    assert not torch.allclose(same, other)


def test_fusing_does_not_change_the_waveform(model):
    row = inputs(6, 4, 6)
    before = model.decode(*row, noise_scale=0)
    model.fuse()
    assert not any("weight_g" in name for name in model.state_dict())
    torch.testing.assert_close(model.decode(*row, noise_scale=0), before, atol=1e-6, rtol=1e-4)


def test_decoding_under_bfloat16_is_close(model):
    row = inputs(6, 4, 7)
    exact = model.decode(*row, noise_scale=0)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.decode(*row, noise_scale=0)
    assert (rough.float() - exact).norm() < 0.1 * exact.norm()
