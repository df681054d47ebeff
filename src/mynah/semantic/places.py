"""How far the rows of a cache are filled."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor

Attend = Callable[[Tensor], Tensor]
"""A layer's attention: queries, and new keys and values, (rows, time, 3, heads, head size), to
what the queries find in all keys that they may see, (rows, time, hidden)."""


class Places(ABC):
    """Keys and values of `rows` sequences of up to `capacity` phonemes and tokens.

    Attributes:
        rows: sequences that there is room for.
        capacity: phonemes and tokens that fit in a row.
        lengths: (rows,) filled places, on the device.
        text_lengths: (rows,) phonemes among them, on the device.
    """

    def __init__(self, rows: int, capacity: int, device: torch.device) -> None:
        self.rows = rows
        self.capacity = capacity
        self.lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self.text_lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self._filled = [0] * rows

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.lengths.device

    def full(self, rows: int) -> list[int]:
        """Which of the first `rows` rows have no room for another token."""
        return [row for row in range(rows) if self._filled[row] == self.capacity]

    @abstractmethod
    def fill(
        self, first: int, phones: Sequence[int], tokens: Sequence[int], visible: Tensor
    ) -> list[Attend]:
        """Starts rows anew; see `KeyValueCache.fill`."""

    @abstractmethod
    def grow(self, rows: int) -> tuple[Tensor, list[Attend]]:
        """Makes each of the first `rows` rows one place longer; see `KeyValueCache.grow`."""

    @abstractmethod
    def copy(self, row: int, to: Self, place: int) -> None:
        """Copies a row to a place of this or a longer one."""

    @abstractmethod
    def wipe(self, row: int) -> None:
        """Makes a row's places finite again, whatever was put there."""

    def _begin(self, first: int, phones: Sequence[int], tokens: Sequence[int]) -> slice:
        """Starts rows anew, with phonemes and tokens of each, from row `first` on: which."""
        lengths = [sum(pair) for pair in zip(phones, tokens, strict=True)]
        assert min(phones) > 0, phones
        assert max(lengths) <= self.capacity, (lengths, self.capacity)
        rows = slice(first, first + len(lengths))
        self._filled[rows] = lengths
        self.lengths[rows] = torch.tensor(lengths, device=self.device)
        self.text_lengths[rows] = torch.tensor(phones, device=self.device)
        return rows

    def _lengthen(self, rows: int) -> tuple[Tensor, int]:
        """Makes the first `rows` rows one place longer.

        Returns:
            (rows,) their lengths before, and the longest of these.
        """
        longest = max(self._filled[:rows])
        assert longest < self.capacity, (longest, self.capacity)
        self._filled[:rows] = [length + 1 for length in self._filled[:rows]]
        last = self.lengths[:rows].clone()
        self.lengths[:rows] += 1
        return last, longest

    def _copy_length(self, row: int, to: "Places", place: int) -> int:
        """Gives a place of this or another cache the length of a row."""
        to.lengths[place] = self.lengths[row]
        to.text_lengths[place] = self.text_lengths[row]
        to._filled[place] = self._filled[row]
        return self._filled[row]
