"""How phonemes are found in time: borders move to where the sound changes."""

import numpy as np
import pytest
from recipes.starter.boundaries import Halves, Sentence
from recipes.starter.corpus import Clip
from recipes.starter.frames import ENVELOPE_BANDS, SMOOTH_CHANNELS


@pytest.fixture
def spoken() -> tuple[np.ndarray, np.ndarray]:
    """Sixty recordings of two sounds, each of its own envelope, and the true border of each."""
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(2, ENVELOPE_BANDS))
    borders = rng.integers(12, 28, 60)
    rows = np.zeros((60, 40, SMOOTH_CHANNELS), np.float32)
    for row, border in zip(rows, borders, strict=True):
        row[:border, :ENVELOPE_BANDS], row[border:, :ENVELOPE_BANDS] = shapes
    rows += 0.1 * rng.normal(size=rows.shape)
    return rows.reshape(-1, SMOOTH_CHANNELS), borders


def test_borders_move_to_where_the_envelope_changes(spoken):
    rows, borders = spoken
    clips = [Clip(f"{n}", "en", "", "", 1.0, n * 40 * 640, 40 * 640) for n in range(60)]
    # At first every border is believed to be in the middle.
    places = np.tile(np.repeat([0, 1], 20), 60).astype(np.int16)
    sentences = [Sentence(rows, clip, places, places + 1) for clip in clips]
    for _ in range(4):
        halves = Halves(sentences)
        for sentence in sentences:
            sentence.settle(halves)
    found = np.array([(sentence.places == 0).sum() for sentence in sentences])
    assert np.abs(found - borders).mean() < 1.0
