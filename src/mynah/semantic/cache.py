"""Keys and values of the rows being decoded, in memory that is taken once."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from mynah.semantic.config import SemanticConfig

Store = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Keeps a layer's new keys and values (rows, heads, time, head size); gives those to attend to."""

# Keys are read in whole blocks, so that attention meets few different shapes
# (each of which a CUDA graph has to record) and seldom reads far past the end.
BLOCK = 64


class KeyValueCache:
    """Room for `rows` sequences of up to `capacity` phonemes and tokens each.

    A row is filled by `GPT.prefill` and grows by `GPT.step`; rows have their own
    lengths, and a finished row is simply filled anew. Steps may use the first few
    rows only.

    Attributes:
        keys: (layers, rows, heads, capacity, head size).
        values: the same shape.
        lengths: (rows,) filled places, on the device.
        text_lengths: (rows,) phonemes among them, on the device.
    """

    def __init__(
        self,
        config: SemanticConfig,
        rows: int,
        capacity: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        head_size = config.hidden // config.heads
        shape = (config.layers, rows, config.heads, capacity, head_size)
        # Zeros, not empty: a masked place counts 0 x its value, and 0 x NaN is NaN.
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self.text_lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self._filled = [0] * rows
        self._rows = torch.arange(rows, device=device)
        self._places = torch.arange(capacity, device=device)

    @property
    def capacity(self) -> int:
        """Phonemes and tokens that fit in a row."""
        return self.keys.shape[3]

    def fill(self, row: int, phones: int, tokens: int) -> list[Store]:
        """Starts a row anew; gives each layer the place for its keys and values."""
        length = phones + tokens
        assert phones > 0 and length <= self.capacity, (phones, tokens, self.capacity)
        self._filled[row] = length
        self.lengths[row] = length
        self.text_lengths[row] = phones
        return [
            partial(_fill, keys[row], values[row])
            for keys, values in zip(self.keys, self.values, strict=True)
        ]

    def grow(self, rows: int) -> tuple[Tensor, Tensor, list[Store]]:
        """Makes each of the first `rows` rows one place longer.

        Returns:
            (rows,) positions of the new tokens among the row's tokens, the mask
            (rows, 1, 1, keys) of what they see, and the place for each layer's keys
            and values.
        """
        longest = max(self._filled[:rows])
        assert longest < self.capacity, (longest, self.capacity)
        window = min(self.capacity, (longest // BLOCK + 1) * BLOCK)
        self._filled[:rows] = [length + 1 for length in self._filled[:rows]]
        last = self.lengths[:rows].clone()
        self.lengths[:rows] += 1
        visible = self._places[:window] <= last[:, None, None, None]
        index = (self._rows[:rows], last)
        stores: list[Store] = [
            partial(_grow, keys[:rows, :, :window], values[:rows, :, :window], index)
            for keys, values in zip(self.keys, self.values, strict=True)
        ]
        return last - self.text_lengths[:rows], visible, stores


def _fill(
    row_keys: Tensor, row_values: Tensor, keys: Tensor, values: Tensor
) -> tuple[Tensor, Tensor]:
    row_keys[:, : keys.shape[2]] = keys[0]
    row_values[:, : values.shape[2]] = values[0]
    return keys, values


def _grow(
    row_keys: Tensor,
    row_values: Tensor,
    index: tuple[Tensor, Tensor],
    keys: Tensor,
    values: Tensor,
) -> tuple[Tensor, Tensor]:
    rows, places = index
    row_keys[rows, :, places] = keys[:, :, 0].to(row_keys.dtype)
    row_values[rows, :, places] = values[:, :, 0].to(row_values.dtype)
    return row_keys, row_values
