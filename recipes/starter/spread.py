"""Spread of envelopes around their mean, and its speed: a predicted mean has too little of both.

A network that is unsure predicts something in between, so its envelopes are flatter than real
ones, from band to band and from moment to moment. People differ in just these details: with the
covariance of a stranger's bands put right by hand, what was predicted for her came out six times
as like her (Toda and Tokuda 2007 compare the variances of whole sentences for the same reason).
"""

import torch
from torch import Tensor

from mynah.audio.cepstrum import dct_basis
from recipes.starter.frames import ENVELOPE_BANDS

LEAST = 1e-3
"""Variance that is as good as none, in squares of a band's deviation."""

CEPSTRUM = dct_basis(ENVELOPE_BANDS, ENVELOPE_BANDS)
"""From bands to a cepstrum, whose high coefficients are the details."""


def spread(envelopes: Tensor, mask: Tensor) -> Tensor:
    """Log deviations of a cepstrum and of its changes from frame to frame.

    Args:
        envelopes: (B, 60, T).
        mask: (B, 1, T), 1 for the frames that count.

    Returns:
        (B, 2, 60).
    """
    cepstrum = CEPSTRUM.to(envelopes) @ envelopes
    middle = _mean(cepstrum, mask)[:, :, None]
    pairs = mask[:, :, 1:] * mask[:, :, :-1]
    variances = [
        _mean((cepstrum - middle).square(), mask),
        _mean(cepstrum.diff(dim=2).square(), pairs),
    ]
    return 0.5 * (torch.stack(variances, dim=1) + LEAST).log()


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum(dim=2) / mask.sum(dim=2).clamp(min=1.0)
