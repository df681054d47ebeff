"""Cepstra: spectral envelopes from coarse to fine, as cosine transforms of log bands."""

import math
from functools import cache

import torch
from torch import Tensor


@cache
def dct_basis(bands: int, coefficients: int) -> Tensor:
    """From bands to the first cepstral coefficients: orthonormal rows, (coefficients, bands)."""
    angles = math.pi / bands * (torch.arange(bands) + 0.5) * torch.arange(coefficients)[:, None]
    rows = angles.cos()
    return rows / rows.norm(dim=1, keepdim=True)


def lifter(mels: Tensor, first: int, end: int) -> Tensor:
    """The part of log bands (frames, bands) in coefficients from `first` to before `end`."""
    rows = dct_basis(mels.shape[1], end).to(mels)[first:]
    return mels @ rows.T @ rows
