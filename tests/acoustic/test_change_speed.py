"""Interpolation in time: upstream's number of frames, and its positions but for a frame."""

import pytest
import torch
from torch.nn.functional import interpolate

from mynah.acoustic.sovits.speed import change_speed, frame_count

TOKENS = 60
RAMP = torch.arange(2 * TOKENS, dtype=torch.float64)[None]
"""Every frame at speed 1 is its own position."""

SPEEDS = [0.25, 0.8, 1.1, 1.25, 4.0]


@pytest.mark.parametrize("speed", SPEEDS)
def test_positions_are_at_most_a_frame_off_upstreams(speed):
    upstreams = interpolate(RAMP[None], size=int(2 * TOKENS / speed) + 1, mode="linear")[0]
    count = frame_count(TOKENS, speed, ended=True)
    ours = change_speed(RAMP, range(count), speed, 0)
    assert ours.shape == upstreams.shape
    assert (ours - upstreams).abs().max() <= speed


@pytest.mark.parametrize("speed", SPEEDS)
def test_windows_join_to_the_whole(speed):
    whole = change_speed(RAMP, range(frame_count(TOKENS, speed, ended=True)), speed, 0)
    start, rows = 0, []
    for tokens in (20, 40, TOKENS):
        end = frame_count(tokens, speed, ended=tokens == TOKENS)
        first = max(0, 2 * (tokens - 30))
        # As many tokens after the window are known as decoding waits for.
        known = RAMP[:, first : 2 * (tokens + 4)]
        rows.append(change_speed(known, range(start, end), speed, first))
        start = end
    torch.testing.assert_close(torch.cat(rows, dim=1), whole)


def test_speed_1_changes_nothing():
    x = torch.randn(3, 20, generator=torch.Generator().manual_seed(0))
    assert torch.equal(change_speed(x, range(4, 20), 1.0, 0), x[:, 4:])
    assert frame_count(10, 1.0, ended=True) == 20
