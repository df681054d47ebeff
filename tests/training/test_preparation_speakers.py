"""Detection of several speakers by spectrum and pitch, roughly."""

import numpy as np
import pytest

from mynah.training.prepare.speaker_check import compare, spectral_profile

RATE = 32_000


def vowels(rng, pitch: float, throat: float) -> np.ndarray:
    """Two seconds of vowels at about a pitch in hertz, by formants that a throat scales."""
    parts = []
    for formants in ((730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840)):
        here = pitch * 2 ** (rng.normal() / 12)
        time = np.arange(int(0.4 * RATE)) / RATE
        partials = here * np.arange(1, int(8000 / here))
        gains = sum(1 / (1 + ((partials - throat * each) / 120) ** 2) for each in formants)
        wave = np.sin(2 * np.pi * partials[:, None] * time).T @ (gains + 0.01)
        parts.append(wave * np.sin(np.pi * time / 0.4))
    wave = np.concatenate([parts[at] for at in rng.permutation(5)])
    return (0.1 * wave / np.abs(wave).max()).astype(np.float32)


def several(seed: int, pitch: float, throat: float, count: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [vowels(rng, pitch, throat) for _ in range(count)]


@pytest.mark.parametrize("pitch", [90, 130, 220])
def test_pitch_is_measured(pitch):
    found = spectral_profile(several(0, pitch, 1.0, 1)[0]).pitch
    assert found == pytest.approx(12 * np.log2(pitch), abs=1.5)


def test_one_person_is_one():
    assert compare(several(1, 120, 1.0, 12)) == "no"


def test_a_man_and_a_woman_are_two():
    assert compare(several(2, 110, 1.0) + several(3, 220, 1.25)) == "clearly"


def test_another_microphone_is_only_suspected():
    near, far = several(4, 120, 1.0), several(5, 120, 1.0)
    dull = [np.convolve(each, np.ones(16) / 16, "same").astype(np.float32) for each in far]
    assert compare(near + dull) == "perhaps"


def test_noise_and_few_slices_tell_nothing():
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(6, RATE)).astype(np.float32)
    assert spectral_profile(noise[0]) is None
    assert compare(list(noise)) == "no"
    assert compare(several(7, 110, 1.0, 1) + several(8, 220, 1.25, 2)) == "no"
