"""Spread of envelopes: the loss by smoothing, in time and from band to band."""

import torch
from recipes.starter.frames import ENVELOPE_BANDS
from recipes.starter.spread import spread

FRAMES = 200
ALL = torch.ones(1, 1, FRAMES)


def envelopes() -> torch.Tensor:
    return torch.randn(1, ENVELOPE_BANDS, FRAMES, generator=torch.Generator().manual_seed(0))


def smoothed(rows: torch.Tensor) -> torch.Tensor:
    """Over five neighbours in the last dimension."""
    return torch.nn.functional.avg_pool1d(rows, 5, 1, 2, count_include_pad=False)


def test_what_is_smooth_in_time_changes_less_than_it_moves():
    positions, changes = (spread(smoothed(envelopes()), ALL) - spread(envelopes(), ALL))[0]
    assert float(changes.mean()) < float(positions.mean()) < -0.5


def test_what_is_smooth_over_bands_lacks_high_coefficients():
    smooth = smoothed(envelopes()[0].T)[None].transpose(1, 2)
    positions = (spread(smooth, ALL) - spread(envelopes(), ALL))[0, 0]
    assert float(positions[-20:].mean()) < float(positions[:10].mean()) - 1.0


def test_masked_frames_and_the_mean_do_not_count():
    rows = envelopes()
    mask = (torch.arange(FRAMES) < 150).float()[None, None]
    assert torch.allclose(
        spread(rows * mask + 9.0 * (1 - mask), mask),
        spread(rows[:, :, :150], ALL[:, :, :150]),
        atol=1e-5,
    )
    assert torch.allclose(spread(rows + 3.0, ALL), spread(rows, ALL), atol=1e-4)
