"""The skews between diagonals and matrices of relative attention."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mynah.acoustic.sovits.attention import WINDOW, from_relative, to_relative

WIDTH = 2 * WINDOW + 1


@settings(deadline=None)
@given(st.integers(1, 14))
def test_diagonals_land_where_their_distance_says(time):
    diagonals = torch.rand(2, time, WIDTH) + 1
    square = from_relative(diagonals)
    assert square.shape == (2, time, time)
    for row in range(time):
        for column in range(time):
            entry = column - row + WINDOW
            expected = diagonals[:, row, entry] if 0 <= entry < WIDTH else torch.zeros(2)
            assert torch.equal(square[:, row, column], expected)


@settings(deadline=None)
@given(st.integers(1, 14))
def test_collecting_is_the_inverse_of_spreading(time):
    square = torch.rand(2, time, time)
    band = (torch.arange(time).unsqueeze(1) - torch.arange(time)).abs() <= WINDOW
    assert torch.equal(from_relative(to_relative(square)), square * band)
