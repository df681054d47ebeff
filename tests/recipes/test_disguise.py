"""A disguise is what resampling does to a voice, without its change of pace."""

import numpy as np
import pytest
import torch
from recipes.starter.disguise import KNOTS, PLACES, Disguise
from recipes.starter.frames import ENVELOPE_BANDS, SMOOTH_CHANNELS

from mynah.audio.spectrogram import linear_spectrogram

RATE = 32_000
PLAIN = np.zeros(len(KNOTS))


def resized(size: float) -> Disguise:
    """Every frequency times `size`, the colour as it was."""
    return Disguise(size, np.full(len(PLACES), size), PLAIN)


def vowel(size: float) -> np.ndarray:
    """A second of a vowel whose pitch and formants are `size` times 140, 700 and 1800 Hz."""
    time = np.arange(RATE) / RATE
    wave = np.zeros(RATE)
    for harmonic in range(1, 60):
        frequency = 140.0 * size * harmonic
        loudness = sum(np.exp(-np.square((frequency / size - f) / 250.0)) for f in (700, 1800))
        wave += (loudness + 0.003) * np.sin(2 * np.pi * frequency * time + harmonic)
    return (0.1 * wave).astype(np.float32)


@pytest.mark.parametrize("size", [0.85, 1.15])
def test_it_moves_formants_and_pitch_as_resampling_does(size: float):
    measuring = pytest.importorskip(
        "recipes.starter.measuring", reason="measures envelopes with WORLD: pip install pyworld"
    )
    smooth_part = measuring.smooth_part
    wanted = torch.from_numpy(smooth_part(vowel(size)))[10:40]
    plain = torch.from_numpy(smooth_part(vowel(1.0)))[10:40]
    disguised = resized(size).smooth(plain)
    heard = slice(0, ENVELOPE_BANDS // 2)
    missed = (disguised - wanted)[:, heard].abs().mean()
    assert missed < 0.3 * (plain - wanted)[:, heard].abs().mean()
    pitch = ENVELOPE_BANDS
    assert float(disguised[:, pitch].mean()) == pytest.approx(
        float(wanted[:, pitch].mean()), abs=0.01
    )


def test_the_reference_is_disguised_in_the_same_way():
    wanted = linear_spectrogram(torch.from_numpy(vowel(1.15))[None]).mean(dim=2)
    plain = linear_spectrogram(torch.from_numpy(vowel(1.0))[None])
    disguised = resized(1.15).spectrogram(plain).mean(dim=2)
    similar = torch.nn.functional.cosine_similarity
    assert similar(disguised, wanted) > 0.95 > similar(plain.mean(dim=2), wanted)


def test_colour_makes_the_same_frequencies_louder_in_both():
    colour = np.where(np.array(KNOTS) >= 2400.0, 0.7, 0.0)
    disguise = Disguise(1.0, np.ones(len(PLACES)), colour)
    plain = torch.randn(50, SMOOTH_CHANNELS, generator=torch.manual_seed(0))
    louder = (disguise.smooth(plain) - plain)[:, :ENVELOPE_BANDS].mean(dim=0)
    assert float(louder[0]) == pytest.approx(0.0, abs=1e-4)
    assert float(louder[-1]) == pytest.approx(0.7, abs=1e-3)
    heard = linear_spectrogram(torch.from_numpy(vowel(1.0))[None])
    ratio = disguise.spectrogram(heard) / heard.clamp(min=1e-9)
    assert float(ratio[0, 1000].mean()) == pytest.approx(np.exp(0.7), rel=1e-3)


def test_a_throat_of_another_shape_moves_its_formants_apart():
    throat = np.where(PLACES > 1500.0, 1.2, 1.0)
    heard = linear_spectrogram(torch.from_numpy(vowel(1.0))[None]).mean(dim=2)[0]
    moved = Disguise(1.0, throat, PLAIN).spectrogram(heard[None, :, None])[0, :, 0]
    bins = torch.arange(len(heard)) * RATE / 2048

    def formant(magnitudes: torch.Tensor, low: float, high: float) -> float:
        inside = (bins > low) & (bins < high)
        return float((bins * magnitudes)[inside].sum() / magnitudes[inside].sum())

    assert formant(moved, 300, 1100) == pytest.approx(formant(heard, 300, 1100), rel=0.02)
    assert formant(moved, 1500, 2600) > 1.06 * formant(heard, 1500, 2600)
