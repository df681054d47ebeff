"""Alignment of phonemes: borders move to where the sound changes."""

from itertools import groupby

import numpy as np
import pytest
from recipes.starter.alignment import told_path
from recipes.starter.boundaries import Halves, Sentence
from recipes.starter.corpus import Clip, spans_of
from recipes.starter.frames import ENVELOPE_BANDS, SMOOTH_CHANNELS
from recipes.starter.sounds import SILENT


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


def test_spans_are_runs_of_whole_tokens_without_pauses():
    assert spans_of([-1, -1, 0, 1, 1, -1, 3]) == [
        (0, pytest.approx(0.08), pytest.approx(0.12)),
        (1, pytest.approx(0.12), pytest.approx(0.2)),
        (3, pytest.approx(0.24), pytest.approx(0.28)),
    ]


def test_frames_go_to_the_phoneme_that_is_heard_then():
    # Phonemes 0 and 1, a comma, and 3; between 0 and 1 the plan leaves 40 ms unclaimed.
    told = [(0, 0.1, 0.18), (1, 0.22, 0.3), (3, 0.5, 0.6)]
    clip = Clip("", "en", "so, so", "she", 1.0, 0, 32_000 * 7 // 10, told)
    path = told_path(clip, [7, 8, 9, 7, 9], [SILENT] * 7 + [1, 2, SILENT])
    assert path.shape == (35, 2)
    runs = [(*row, len([*group])) for row, group in groupby(map(tuple, path.tolist()))]
    assert runs == [
        (0, SILENT, 5),
        (0, 1, 5),
        (1, 2, 5),
        (2, SILENT, 10),
        (3, 1, 5),
        (4, SILENT, 5),
    ]
