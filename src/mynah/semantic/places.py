"""How far the rows of a cache are filled."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

    def begin(self, first: int, phones: Sequence[int], tokens: Sequence[int]) -> slice:
        """Starts rows anew, with phonemes and tokens of each, from row `first` on: which."""
        lengths = [sum(pair) for pair in zip(phones, tokens, strict=True)]
        assert min(phones) > 0, phones
        assert max(lengths) <= self.capacity, (lengths, self.capacity)
        rows = slice(first, first + len(lengths))
        self._filled[rows] = lengths
        self.lengths[rows] = torch.tensor(lengths, device=self.device)
        self.text_lengths[rows] = torch.tensor(phones, device=self.device)
        return rows

    def grow(self, rows: int) -> "list[Grown]":
        """Makes each of the first `rows` rows one place longer."""
        longest = max(self._filled[:rows])
        assert longest < self.capacity, (longest, self.capacity)
        self._filled[:rows] = [length + 1 for length in self._filled[:rows]]
        last = self.lengths[:rows].clone()
        self.lengths[:rows] += 1
        return [Grown(self, last, longest)]

    @abstractmethod
    def copy(self, row: int, to: Self, place: int) -> None:
        """Copies a row to a place of this or a longer one."""

    @abstractmethod
    def wipe(self, row: int) -> None:
        """Makes a row's places finite again, whatever was put there."""

    def _copy_length(self, row: int, to: "Places", place: int) -> int:
        """Gives a place of this or another cache the length of a row."""
        to.lengths[place] = self.lengths[row]
        to.text_lengths[place] = self.text_lengths[row]
        to._filled[place] = self._filled[row]
        return self._filled[row]


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """The first rows of a cache, each one place longer than before.

    Attributes:
        cache: whose rows.
        last: (rows,) their new places.
        longest: the furthest of these, which on a GPU would take time to ask for.
    """

    cache: Places
    last: Tensor
    longest: int

    @property
    def positions(self) -> Tensor:
        """(rows,) positions of the new tokens among each row's tokens."""
        return self.last - self.cache.text_lengths[: len(self.last)]


class LayeredPlaces(Places):
    """Keys and values that layers in torch attend to, each layer by itself."""

    @abstractmethod
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

    @abstractmethod
    def attends(self, grown: Grown) -> list[Attend]:
        """Each layer's attention from the new places to all before them."""
