"""What a person's own words lack is lent to what is like them."""

from dataclasses import replace

import pytest
import torch

from mynah.acoustic import exemplars as module
from mynah.acoustic.colouring import BANDS, log_mel, speech
from mynah.acoustic.exemplars import (
    BETWEEN_SHARE,
    COARSE,
    COARSE_SHARE,
    FINE,
    PLENTY,
    Comparison,
    Exemplars,
)
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
    return spectrogram, words, timbre, coloured.compare(*words, timbre, spectrogram)


def shape(mel):
    """What the first cosines draw of mels (frames, 80)."""
    places = (torch.arange(BANDS) + 0.5) / BANDS
    cosines = (torch.pi * places[:, None] * torch.arange(COARSE)).cos()
    return mel @ cosines @ torch.linalg.pinv(cosines)


def smooth(mel):
    """Mels (frames, 80), each with a quarter of its neighbours; the ends are their own."""
    before, after = torch.cat([mel[:1], mel[:-1]]), torch.cat([mel[1:], mel[-1:]])
    return (before + 2 * mel + after) / 4


def lend(exemplars, latents):
    return exemplars.apply(latents, torch.ones(latents.shape[1], dtype=torch.bool))


@pytest.fixture
def careless(monkeypatch):
    """As much is lent where sounds change as where they last."""
    monkeypatch.setattr(module, "STEADY", 1e3)


def test_frames_are_lent_what_those_most_like_them_lacked(careless):
    places = torch.tensor([9.0] * 8 + [-9.0] * 8)[:, None].expand(-1, BANDS)
    lacking = torch.tensor([1.0] * 8 + [-2.0] * 8)[:, None].expand(-1, BANDS)
    latents = random(96, 4)
    latents[:BANDS] = places[[0, 0, 15, 15]].T
    lent = lend(Exemplars.of([Comparison(places, lacking)]), latents) - latents
    between = torch.tensor([1.0, 0.25, -1.25, -2.0])
    torch.testing.assert_close(lent[:BANDS], between.expand(BANDS, 4))
    assert not lent[BANDS:].any()


def test_the_nearest_counts_most():
    rendered = torch.stack([torch.zeros(BANDS), torch.full((BANDS,), 3.0)])
    lent = lend(Exemplars.of([Comparison(rendered, rendered)]), torch.zeros(BANDS, 1))
    assert 0 <= lent.max() < 0.01


def test_one_frame_is_enough():
    one = Exemplars.of([Comparison(torch.zeros(1, BANDS), torch.ones(1, BANDS))])
    torch.testing.assert_close(lend(one, torch.ones(BANDS, 7)), torch.full((BANDS, 7), 2.0))


@pytest.mark.parametrize(
    "cosine, share",
    [(COARSE - 1, 0.0), (COARSE, BETWEEN_SHARE), (FINE - 1, BETWEEN_SHARE), (FINE, 0.0)],
)
def test_shapes_that_tell_people_apart_go_towards_the_neighbours(cosine, share):
    """Neighbours without any shape flatten those between the coarse and the fine ones."""
    places = (torch.arange(BANDS) + 0.5) / BANDS
    wave = (torch.pi * places * cosine).cos()[:, None].expand(BANDS, 3)
    flat = Exemplars.of([Comparison(torch.zeros(PLENTY, BANDS), torch.zeros(PLENTY, BANDS))])
    torch.testing.assert_close(lend(flat, wave), (1 - share) * wave, atol=1e-5, rtol=1e-4)


def test_a_few_seconds_do_not_draw_shapes_towards_them():
    wave, few = random(BANDS, 3), torch.zeros(PLENTY - 1, BANDS)
    torch.testing.assert_close(lend(Exemplars.of([Comparison(few, few)]), wave), wave)


@pytest.mark.parametrize("frames, counted", [(PLENTY - 1, 16), (PLENTY, 8)])
def test_of_plenty_only_the_nearest_few_count(frames, counted):
    lacking = torch.zeros(frames, BANDS)
    lacking[:counted] = 1.0
    rendered = torch.zeros(frames, BANDS)
    rendered[counted:] = 0.01
    torch.testing.assert_close(
        lend(Exemplars.of([Comparison(rendered, lacking)]), torch.zeros(BANDS, 1)),
        torch.ones(BANDS, 1),
    )


@pytest.mark.parametrize("frames", [500, PLENTY])
def test_what_is_lacking_is_followed_from_few_neighbours(frames, careless):
    """Where it grows with what is rendered, as it does if a band is twice as loud in truth."""
    rendered = 3 * random(frames, BANDS)
    exemplars = Exemplars.of([Comparison(rendered, rendered)])
    mel = rendered[7:10] + 0.3 * random(3, BANDS, seed=1)
    lent = lend(exemplars, mel.T).T - mel
    off = (lent - smooth(mel)).norm() / mel.norm()
    assert off < 0.05 if frames < PLENTY else off > 0.05


def lent_in_the_middle(frames, mel):
    known = Comparison(random(frames, BANDS), torch.ones(frames, BANDS))
    return (lend(Exemplars.of([known]), mel) - mel)[:, 4].mean()


