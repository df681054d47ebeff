"""Keys and values in half precision, in blocks of places."""

from typing import Self

from torch import Tensor

from mynah.semantic.cache import BLOCK
from mynah.semantic.places import Places


class Blocks(Places):
    """What caches of a CPU have in common that differ in how they are looked into.

    A block holds one number of all its places' keys, then the next number, so that what a query
    finds in them is added up side by side.

    Attributes:
        keys: (layers, rows, heads, blocks, head size, places of a block).
        values: (layers, rows, heads, places, head size).
    """

    keys: Tensor
    values: Tensor

    def copy(self, row: int, to: Self, place: int) -> None:
        """Copies a row to a place of this or a longer cache."""
        blocks = -(-self._copy_length(row, to, place) // BLOCK)
        to.keys[:, place, :, :blocks] = self.keys[:, row, :, :blocks]
        to.values[:, place, :, : blocks * BLOCK] = self.values[:, row, :, : blocks * BLOCK]

    def wipe(self, row: int) -> None:
        """Makes a row's places finite again, whatever was put there."""
        self.keys[:, row] = 0
        self.values[:, row] = 0
