"""Residuals of a person's own words are added to frames that are like them."""

from dataclasses import replace

import pytest
import torch

from mynah.audio.log_mel import BANDS, log_mel, speech_frames
from mynah.starter import residual_bank as module
from mynah.starter.extension import StarterExtension
from mynah.starter.mel_postfilter import MelPostfilter
from mynah.starter.residual_bank import (
    BETWEEN_SHARE,
    COARSE,
    COARSE_SHARE,
    FINE,
    PLENTY,
    AlignedFrames,
    ResidualBank,
)
from mynah.starter.speaker_state import StarterSpeakerState


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def speech_like(seed, frames):
    """A spectrogram (1, 1025, frames) that is not loud all the time."""
    swell = torch.linspace(0, 9, frames).sin().abs() + 0.1
    return random(1, 1025, frames, seed=seed).exp() * swell


EXTENSION = StarterExtension(
    None,
    MelPostfilter(
        mean=torch.zeros(BANDS),
        deviation=torch.ones(BANDS),
        covariance=torch.eye(BANDS),
        level=torch.zeros(()),
        taps=torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]),
    ),
)


def rendered(latents, *states):
    """Post-filtered latents without a mask."""
    mask = torch.ones(len(latents), 1, latents.shape[2], dtype=torch.bool)
    return EXTENSION.postfilter(latents, mask, states)


def aligned(latents, state, spectrogram):
    return EXTENSION.mel_postfilter.align(rendered(latents, state), spectrogram)


@pytest.fixture
def heard():
    """A recording of 60 frames, latents of its words, and the state and frames of its speaker."""
    spectrogram, latents = speech_like(3, 60), random(1, 96, 60, seed=5)
    state = StarterSpeakerState(EXTENSION.mel_postfilter.transform([spectrogram]))
    return spectrogram, latents, state, aligned(latents, state, spectrogram)


def shape(mel):
    """Mels (frames, 80) of their first cosines alone."""
    places = (torch.arange(BANDS) + 0.5) / BANDS
    cosines = (torch.pi * places[:, None] * torch.arange(COARSE)).cos()
    return mel @ cosines @ torch.linalg.pinv(cosines)


def smooth(mel):
    """Mels (frames, 80), each with a quarter of its neighbours; the ends are their own."""
    before, after = torch.cat([mel[:1], mel[:-1]]), torch.cat([mel[1:], mel[-1:]])
    return (before + 2 * mel + after) / 4


def applied(bank, latents):
    return bank.apply(latents, torch.ones(latents.shape[1], dtype=torch.bool))


@pytest.fixture
def careless(monkeypatch):
    """As much is added where sounds change as where they last."""
    monkeypatch.setattr(module, "STEADY", 1e3)


def test_frames_get_the_residuals_of_their_nearest_neighbours(careless):
    places = torch.tensor([9.0] * 8 + [-9.0] * 8)[:, None].expand(-1, BANDS)
    residual = torch.tensor([1.0] * 8 + [-2.0] * 8)[:, None].expand(-1, BANDS)
    latents = random(96, 4)
    latents[:BANDS] = places[[0, 0, 15, 15]].T
    added = applied(ResidualBank.of([AlignedFrames(places, residual)]), latents) - latents
    between = torch.tensor([1.0, 0.25, -1.25, -2.0])
    torch.testing.assert_close(added[:BANDS], between.expand(BANDS, 4))
    assert not added[BANDS:].any()


def test_the_nearest_counts_most():
    rendered = torch.stack([torch.zeros(BANDS), torch.full((BANDS,), 3.0)])
    added = applied(ResidualBank.of([AlignedFrames(rendered, rendered)]), torch.zeros(BANDS, 1))
    assert 0 <= added.max() < 0.01


def test_one_frame_is_enough():
    one = ResidualBank.of([AlignedFrames(torch.zeros(1, BANDS), torch.ones(1, BANDS))])
    torch.testing.assert_close(applied(one, torch.ones(BANDS, 7)), torch.full((BANDS, 7), 2.0))


@pytest.mark.parametrize(
    "cosine, share",
    [(COARSE - 1, 0.0), (COARSE, BETWEEN_SHARE), (FINE - 1, BETWEEN_SHARE), (FINE, 0.0)],
)
def test_shapes_that_tell_people_apart_go_towards_the_neighbours(cosine, share):
    """Neighbours without any shape flatten those between the coarse and the fine ones."""
    places = (torch.arange(BANDS) + 0.5) / BANDS
    wave = (torch.pi * places * cosine).cos()[:, None].expand(BANDS, 3)
    flat = ResidualBank.of([AlignedFrames(torch.zeros(PLENTY, BANDS), torch.zeros(PLENTY, BANDS))])
    torch.testing.assert_close(applied(flat, wave), (1 - share) * wave, atol=1e-5, rtol=1e-4)


def test_a_few_seconds_do_not_draw_shapes_towards_them():
    wave, few = random(BANDS, 3), torch.zeros(PLENTY - 1, BANDS)
    torch.testing.assert_close(applied(ResidualBank.of([AlignedFrames(few, few)]), wave), wave)


@pytest.mark.parametrize("frames, counted", [(PLENTY - 1, 16), (PLENTY, 8)])
def test_of_plenty_only_the_nearest_few_count(frames, counted):
    residual = torch.zeros(frames, BANDS)
    residual[:counted] = 1.0
    rendered = torch.zeros(frames, BANDS)
    rendered[counted:] = 0.01
    torch.testing.assert_close(
        applied(ResidualBank.of([AlignedFrames(rendered, residual)]), torch.zeros(BANDS, 1)),
        torch.ones(BANDS, 1),
    )


