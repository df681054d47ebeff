"""The frames of a rendering are found in the recording of the same words."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mynah.starter.dtw import BAND, STEP_COSTS, dtw_path


def frames(count, seed=0):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [1, 2, 40])
def test_what_is_in_its_place_stays(count):
    assert dtw_path(frames(count), frames(count)).tolist() == list(range(count))


@pytest.mark.parametrize("late", [-4, -1, 1, 4])
def test_what_is_heard_earlier_or_later_is_found(late):
    rendered = frames(40)
    heard = rendered.roll(late, 0)
    path = dtw_path(rendered, heard)
    inside = slice(8, 32)  # what came in at the ends is found nowhere
    assert torch.equal(rendered[path][inside], heard[inside])


def test_sounds_that_last_longer_or_shorter_are_found():
    sounds = 5 * frames(4)
    rendered = sounds.repeat_interleave(torch.tensor([5, 5, 5, 5]), dim=0)
    heard = sounds.repeat_interleave(torch.tensor([3, 8, 5, 4]), dim=0)
    torch.testing.assert_close(rendered[dtw_path(rendered, heard)], heard)


@given(st.integers(1, 30), st.integers(0, 99), st.integers(100, 199))
def test_time_never_runs_backwards_and_nothing_is_sought_far_away(count, one, other):
    path = dtw_path(frames(count, one), frames(count, other)).tolist()
    assert len(path) == count
    assert all(later - earlier in STEP_COSTS for earlier, later in pairwise(path))
    assert all(0 <= place < count and abs(place - at) <= BAND for at, place in enumerate(path))
