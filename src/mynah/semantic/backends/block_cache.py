"""Keys and values in half precision, in blocks of places."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.semantic.config import SemanticConfig
from mynah.semantic.kv_cache import (
    BLOCK,
    AppendedSlots,
    Attend,
    KVCache,
    LayeredKVCache,
    split,
    zeros,
)


class BlockKVCache(KVCache):
    """Storage of the CPU's caches, which differ in how attention reads them.

    A block holds one dimension of all its places' keys, then the next dimension, so that a
    query's scores for them are summed side by side.

    Attributes:
        keys: (layers, rows, heads, blocks, head size, places of a block).
        values: (layers, rows, heads, places, head size).
    """

    def copy(self, slot: int, to: Self, target: int) -> None:
        blocks = -(-self._copy_length(slot, to, target) // BLOCK)
        to.keys[:, target, :, :blocks] = self.keys[:, slot, :, :blocks]
        to.values[:, target, :, : blocks * BLOCK] = self.values[:, slot, :, : blocks * BLOCK]


_DTYPE = torch.float16


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """Table indices that a step of the first slots reads in every layer: whole blocks.

    Attributes:
        rows: number of slots.
        blocks: of each.
        key_rows: ids in the table of keys, by slot, head, block, dimension.
        key_bags: offsets of each slot's, head's and block's first among them.
        value_rows: ids in the table of values, by slot, head, place.
        value_bags: offsets of each slot's and head's first among them.
    """

    rows: int
    blocks: int
    key_rows: Tensor
    key_bags: Tensor
    value_rows: Tensor
    value_bags: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A layer's part of the cache, and views of it.

    Attributes:
        memory: all queries, then keys, then values.
        queries: (rows x heads, head size).
        keys: table of (rows x heads x blocks x head size, places of a block).
        values: table of (rows x heads x capacity, head size).
    """

    memory: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor


class TableKVCache(BlockKVCache, LayeredKVCache):
    """A `KVCache` whose steps are sums over tables, which torch computes fast on a CPU.

    It is filled one slot at a time. Queries come divided by the square root of their size already.
    """

    def __init__(self, config: SemanticConfig, rows: int, capacity: int) -> None:
        super().__init__(rows, capacity, torch.device("cpu"))
        self._heads, self._size = config.heads, config.head_size
        self._blocks = -(-capacity // BLOCK)
        self._width = rows * config.hidden
        numbers = self._width * self._blocks * BLOCK
        sizes = (self._width, numbers, numbers)
        memory = zeros((config.layers, sum(sizes)), _DTYPE, self.device)
        _, keys, values = memory.split(sizes, dim=1)
        shape = (config.layers, rows, self._heads, self._blocks)
        self.keys = keys.unflatten(1, (*shape[1:], self._size, BLOCK))
        self.values = values.unflatten(1, (rows, self._heads, -1, self._size))
        self._layers = [self._layer_of(each) for each in memory]
        self._firsts = self._first_places()
        self._window = self._window_of(1, 1)

    def fill(
        self, first: int, phones: Sequence[int], tokens: Sequence[int], visible: Tensor
    ) -> list[Attend]:
        assert len(phones) == 1, phones
        self.begin(first, phones, tokens)
        rows = zip(self.keys[:, first], self.values[:, first], strict=True)
        return [partial(_fill, keys, values, visible) for keys, values in rows]

    def attends(self, grown: AppendedSlots) -> list[Attend]:
        last, rows, blocks = grown.last, len(grown.last), grown.longest // BLOCK + 1
        if (rows, blocks) != (self._window.rows, self._window.blocks):
            self._window = self._window_of(rows, blocks)
        hidden = torch.arange(blocks * BLOCK) > last[:, None]
        mask = torch.zeros(hidden.shape, dtype=_DTYPE).masked_fill_(hidden, -torch.inf)
        masks, new = mask.repeat_interleave(self._heads, 0), self._new_places(last)
        return [partial(_grow, layer, self._window, masks, new) for layer in self._layers]

    def _layer_of(self, memory: Tensor) -> _Layer:
        numbers = (len(memory) - self._width) // 2
        queries, keys, values = memory.split((self._width, numbers, numbers))
        size = self._size
        return _Layer(memory, queries.view(-1, size), keys.view(-1, BLOCK), values.view(-1, size))

    def _window_of(self, rows: int, blocks: int) -> _Window:
        bags, size = torch.arange(rows * self._heads), self._size
        first_blocks = (bags * self._blocks)[:, None]
        key_rows = (first_blocks + torch.arange(blocks))[..., None] * size + torch.arange(size)
        value_rows = first_blocks * BLOCK + torch.arange(blocks * BLOCK)
        key_bags, value_bags = torch.arange(len(bags) * blocks) * size, bags * blocks * BLOCK
        return _Window(rows, blocks, key_rows.flatten(), key_bags, value_rows.flatten(), value_bags)

    def _first_places(self) -> Tensor:
        """Indices (rows, 3, hidden) of query, key and value of each slot's first place."""
        bags, size = torch.arange(self.rows * self._heads)[:, None], torch.arange(self._size)
        room = self._blocks * BLOCK * self._size
        queries = bags * self._size + size
        keys = self._width + bags * room + size * BLOCK
        values = self._width + self.rows * self._heads * room + bags * room + size
        return torch.stack([each.view(self.rows, -1) for each in (queries, keys, values)], dim=1)

    def _new_places(self, last: Tensor) -> Tensor:
        """Indices in a layer's memory of queries, keys and values of the places `last` (rows,)."""
        keys = last // BLOCK * (BLOCK * self._size) + last % BLOCK
        further = torch.stack([torch.zeros_like(last), keys, last * self._size], dim=1)
        return (self._firsts[: len(last)] + further[..., None]).flatten()


def _fill(row_keys: Tensor, row_values: Tensor, visible: Tensor, projected: Tensor) -> Tensor:
    query, keys, values = split(projected)
    blocks = F.pad(keys[0], (0, 0, 0, -keys.shape[2] % BLOCK)).unflatten(1, (-1, BLOCK))
    row_keys[:, : blocks.shape[1]] = blocks.transpose(2, 3)
    row_values[:, : values.shape[2]] = values[0]
    mixed = F.scaled_dot_product_attention(query, keys, values, visible, scale=1.0)
    return mixed.transpose(1, 2).flatten(2)


def _grow(layer: _Layer, window: _Window, mask: Tensor, new: Tensor, projected: Tensor) -> Tensor:
    layer.memory.index_copy_(0, new, projected.to(_DTYPE).flatten())
    queries = layer.queries[: mask.shape[0], None].expand(-1, window.blocks, -1).flatten()
    scores = _sums(layer.keys, window.key_rows, window.key_bags, queries).view(mask.shape)
    weights = scores.add_(mask).softmax(-1).flatten()
    mixed = _sums(layer.values, window.value_rows, window.value_bags, weights)
    return mixed.float().view(window.rows, 1, -1)


def _sums(table: Tensor, rows: Tensor, bags: Tensor, weights: Tensor) -> Tensor:
    """For each bag the sum of some rows of a table (n, width) with their weights: (bags, width)."""
    return torch.embedding_bag(table, rows, bags, False, 0, False, weights)[0]