@pytest.mark.parametrize("frames", [500, PLENTY])
def test_the_residual_is_followed_from_few_neighbours(frames, careless):
    """A residual in proportion to what is rendered, as of a band twice as loud in truth."""
    rendered = 3 * random(frames, BANDS)
    bank = ResidualBank.of([AlignedFrames(rendered, rendered)])
    mel = rendered[7:10] + 0.3 * random(3, BANDS, seed=1)
    added = applied(bank, mel.T).T - mel
    off = (added - smooth(mel)).norm() / mel.norm()
    assert off < 0.05 if frames < PLENTY else off > 0.05


def added_in_the_middle(frames, mel):
    known = AlignedFrames(random(frames, BANDS), torch.ones(frames, BANDS))
    return (applied(ResidualBank.of([known]), mel) - mel)[:, 4].mean()


LASTING = torch.zeros(BANDS, 9)
CHANGING = torch.cat([LASTING[:, :4], LASTING[:, 4:] + 1.0], dim=1)


@pytest.mark.parametrize(("frames", "least", "most"), [(300, 0.0, 0.3), (PLENTY, 0.35, 0.55)])
def test_less_is_added_where_sounds_change(frames, least, most):
    assert added_in_the_middle(frames, LASTING) == pytest.approx(1, abs=0.05)
    assert least < added_in_the_middle(frames, CHANGING) < most


def test_of_few_less_is_added_where_nothing_was_like_them():
    assert 0 < added_in_the_middle(300, LASTING + 9.0) < 0.2


def test_of_plenty_as_much_is_added_far_away():
    known = random(PLENTY, BANDS)
    far = torch.full((BANDS, 4), 9.0)
    added = applied(ResidualBank.of([AlignedFrames(known, torch.ones(PLENTY, BANDS))]), far) - far
    torch.testing.assert_close(added.mean(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_own_words_get_the_details_of_the_recording_and_half_its_shape(
    heard, careless, monkeypatch
):
    """Frames that are their own neighbours, and lie where they are heard."""
    monkeypatch.setattr(module, "NEIGHBOURS", 1)
    monkeypatch.setattr(module, "dtw_path", lambda made, real: torch.arange(len(made)))
    spectrogram, latents, state, _ = heard
    bank = ResidualBank.of([aligned(latents, state, spectrogram)])
    plain, own = (
        rendered(latents, each)[0, :BANDS].T for each in (state, replace(state, bank=bank))
    )
    mel = log_mel(spectrogram)
    spoken = speech_frames(mel)[0, 0]
    real = mel[0].T + EXTENSION.mel_postfilter.level - mel[0].T[spoken].mean()
    residual = (real - plain) * spoken[:, None]
    added = smooth(residual - (1 - COARSE_SHARE) * shape(residual))
    torch.testing.assert_close(own - plain, added, atol=1e-3, rtol=1e-3)


def test_a_recording_is_heard_without_its_level(heard):
    spectrogram, latents, state, frames = heard
    quiet = aligned(latents, state, 0.2 * spectrogram)
    torch.testing.assert_close(quiet.residual, frames.residual, atol=1e-3, rtol=1e-3)


def test_pauses_have_no_residual(heard):
    spectrogram, latents, state, _ = heard
    spectrogram = spectrogram.clone()
    spectrogram[:, :, 20:40] *= 1e-4
    residual = aligned(latents, state, spectrogram).residual
    assert not residual[20:40].any()
    assert residual[:20].any() and residual[40:].any()


@pytest.mark.parametrize("frames", [47, 71])
def test_a_recording_may_be_longer_or_shorter_than_its_tokens(heard, frames):
    _, latents, state, _ = heard
    found = aligned(latents, state, speech_like(4, frames))
    assert found.rendered.shape == found.residual.shape == (min(frames, 60), BANDS)


def test_silence_gives_numbers(heard):
    _, latents, state, _ = heard
    assert aligned(latents, state, torch.zeros(1, 1025, 60)).residual.isfinite().all()


def test_several_recordings_are_as_one(heard):
    *_, frames = heard
    both = ResidualBank.of([frames, frames])
    assert both.rendered.nbytes + both.residual.nbytes == 4 * frames.residual.nbytes < both.nbytes
    torch.testing.assert_close(both.residual[60:], frames.residual)


def test_speakers_of_a_batch_add_nothing_to_each_other(heard):
    *_, state, frames = heard
    states = [replace(state, bank=ResidualBank.of([frames])), state]
    latents = random(2, 96, 20)
    together = rendered(latents, *states)
    for row, each in enumerate(states):
        alone = rendered(latents[row : row + 1], each)
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(together[0], rendered(latents[:1], state)[0], atol=1e-3)


def test_a_row_gets_the_same_beside_a_longer_one(heard):
    *_, state, frames = heard
    own = replace(state, bank=ResidualBank.of([frames]))
    latents, mask = random(2, 96, 20), torch.ones(2, 1, 20, dtype=torch.bool)
    latents[0, :, 12:], mask[0, :, 12:] = 0, False
    together = EXTENSION.postfilter(latents, mask, [own, own])
    alone = rendered(latents[:1, :, :12], own)
    torch.testing.assert_close(together[:1, :, :12], alone, atol=1e-5, rtol=1e-4)
    assert not together[0, :, 12:].any()


def test_a_state_counts_all_its_bytes(heard):
    *_, state, frames = heard
    bank = ResidualBank.of([frames])
    assert replace(state, bank=bank).nbytes == state.transform.nbytes + bank.nbytes
