"""Rendered mels get the mean and the covariance of the reference's."""

import pytest
import torch

from mynah.acoustic.colouring import BANDS, RIDGE, Colouring, log_mel, speech, transport
from mynah.checkpoints.sovits import load_sovits, save_sovits
from mynah.errors import CheckpointError
from mynah.voice.timbre import Timbre

FRAMES = 4000


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def covariance(rows):
    return torch.cov(rows.double())


def ridged(matrix):
    return matrix + RIDGE * matrix.diagonal().mean() * torch.eye(BANDS)


def speech_like(seed, frames=FRAMES):
    """A spectrogram (1, 1025, frames) whose neighbouring bins vary together."""
    levels = random(1, 40, frames, seed=seed).cumsum(1) * random(1, 40, 1, seed=seed + 1).exp() / 9
    smooth = torch.nn.functional.interpolate(levels.mT, 1025, mode="linear").mT
    return (smooth - 1).exp()


def standardised(colouring, spectrogram):
    """Mels (80, frames) of what is no pause."""
    mel = log_mel(spectrogram)[:, :, speech(log_mel(spectrogram))[0, 0]]
    mel += colouring.level - mel.mean()
    return (mel[0] - colouring.mean[:, None]) / colouring.deviation[:, None]


@pytest.fixture
def colouring():
    made = Colouring()
    made.mean[:], made.deviation[:] = random(BANDS) - 4, 1 + random(BANDS, seed=1).abs()
    made.level.fill_(-3.0)
    mixing = random(BANDS, BANDS, seed=2) / 1000
    made.made.copy_(mixing @ mixing.T + 1e-5 * torch.eye(BANDS))
    return made


def test_what_is_rendered_gets_the_covariance_of_the_reference(colouring):
    reference = speech_like(3)
    wanted = standardised(colouring, reference)
    root = torch.linalg.cholesky(ridged(colouring.made.double()))
    noise = random(BANDS, FRAMES, seed=4).double()
    noise -= noise.mean(1, keepdim=True)
    white = torch.linalg.cholesky(torch.linalg.inv(covariance(noise))).T @ noise
    rendered = (root @ white).float() + wanted.mean(1, keepdim=True)
    rest = random(1, 16, FRAMES)
    latents = torch.cat([rendered[None], rest], dim=1)
    result = colouring.filter(latents, colouring([reference]))
    torch.testing.assert_close(
        covariance(result[0, :BANDS]), ridged(covariance(wanted)), atol=2e-3, rtol=2e-2
    )
    torch.testing.assert_close(result[0, :BANDS].mean(1), wanted.mean(1), atol=1e-3, rtol=1e-3)
    assert torch.equal(result[:, BANDS:], rest)


def test_nothing_is_taken_away(colouring):
    colouring.made.mul_(1e9)
    latents = random(1, 96, 50)
    painted = colouring.filter(latents, colouring([speech_like(3)]))
    torch.testing.assert_close(painted, latents, atol=1e-3, rtol=1e-3)


def test_the_filter_leaves_alone_what_lasts(colouring):
    colouring.taps.copy_(torch.tensor([0.1, -0.3, 1.4, -0.3, 0.1]))
    steady, beating = torch.full((1, BANDS, 20), 0.7), torch.ones(1, BANDS, 20)
    beating[:, :, ::2] = -1.0
    inside = slice(2, -2)  # beyond the ends there is nothing
    torch.testing.assert_close(colouring.quickened(steady)[..., inside], steady[..., inside])
    torch.testing.assert_close(
        colouring.quickened(beating)[..., inside], 2.2 * beating[..., inside]
    )


def test_the_change_is_the_least_one():
    """A symmetric positive matrix is the gradient of a convex function, as Brenier asks."""
    made, wanted = (covariance(random(BANDS, 500, seed=n)) for n in (5, 6))
    matrix = transport(made[None], wanted[None])[0]
    torch.testing.assert_close(matrix, matrix.T)
    assert torch.linalg.eigvalsh(matrix).min() > 0
    torch.testing.assert_close(matrix @ ridged(made) @ matrix, ridged(wanted))


def test_who_sounds_as_the_model_renders_is_left_alone(colouring):
    reference = speech_like(7)
    mel = standardised(colouring, reference)
    colouring.made.copy_(torch.cov(mel, correction=0))
    latents = random(1, 96, 50)
    torch.testing.assert_close(
        colouring.filter(latents, colouring([reference])), latents, atol=1e-3, rtol=1e-3
    )


def test_a_colour_is_the_same_alone_and_in_a_batch(colouring):
    rows = [speech_like(seed, frames) for seed, frames in ((8, 90), (9, 60))]
    padded = torch.cat([torch.cat([row, torch.ones(1, 1025, 90)], 2)[:, :, :90] for row in rows])
    mask = torch.arange(90) < torch.tensor([90, 60])[:, None, None]
    together = colouring([padded], mask)
    torch.testing.assert_close(together, torch.cat([colouring([row]) for row in rows]))


def test_neither_level_nor_pauses_colour(colouring):
    spoken = speech_like(11, 300)
    quiet = torch.cat([torch.zeros(1, 1025, 200), 0.2 * spoken, torch.zeros(1, 1025, 50)], dim=2)
    torch.testing.assert_close(colouring([quiet]), colouring([spoken]), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("spectrogram", [torch.zeros(1, 1025, 1), torch.full((1, 1025, 40), 1e-3)])
def test_silence_gives_numbers(colouring, spectrogram):
    assert colouring([spectrogram]).isfinite().all()


def test_a_coloured_model_is_one_after_it_was_saved(small, tmp_path):
    model = small(symbols=732, inter_channels=96, coloured=True)
    model.colouring.made.copy_(0.5 * torch.eye(BANDS))
    save_sovits(model, tmp_path / "acoustic.pth")
    read = load_sovits(tmp_path / "acoustic.pth")
    spectrogram = speech_like(10, 60)
    timbre = read.timbre([spectrogram, spectrogram])
    torch.testing.assert_close(timbre.colour, model.colouring([spectrogram]))
    codes, phones = torch.arange(6)[None], torch.arange(4)[None]
    plain, painted = (
        read.decode(codes, phones, each, noise_scale=0) for each in (Timbre(timbre.vector), timbre)
    )
    assert not torch.allclose(plain, painted, atol=1e-4)


def test_latents_without_room_for_a_mel_cannot_be_coloured(small):
    with pytest.raises(CheckpointError, match="cannot form"):
        small(inter_channels=64, coloured=True)
