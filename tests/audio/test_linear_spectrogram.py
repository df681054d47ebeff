"""The linear spectrogram against upstream's."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mynah.audio.spectrogram import linear_spectrogram

GOLDEN = Path(__file__).parent.parent / "data" / "parity" / "golden.npz"


def test_it_is_upstreams():
    with np.load(GOLDEN) as file:
        samples, expected = (
            torch.from_numpy(file[f"spectrogram/{name}"]) for name in ("wav", "linear")
        )
    torch.testing.assert_close(linear_spectrogram(samples), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("samples", [705, 1279, 1280, 32_000])
def test_a_frame_stands_for_640_samples(samples):
    assert linear_spectrogram(torch.zeros(2, samples)).shape == (2, 1025, samples // 640)
