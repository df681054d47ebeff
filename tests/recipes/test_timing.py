"""Letters of whole tokens: from what a voice plans to what it is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes.starter.timing import AHEAD, FRAME, RUN_UP, TOKEN, Letter, segments, whole_tokens

WORD = [Letter("k", (0,)), Letter("ˈ", (1,)), Letter("i", (1,)), Letter("z", (2,))]


def planned(*lasting: int) -> np.ndarray:
    """Frames of some letters between two silences."""
    return np.array([8, *lasting, 8], np.float32)


def test_a_phoneme_has_all_its_letters():
    assert [(part.place, part.letters) for part in segments(WORD, planned(2, 1, 3, 2))] == [
        (0, [(0, 1.0)]),
        (1, [(1, 1.0), (2, 1.0)]),
        (2, [(3, 1.0)]),
    ]


def test_what_writes_no_phoneme_is_a_pause_and_a_short_space_is_none():
    told = [Letter("a", (0,)), Letter(" "), Letter("b", (1,)), Letter(","), Letter(" ")]
    told += [Letter("c", (3,)), Letter(".")]
    parts = segments(told, planned(2, 3, 2, 9, 1, 2, 4))
    assert [part.place for part in parts] == [0, 1, -1, 3]
    assert parts[0].letters == [(0, 1.0), (1, 1.0)]


def test_a_letter_of_two_phonemes_is_shared():
    parts = segments([Letter("y", (0, 1)), Letter("↗", (1,))], planned(2, 2))
    assert [(part.place, part.letters) for part in parts] == [
        (0, [(0, 0.5)]),
        (1, [(0, 0.5), (1, 1.0)]),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=30),
    st.sampled_from([0.86, 1.0, 1.18]),
)
def test_phonemes_begin_and_end_with_tokens(told: list[tuple[int, bool]], size: float):
    """Of letters that are a phoneme each, or a pause."""
    told = [*told, (3, False)]
    letters = [Letter(",") if mark else Letter("a", (n,)) for n, (_, mark) in enumerate(told)]
    frames = planned(*(length for length, _ in told))
    timing = whole_tokens(letters, frames, ["a1"] * len(letters), size)
    ends = (np.cumsum(timing.frames) * FRAME - AHEAD - timing.origin) / (TOKEN * size)
    starts = ends - timing.frames * FRAME / (TOKEN * size)
    near = FRAME / (TOKEN * size)
    for place, (_, mark) in enumerate(told):
        if mark:
            continue
        tokens = np.flatnonzero(np.array(timing.places) == place)
        assert len(tokens) >= 1
        assert (np.diff(tokens) == 1).all()
        assert starts[place + 1] == pytest.approx(tokens[0], abs=near)
        assert ends[place + 1] == pytest.approx(tokens[-1] + 1, abs=near)
    assert timing.frames[0] >= RUN_UP
    assert timing.frames[-1] * FRAME >= 4 * TOKEN * size


def test_lengths_stay_near_what_was_planned():
    letters = [Letter("a", (number,)) for number in range(50)]
    timing = whole_tokens(letters, planned(*[3] * 50), ["a1"] * 50, 1.0)
    spoken = sum(place >= 0 for place in timing.places)
    assert spoken == pytest.approx(50 * 3 * FRAME / TOKEN, abs=1)


def test_sounds_are_not_drawn_out():
    letters = [Letter("s", (0,)), Letter("a", (1,))]
    places = whole_tokens(letters, planned(40, 40), ["s", "a1"], 1.0).places
    assert places.count(0) * TOKEN == pytest.approx(0.2)
    assert places.count(1) * TOKEN == pytest.approx(0.32)
