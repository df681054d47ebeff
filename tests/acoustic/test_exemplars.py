"""What a person's own words lack is lent to what is like them."""

from dataclasses import replace

import pytest
import torch

from mynah.acoustic import exemplars as module
from mynah.acoustic.colouring import BANDS, log_mel, speech
from mynah.acoustic.exemplars import COARSE, COARSE_SHARE, Exemplars
from mynah.voice.timbre import Timbre


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def speech_like(seed, frames):
    """A spectrogram (1, 1025, frames) that is not loud all the time."""
    swell = torch.linspace(0, 9, frames).sin().abs() + 0.1
    return random(1, 1025, frames, seed=seed).exp() * swell


@pytest.fixture
def coloured(small):
    return small(symbols=732, inter_channels=96, coloured=True)


@pytest.fixture
def heard(coloured):
    """A recording of 60 frames, and what it tells of its speaker."""
    spectrogram = speech_like(3, 60)
    timbre = coloured.timbre([spectrogram])
    words = torch.arange(30)[None], torch.arange(8)[None]
    return spectrogram, words, timbre, coloured.exemplars(*words, timbre, spectrogram)


def shape(mel):
    """What six cosines draw of mels (frames, 80)."""
    places = (torch.arange(BANDS) + 0.5) / BANDS
    cosines = (torch.pi * places[:, None] * torch.arange(COARSE)).cos()
    return mel @ cosines @ torch.linalg.pinv(cosines)


def details(mel):
    """The rest."""
    return mel - shape(mel)


def test_frames_are_lent_what_those_most_like_them_lacked():
    rendered = torch.cat([random(16, BANDS, seed=1) + 9, random(16, BANDS, seed=2) - 9])
    lacking = torch.cat([torch.full((16, BANDS), 1.0), torch.full((16, BANDS), -2.0)])
    latents = random(96, 2)
    latents[:BANDS] = rendered[[0, 31]].T + 0.1
    lent = Exemplars(rendered, lacking).lend(latents) - latents
    torch.testing.assert_close(lent[:BANDS], torch.tensor([1.0, -2.0]).expand(BANDS, 2))
    assert not lent[BANDS:].any()


def test_the_nearest_counts_most():
    rendered = torch.stack([torch.zeros(BANDS), torch.full((BANDS,), 3.0)])
    lent = Exemplars(rendered, rendered).lend(torch.zeros(BANDS, 1))
    assert 0 <= lent.max() < 0.01


def test_one_frame_is_enough():
    mel = random(BANDS, 7)
    one = Exemplars(random(1, BANDS), torch.ones(1, BANDS))
    torch.testing.assert_close(one.lend(mel), mel + 1)


def test_own_words_get_the_details_of_the_recording_and_half_its_shape(
    coloured, heard, monkeypatch
):
    """Where each frame is its own neighbour."""
    monkeypatch.setattr(module, "NEIGHBOURS", 1)
    spectrogram, words, timbre, exemplars = heard
    prior = coloured.prior(*words, timbre.vector)
    plain, own = (
        coloured.render(prior.mean, prior.mask, each)[0, :BANDS].T
        for each in (timbre, replace(timbre, exemplars=[exemplars]))
    )
    mel = log_mel(spectrogram)
    spoken = speech(mel)[0, 0]
    real = (mel[0].T + coloured.colouring.level - mel[0].T[spoken].mean())[spoken]
    own, plain = own[spoken], plain[spoken]
    torch.testing.assert_close(details(own), details(real), atol=1e-3, rtol=1e-3)
    between = COARSE_SHARE * shape(real) + (1 - COARSE_SHARE) * shape(plain)
    torch.testing.assert_close(shape(own), between, atol=1e-3, rtol=1e-3)


def test_a_recording_is_heard_without_its_level(coloured, heard):
    spectrogram, words, timbre, exemplars = heard
    quiet = coloured.exemplars(*words, timbre, 0.2 * spectrogram)
    torch.testing.assert_close(quiet.lacking, exemplars.lacking, atol=1e-3, rtol=1e-3)


def test_pauses_lack_nothing(coloured, heard):
    spectrogram, words, timbre, _ = heard
    spectrogram = spectrogram.clone()
    spectrogram[:, :, 20:40] *= 1e-4
    lacking = coloured.exemplars(*words, timbre, spectrogram).lacking
    assert not lacking[20:40].any()
    assert lacking[:20].any() and lacking[40:].any()


@pytest.mark.parametrize("frames", [47, 71])
def test_a_recording_may_be_longer_or_shorter_than_its_tokens(coloured, heard, frames):
    _, words, timbre, _ = heard
    told = coloured.exemplars(*words, timbre, speech_like(4, frames))
    assert told.rendered.shape == told.lacking.shape == (min(frames, 60), BANDS)


def test_silence_gives_numbers(coloured, heard):
    _, words, timbre, _ = heard
    told = coloured.exemplars(*words, timbre, torch.zeros(1, 1025, 60))
    assert told.lacking.isfinite().all()


def test_several_recordings_are_as_one(heard):
    *_, exemplars = heard
    both = Exemplars.joined([exemplars, exemplars])
    assert both.nbytes == 2 * exemplars.nbytes
    torch.testing.assert_close(both.lacking[60:], exemplars.lacking)


def test_speakers_of_a_batch_lend_nothing_to_each_other(coloured, heard):
    *_, timbre, exemplars = heard
    alone = [replace(timbre, exemplars=[exemplars]), timbre]
    latents, mask = random(2, 96, 20), torch.ones(2, 1, 20, dtype=torch.bool)
    together = coloured.render(latents, mask, Timbre.joined(alone))
    for row, each in enumerate(alone):
        one = slice(row, row + 1)
        torch.testing.assert_close(
            together[one], coloured.render(latents[one], mask[one], each), atol=1e-5, rtol=1e-4
        )
    assert Timbre.joined(alone).nbytes == sum(each.nbytes for each in alone)
