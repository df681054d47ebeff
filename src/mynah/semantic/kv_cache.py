"""KV cache: keys and values of the sequences being decoded, in memory that is allocated once."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.semantic.config import SemanticConfig

Attend = Callable[[Tensor], Tensor]
"""A layer's attention: from queries, new keys and new values (rows, time, 3, heads, head size) to
weighted sums of all values that they may see, (rows, time, hidden)."""


class KVCache(ABC):
    """Slots for the keys and values of sequences; a slot is a row of its tensors.

    Attributes:
        rows: number of slots.
        capacity: phonemes and tokens that fit in a slot.
        lengths: (rows,) filled places, on the device.
        text_lengths: (rows,) phonemes among them, on the device.
        keys: (layers, rows, heads, ...).
        values: likewise.
    """

    keys: Tensor
    values: Tensor

    def __init__(self, rows: int, capacity: int, device: torch.device) -> None:
        self.rows = rows
        self.capacity = capacity
        self.lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self.text_lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self._filled = [0] * rows

    @property
    def device(self) -> torch.device:
        """The device of keys and values."""
        return self.lengths.device

    def full(self, rows: int) -> list[int]:
        """Those of the first `rows` slots that have no room for another token."""
        return [row for row in range(rows) if self._filled[row] == self.capacity]

    def begin(self, first: int, phones: Sequence[int], tokens: Sequence[int]) -> slice:
        """Start the slots from `first` on anew, one for each pair of phonemes and tokens."""
        lengths = [sum(pair) for pair in zip(phones, tokens, strict=True)]
        assert min(phones) > 0, phones
        assert max(lengths) <= self.capacity, (lengths, self.capacity)
        rows = slice(first, first + len(lengths))
        self._filled[rows] = lengths
        self.lengths[rows] = torch.tensor(lengths, device=self.device)
        self.text_lengths[rows] = torch.tensor(phones, device=self.device)
        return rows

    def grow(self, rows: int) -> "list[AppendedSlots]":
        """Append a place to each of the first `rows` slots."""
        longest = max(self._filled[:rows])
        assert longest < self.capacity, (longest, self.capacity)
        self._filled[:rows] = [length + 1 for length in self._filled[:rows]]
        last = self.lengths[:rows].clone()
        self.lengths[:rows] += 1
        return [AppendedSlots(self, last, longest)]

    @abstractmethod
    def copy(self, slot: int, to: Self, target: int) -> None:
        """Copy a slot to one of this or a longer cache."""

    def wipe(self, slot: int) -> None:
        """Make a slot's numbers finite again."""
        self.keys[:, slot] = 0
        self.values[:, slot] = 0

    def _copy_length(self, slot: int, to: "KVCache", target: int) -> int:
        """Copy a slot's length to one of this or another cache, and return it."""
        to.lengths[target] = self.lengths[slot]
        to.text_lengths[target] = self.text_lengths[slot]
        to._filled[target] = self._filled[slot]
        return self._filled[slot]


@dataclass(frozen=True, slots=True, eq=False)
class AppendedSlots:
    """The first slots of a cache, each one place longer than before.

    Attributes:
        cache: of the slots.
        last: (rows,) their new places.
        longest: the furthest of these; to read it from a GPU would take time.
    """

    cache: KVCache
    last: Tensor
    longest: int

    @property
    def positions(self) -> Tensor:
        """(rows,) positions of the new tokens among each slot's tokens."""
        return self.last - self.cache.text_lengths[: len(self.last)]


class LayeredKVCache(KVCache):
    """Keys and values that layers in torch attend to, each layer by itself."""

    @abstractmethod
    def fill(
        self, first: int, phones: Sequence[int], tokens: Sequence[int], visible: Tensor
    ) -> list[Attend]:
        """Start slots anew, and return each layer's attention of the sequences to themselves.

        Args:
            first: slot of the first sequence.
            phones: phonemes of each sequence.
            tokens: tokens of each.
            visible: mask (rows, 1, time, time) of what they see of one another.
        """

    @abstractmethod
    def attends(self, grown: AppendedSlots) -> list[Attend]:
        """Each layer's attention from the new places to all before them."""


