"""When a teacher says each phoneme: from its plan to frames."""

from itertools import groupby

import numpy as np
import pytest
from recipes.starter.alignment import told_path
from recipes.starter.corpus import Clip
from recipes.starter.sounds import SILENT
from recipes.starter.spoken import AHEAD, RATE, Letter, Spoken, spans, trimmed

WORD = [Letter("k", (0,)), Letter("ˈ", (1,)), Letter("i", (1,)), Letter("z", (2,))]


def seconds(found):
    return [(place, round(a + AHEAD, 4), round(b + AHEAD, 4)) for place, a, b in found]


def test_a_phoneme_lasts_as_long_as_all_its_letters():
    assert seconds(spans(WORD, [2, 1, 3, 2, 8], before=4)) == [
        (0, 0.1, 0.15),
        (1, 0.15, 0.25),
        (2, 0.25, 0.3),
    ]


def test_what_writes_no_phoneme_is_a_gap():
    told = [Letter("a", (0,)), Letter(","), Letter(" "), Letter("b", (2,))]
    assert seconds(spans(told, [1, 3, 1, 1, 0], before=0)) == [(0, 0.0, 0.025), (2, 0.125, 0.15)]


def test_a_letter_of_two_phonemes_is_shared_and_grows_with_what_follows():
    told = [Letter("y", (0, 1)), Letter("↗", (1,))]
    assert seconds(spans(told, [2, 2, 0], before=0)) == [(0, 0.0, 0.025), (1, 0.025, 0.1)]


def test_long_silences_at_both_ends_are_cut():
    spoken = trimmed(Spoken(np.zeros(3 * RATE, np.float32), [(0, 1.0, 1.2), (1, 1.2, 1.5)]))
    assert len(spoken.samples) / RATE == pytest.approx(0.08 + 0.5 + 0.2, abs=0.001)
    assert spoken.spans[0][1:] == pytest.approx((0.08, 0.28))


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
