"""Rendered mels get the mean and the covariance of the reference's."""

from dataclasses import replace

import pytest
import torch

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.log_mel import BANDS, log_mel, speech_frames
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.sovits import save_sovits
from mynah.errors import CheckpointError
from mynah.starter.checkpoint import postfilter_of, save_acoustic
from mynah.starter.mel_postfilter import RIDGE, MelPostfilter, transport

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


def standardised(postfilter, spectrogram):
    """Mels (80, frames) of what is no pause."""
    mel = log_mel(spectrogram)[:, :, speech_frames(log_mel(spectrogram))[0, 0]]
    mel += postfilter.level - mel.mean()
    return (mel[0] - postfilter.mean[:, None]) / postfilter.deviation[:, None]


@pytest.fixture
def postfilter():
    mixing = random(BANDS, BANDS, seed=2) / 1000
    return MelPostfilter(
        mean=random(BANDS) - 4,
        deviation=1 + random(BANDS, seed=1).abs(),
        covariance=mixing @ mixing.T + 1e-5 * torch.eye(BANDS),
        level=torch.tensor(-3.0),
        taps=torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]),
    )


def test_what_is_rendered_gets_the_covariance_of_the_reference(postfilter):
    reference = speech_like(3)
    wanted = standardised(postfilter, reference)
    root = torch.linalg.cholesky(ridged(postfilter.covariance.double()))
    noise = random(BANDS, FRAMES, seed=4).double()
    noise -= noise.mean(1, keepdim=True)
    white = torch.linalg.cholesky(torch.linalg.inv(covariance(noise))).T @ noise
    rendered = (root @ white).float() + wanted.mean(1, keepdim=True)
    rest = random(1, 16, FRAMES)
    latents = torch.cat([rendered[None], rest], dim=1)
    result = postfilter.apply(latents, postfilter.transform([reference]))
    torch.testing.assert_close(
        covariance(result[0, :BANDS]), ridged(covariance(wanted)), atol=2e-3, rtol=2e-2
    )
    torch.testing.assert_close(result[0, :BANDS].mean(1), wanted.mean(1), atol=1e-3, rtol=1e-3)
    assert torch.equal(result[:, BANDS:], rest)


def test_nothing_is_taken_away(postfilter):
    postfilter = replace(postfilter, covariance=1e9 * postfilter.covariance)
    latents = random(1, 96, 50)
    filtered = postfilter.apply(latents, postfilter.transform([speech_like(3)]))
    torch.testing.assert_close(filtered, latents, atol=1e-3, rtol=1e-3)


def test_the_filter_leaves_alone_what_lasts(postfilter):
    postfilter = replace(postfilter, taps=torch.tensor([0.1, -0.3, 1.4, -0.3, 0.1]))
    steady, beating = torch.full((1, BANDS, 20), 0.7), torch.ones(1, BANDS, 20)
    beating[:, :, ::2] = -1.0
    inside = slice(2, -2)  # beyond the ends there is nothing
    torch.testing.assert_close(
        postfilter.sharpen_modulation(steady)[..., inside], steady[..., inside]
    )
    torch.testing.assert_close(
        postfilter.sharpen_modulation(beating)[..., inside], 2.2 * beating[..., inside]
    )


def test_the_change_is_the_least_one():
    """A symmetric positive matrix is the gradient of a convex function, as Brenier asks."""
    made, wanted = (covariance(random(BANDS, 500, seed=n)) for n in (5, 6))
    matrix = transport(made[None], wanted[None])[0]
    torch.testing.assert_close(matrix, matrix.T)
    assert torch.linalg.eigvalsh(matrix).min() > 0
    torch.testing.assert_close(matrix @ ridged(made) @ matrix, ridged(wanted))


def test_who_sounds_as_the_model_renders_is_left_alone(postfilter):
    reference = speech_like(7)
    mel = standardised(postfilter, reference)
    postfilter = replace(postfilter, covariance=torch.cov(mel, correction=0))
    latents = random(1, 96, 50)
    torch.testing.assert_close(
        postfilter.apply(latents, postfilter.transform([reference])), latents, atol=1e-3, rtol=1e-3
    )


def test_a_transform_is_the_same_alone_and_in_a_batch(postfilter):
    rows = [speech_like(seed, frames) for seed, frames in ((8, 90), (9, 60))]
    padded = torch.cat([torch.cat([row, torch.ones(1, 1025, 90)], 2)[:, :, :90] for row in rows])
    mask = torch.arange(90) < torch.tensor([90, 60])[:, None, None]
    together = postfilter.transform([padded], mask)
    torch.testing.assert_close(together, torch.cat([postfilter.transform([row]) for row in rows]))


def test_neither_level_nor_pauses_count(postfilter):
    spoken = speech_like(11, 300)
    quiet = torch.cat([torch.zeros(1, 1025, 200), 0.2 * spoken, torch.zeros(1, 1025, 50)], dim=2)
    torch.testing.assert_close(
        postfilter.transform([quiet]), postfilter.transform([spoken]), atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize("spectrogram", [torch.zeros(1, 1025, 1), torch.full((1, 1025, 40), 1e-3)])
def test_silence_gives_numbers(postfilter, spectrogram):
    assert postfilter.transform([spectrogram]).isfinite().all()


def acoustic(channels: int) -> SoVITS:
    torch.manual_seed(0)
    return SoVITS(
        SoVITSConfig(
            version="v2",
            symbols=732,
            inter_channels=channels,
            hidden_channels=16,
            filter_channels=32,
            n_layers=2,
            upsample_initial_channel=64,
            gin_channels=32,
        )
    )


def test_a_model_has_its_postfilter_after_it_was_saved(postfilter, tmp_path):
    postfilter = replace(postfilter, covariance=0.5 * torch.eye(BANDS))
    save_acoustic(acoustic(96), postfilter, tmp_path / "acoustic.pth", info="tiny")
    checkpoint = read_checkpoint(tmp_path / "acoustic.pth")
    stored = {name for name in checkpoint.weight if name.startswith("colouring.")}
    parts = ("mean", "deviation", "made", "level", "taps")
    assert stored == {f"colouring.{part}" for part in parts}
    read = postfilter_of(checkpoint)
    spectrogram = speech_like(10, 60)
    one, other = (each.transform([spectrogram, spectrogram]) for each in (read, postfilter))
    torch.testing.assert_close(one, other, atol=1e-2, rtol=1e-2)


def test_a_released_model_has_none(tmp_path):
    save_sovits(acoustic(96), tmp_path / "acoustic.pth")
    assert postfilter_of(read_checkpoint(tmp_path / "acoustic.pth")) is None


def test_latents_without_room_for_a_mel_cannot_be_filtered(postfilter, tmp_path):
    save_acoustic(acoustic(64), postfilter, tmp_path / "acoustic.pth", info="tiny")
    with pytest.raises(CheckpointError, match="no room"):
        postfilter_of(read_checkpoint(tmp_path / "acoustic.pth"))


def test_an_incomplete_postfilter_is_refused(postfilter, tmp_path):
    save_acoustic(acoustic(96), postfilter, tmp_path / "acoustic.pth", info="tiny")
    checkpoint = read_checkpoint(tmp_path / "acoustic.pth")
    rest = {name: each for name, each in checkpoint.weight.items() if name != "colouring.made"}
    with pytest.raises(CheckpointError, match="lacks the weight colouring.made"):
        postfilter_of(replace(checkpoint, weight=rest))
