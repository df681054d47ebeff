"""Keys and values of the rows being decoded, in memory that is taken once."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.semantic.config import SemanticConfig

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""A layer's attention: its queries, and new keys and values, (rows, heads, time, head size)
each, to what the queries find in all keys that they may see, of the queries' shape."""

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
        self.keys = _zeros(shape, dtype, device)
        self.values = _zeros(shape, dtype, device)
        self.lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self.text_lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self._filled = [0] * rows
        self._rows = torch.arange(rows, device=device)
        self._places = torch.arange(capacity, device=device)

    @property
    def rows(self) -> int:
        """Sequences that there is room for."""
        return self.keys.shape[1]

    @property
    def capacity(self) -> int:
        """Phonemes and tokens that fit in a row."""
        return self.keys.shape[3]

    def full(self, rows: int) -> list[int]:
        """Which of the first `rows` rows have no room for another token."""
        return [row for row in range(rows) if self._filled[row] == self.capacity]

    def fill(
        self, first: int, phones: Sequence[int], tokens: Sequence[int], visible: Tensor
    ) -> list[Attend]:
        """Starts rows anew, from row `first` on.

        Args:
            first: row of the first sequence.
            phones: phonemes of each sequence.
            tokens: tokens of each.
            visible: mask (rows, 1, time, time) of what they see of one another.
        """
        lengths = [sum(pair) for pair in zip(phones, tokens, strict=True)]
        assert min(phones) > 0, phones
        assert max(lengths) <= self.capacity, (lengths, self.capacity)
        rows = slice(first, first + len(lengths))
        self._filled[rows] = lengths
        self.lengths[rows] = torch.tensor(lengths, device=self.lengths.device)
        self.text_lengths[rows] = torch.tensor(phones, device=self.lengths.device)
        return [
            partial(_fill, keys[rows], values[rows], visible)
            for keys, values in zip(self.keys, self.values, strict=True)
        ]

    def grow(self, rows: int) -> tuple[Tensor, list[Attend]]:
        """Makes each of the first `rows` rows one place longer.

        Returns:
            (rows,) positions of the new tokens among the row's tokens, and each layer's
            attention from the new places to all before them.
        """
        longest = max(self._filled[:rows])
        assert longest < self.capacity, (longest, self.capacity)
        window = min(self.capacity, (longest // BLOCK + 1) * BLOCK)
        self._filled[:rows] = [length + 1 for length in self._filled[:rows]]
        last = self.lengths[:rows].clone()
        self.lengths[:rows] += 1
        hidden = self._places[:window] > last[:, None, None, None]
        mask = torch.zeros_like(hidden, dtype=self.keys.dtype).masked_fill_(hidden, -torch.inf)
        index = (self._rows[:rows], last)
        attends: list[Attend] = [
            partial(_grow, keys[:rows, :, :window], values[:rows, :, :window], index, mask)
            for keys, values in zip(self.keys, self.values, strict=True)
        ]
        return last - self.text_lengths[:rows], attends

    def copy(self, row: int, to: "KeyValueCache", place: int) -> None:
        """Copies a row to a place of this or a longer cache."""
        length = self._filled[row]
        to.keys[:, place, :, :length] = self.keys[:, row, :, :length]
        to.values[:, place, :, :length] = self.values[:, row, :, :length]
        to.lengths[place] = self.lengths[row]
        to.text_lengths[place] = self.text_lengths[row]
        to._filled[place] = length

    def wipe(self, row: int) -> None:
        """Makes a row's places finite again, whatever was put there."""
        self.keys[:, row] = 0
        self.values[:, row] = 0


def attend(visible: Tensor, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention under a mask (rows, 1, query, key), bool or to be added."""
    return F.scaled_dot_product_attention(query.to(keys.dtype), keys, values, visible)


def side_by_side(parts: Sequence[tuple[int, list[Attend]]]) -> list[Attend]:
    """Each layer's attention where the first rows look into one cache, the next into another.

    Args:
        parts: for each cache the number of its rows, and its attention in each layer.
    """
    if len(parts) == 1:
        return parts[0][1]
    counts = [count for count, _ in parts]
    return [
        partial(_side_by_side, counts, layer)
        for layer in zip(*(attends for _, attends in parts), strict=True)
    ]


def _side_by_side(
    counts: list[int], attends: Sequence[Attend], query: Tensor, keys: Tensor, values: Tensor
) -> Tensor:
    split = zip(query.split(counts), keys.split(counts), values.split(counts), strict=True)
    return torch.cat([attend(*part) for attend, part in zip(attends, split, strict=True)])


def _fill(
    row_keys: Tensor,
    row_values: Tensor,
    visible: Tensor,
    query: Tensor,
    keys: Tensor,
    values: Tensor,
) -> Tensor:
    row_keys[:, :, : keys.shape[2]] = keys
    row_values[:, :, : values.shape[2]] = values
    return attend(visible, query, keys, values)


def _grow(
    row_keys: Tensor,
    row_values: Tensor,
    index: tuple[Tensor, Tensor],
    mask: Tensor,
    query: Tensor,
    keys: Tensor,
    values: Tensor,
) -> Tensor:
    rows, places = index
    row_keys[rows, :, places] = keys[:, :, 0].to(row_keys.dtype)
    row_values[rows, :, places] = values[:, :, 0].to(row_values.dtype)
    return attend(mask, query, row_keys, row_values)


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros, not empty: a masked place counts 0 x its value, and 0 x NaN is NaN.

    On the CPU they come from the system as they are first written to, so that room for many
    long rows costs nothing until there are such rows; torch's own are written at once.
    """
    if device.type == "cpu" and dtype == torch.float32:
        return torch.from_numpy(np.zeros(shape, np.float32))
    return torch.zeros(shape, dtype=dtype, device=device)
