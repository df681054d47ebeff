"""The filter that gives back the changes which rendered speech lacks."""

import pytest
import torch
from recipes.starter.rendered import filter_of


def gains_of(taps, count):
    spectrum = torch.fft.rfft(torch.cat([taps, torch.zeros(2 * (count - 1) - len(taps))]))
    return spectrum.abs()


@pytest.mark.parametrize("near", [0.0, -0.1, -0.3])
def test_a_filter_is_found_again_by_its_gains(near):
    far = 0.05
    taps = torch.tensor([far, near, 1 - 2 * near - 2 * far, near, far])
    torch.testing.assert_close(filter_of(gains_of(taps, 17)), taps, atol=1e-5, rtol=1e-4)


def test_what_lacks_nothing_is_left_alone():
    unit = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
    torch.testing.assert_close(filter_of(torch.ones(17)), unit, atol=1e-6, rtol=0)


def test_what_lasts_is_never_made_louder():
    rising = torch.linspace(1.0, 3.0, 17)
    assert filter_of(rising).sum() == pytest.approx(1)