LASTING = torch.zeros(BANDS, 9)
CHANGING = torch.cat([LASTING[:, :4], LASTING[:, 4:] + 1.0], dim=1)


@pytest.mark.parametrize(("frames", "least", "most"), [(300, 0.0, 0.3), (PLENTY, 0.35, 0.55)])
def test_less_is_lent_where_sounds_change(frames, least, most):
    assert lent_in_the_middle(frames, LASTING) == pytest.approx(1, abs=0.05)
    assert least < lent_in_the_middle(frames, CHANGING) < most


def test_of_few_less_is_lent_where_nothing_was_like_them():
    assert 0 < lent_in_the_middle(300, LASTING + 9.0) < 0.2


def test_of_plenty_as_much_is_lent_far_away():
    known = random(PLENTY, BANDS)
    far = torch.full((BANDS, 4), 9.0)
    lent = lend(Exemplars.of([Comparison(known, torch.ones(PLENTY, BANDS))]), far) - far
    torch.testing.assert_close(lent.mean(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_own_words_get_the_details_of_the_recording_and_half_its_shape(
    coloured, heard, careless, monkeypatch
):
    """Where each frame is its own neighbour, and lies where it is heard."""
    monkeypatch.setattr(module, "NEIGHBOURS", 1)
    monkeypatch.setattr(module, "warped", lambda made, real: torch.arange(len(made)))
    spectrogram, words, timbre, _ = heard
    exemplars = Exemplars.of([coloured.compare(*words, timbre, spectrogram)])
    prior = coloured.prior(*words, timbre.vector)
    plain, own = (
        coloured.render(prior.mean, prior.mask, each)[0, :BANDS].T
        for each in (timbre, replace(timbre, exemplars=[exemplars]))
    )
    mel = log_mel(spectrogram)
    spoken = speech(mel)[0, 0]
    real = mel[0].T + coloured.colouring.level - mel[0].T[spoken].mean()
    lacking = (real - plain) * spoken[:, None]
    lent = smooth(lacking - (1 - COARSE_SHARE) * shape(lacking))
    torch.testing.assert_close(own - plain, lent, atol=1e-3, rtol=1e-3)


def test_a_recording_is_heard_without_its_level(coloured, heard):
    spectrogram, words, timbre, compared = heard
    quiet = coloured.compare(*words, timbre, 0.2 * spectrogram)
    torch.testing.assert_close(quiet.lacking, compared.lacking, atol=1e-3, rtol=1e-3)


def test_pauses_lack_nothing(coloured, heard):
    spectrogram, words, timbre, _ = heard
    spectrogram = spectrogram.clone()
    spectrogram[:, :, 20:40] *= 1e-4
    lacking = coloured.compare(*words, timbre, spectrogram).lacking
    assert not lacking[20:40].any()
    assert lacking[:20].any() and lacking[40:].any()


@pytest.mark.parametrize("frames", [47, 71])
def test_a_recording_may_be_longer_or_shorter_than_its_tokens(coloured, heard, frames):
    _, words, timbre, _ = heard
    told = coloured.compare(*words, timbre, speech_like(4, frames))
    assert told.rendered.shape == told.lacking.shape == (min(frames, 60), BANDS)


def test_silence_gives_numbers(coloured, heard):
    _, words, timbre, _ = heard
    told = coloured.compare(*words, timbre, torch.zeros(1, 1025, 60))
    assert told.lacking.isfinite().all()


def test_several_recordings_are_as_one(heard):
    *_, compared = heard
    both = Exemplars.of([compared, compared])
    assert both.rendered.nbytes + both.lacking.nbytes == 4 * compared.lacking.nbytes < both.nbytes
    torch.testing.assert_close(both.lacking[60:], compared.lacking)


def test_speakers_of_a_batch_lend_nothing_to_each_other(coloured, heard):
    *_, timbre, compared = heard
    alone = [replace(timbre, exemplars=[Exemplars.of([compared])]), timbre]
    latents, mask = random(2, 96, 20), torch.ones(2, 1, 20, dtype=torch.bool)
    together = coloured.render(latents, mask, Timbre.joined(alone))
    for row, each in enumerate(alone):
        one = slice(row, row + 1)
        torch.testing.assert_close(
            together[one], coloured.render(latents[one], mask[one], each), atol=1e-5, rtol=1e-4
        )
    assert Timbre.joined(alone).nbytes == sum(each.nbytes for each in alone)


def test_a_row_is_lent_the_same_beside_a_longer_one(coloured, heard):
    *_, timbre, compared = heard
    own = replace(timbre, exemplars=[Exemplars.of([compared])])
    latents, mask = random(2, 96, 20), torch.ones(2, 1, 20, dtype=torch.bool)
    latents[0, :, 12:], mask[0, :, 12:] = 0, False
    together = coloured.render(latents, mask, Timbre.joined([own, own]))
    alone = coloured.render(latents[:1, :, :12], mask[:1, :, :12], own)
    torch.testing.assert_close(together[:1, :, :12], alone, atol=1e-5, rtol=1e-4)
    assert not together[0, :, 12:].any()