# Keys are read in whole blocks, so that attention meets few different shapes
# (each of which a CUDA graph has to record) and seldom reads far past the end.
BLOCK = 64
CACHE_LINE = 64
"""Bytes that a processor reads at a time; what begins with one is read in fewest."""


class TorchKVCache(LayeredKVCache):
    """A `KVCache` that torch's attention reads.

    `GPT.prefill` fills a slot, and `GPT.step` appends to it; steps may use the first slots only.

    Attributes:
        keys: (layers, rows, heads, capacity, head size).
        values: the same shape.
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
        super().__init__(rows, capacity, device)
        shape = (config.layers, rows, config.heads, capacity, config.head_size)
        self.keys = zeros(shape, dtype, device)
        self.values = zeros(shape, dtype, device)
        self._rows = torch.arange(rows, device=device)
        self._places = torch.arange(capacity, device=device)

    def fill(
        self, first: int, phones: Sequence[int], tokens: Sequence[int], visible: Tensor
    ) -> list[Attend]:
        rows = self.begin(first, phones, tokens)
        return [
            partial(_fill, keys[rows], values[rows], visible)
            for keys, values in zip(self.keys, self.values, strict=True)
        ]

    def attends(self, grown: AppendedSlots) -> list[Attend]:
        last, rows = grown.last, len(grown.last)
        window = min(self.capacity, (grown.longest // BLOCK + 1) * BLOCK)
        hidden = self._places[:window] > last[:, None, None, None]
        mask = torch.zeros_like(hidden, dtype=self.keys.dtype).masked_fill_(hidden, -torch.inf)
        index = (self._rows[:rows], last)
        return [
            partial(_grow, keys[:rows, :, :window], values[:rows, :, :window], index, mask)
            for keys, values in zip(self.keys, self.values, strict=True)
        ]

    def copy(self, slot: int, to: Self, target: int) -> None:
        length = self._copy_length(slot, to, target)
        to.keys[:, target, :, :length] = self.keys[:, slot, :, :length]
        to.values[:, target, :, :length] = self.values[:, slot, :, :length]


def attend(visible: Tensor, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention under a mask (rows, 1, query, key), bool or to be added: (rows, query, hidden)."""
    mixed = F.scaled_dot_product_attention(query.to(keys.dtype), keys, values, visible)
    return mixed.transpose(1, 2).flatten(2)


def split(projected: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys, values, (rows, heads, time, head size) each; see `Attend`."""
    query, keys, values = projected.permute(2, 0, 3, 1, 4).unbind()
    return query, keys, values


def side_by_side(parts: Sequence[AppendedSlots]) -> list[Attend]:
    """Each layer's attention where a step's rows are in several caches, one after the other."""
    every = [cast(LayeredKVCache, part.cache).attends(part) for part in parts]
    if len(every) == 1:
        return every[0]
    counts = [len(part.last) for part in parts]
    return [partial(_side_by_side, counts, layer) for layer in zip(*every, strict=True)]


def _side_by_side(counts: list[int], attends: Sequence[Attend], projected: Tensor) -> Tensor:
    parts = zip(attends, projected.split(counts), strict=True)
    return torch.cat([attend(part) for attend, part in parts])


def _fill(row_keys: Tensor, row_values: Tensor, visible: Tensor, projected: Tensor) -> Tensor:
    query, keys, values = split(projected)
    row_keys[:, :, : keys.shape[2]] = keys
    row_values[:, :, : values.shape[2]] = values
    return attend(visible, query, keys, values)


def _grow(
    row_keys: Tensor,
    row_values: Tensor,
    index: tuple[Tensor, Tensor],
    mask: Tensor,
    projected: Tensor,
) -> Tensor:
    query, keys, values = split(projected)
    rows, places = index
    row_keys[rows, :, places] = keys[:, :, 0].to(row_keys.dtype)
    row_values[rows, :, places] = values[:, :, 0].to(row_values.dtype)
    return attend(mask, query, row_keys, row_values)


def zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros, not empty: a masked place counts 0 x its value, and 0 x NaN is NaN.

    On the CPU the system commits them as they are first written to, so that many long slots cost
    nothing until they are used; torch's own are written at once.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    raw = torch.from_numpy(np.zeros(size + CACHE_LINE, np.uint8))
    start = -raw.data_ptr() % CACHE_LINE
    return raw[start : start + size].view(dtype).view(shape)
