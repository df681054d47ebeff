"""Masks for batches whose rows have different lengths."""

import torch
from torch import Tensor


def length_mask(lengths: Tensor, size: int | None = None) -> Tensor:
    """Mask of the real part of each row.

    Args:
        lengths: (batch,) integers.
        size: length of the batch; the longest row's if not given.

    Returns:
        Bool mask of shape (batch, 1, size). It is bool so that multiplying by it
        keeps the type of what is masked, also under autocast.
    """
    size = int(lengths.max()) if size is None else size
    positions = torch.arange(size, device=lengths.device)
    return (positions < lengths.unsqueeze(1)).unsqueeze(1)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero what the mask hides; without a mask nothing is hidden."""
    return x if mask is None else x * mask


def mask_of(rows: Tensor, lengths: Tensor | None) -> Tensor:
    """Mask (batch, 1, time) of rows (batch, channels, time); all of it without lengths."""
    if lengths is None:
        return torch.ones(rows.shape[0], 1, rows.shape[-1], dtype=torch.bool, device=rows.device)
    return length_mask(lengths, rows.shape[-1])
