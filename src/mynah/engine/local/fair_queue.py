"""Whose turn is next: callers go round in a circle, and so do each caller's own items."""

from collections import OrderedDict
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Line(Generic[Item]):
    """Items of one caller: urgent ones first, each kind in the order of its coming."""

    def __init__(self) -> None:
        self.urgent: OrderedDict[int, Item] = OrderedDict()
        self.others: OrderedDict[int, Item] = OrderedDict()
        self.favoured = False

    def __bool__(self) -> bool:
        return bool(self.urgent or self.others)


class FairQueue(Generic[Item]):
    """Items that wait for a stage.

    A caller with a hundred items gets as many turns as a caller with one. An urgent item goes
    before everybody's turn, but once only for each caller until the circle has come round to it.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, _Line[Item]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, caller: str, item: Item, *, urgent: bool = False) -> bool:
        """Put an item behind all others of its caller and kind; one that waits already stays.

        Returns:
            True if it did not wait already.
        """
        line = self._lines.setdefault(caller, _Line())
        if id(item) in line.urgent or id(item) in line.others:
            return False
        (line.urgent if urgent else line.others)[id(item)] = item
        return True

    def take(self) -> Item:
        """Take the next item out.

        Raises:
            StopIteration: nothing waits.
        """
        caller, line = self._next()
        self._lines.move_to_end(caller)
        item = (line.urgent or line.others).popitem(last=False)[1]
        self._drop_if_empty(caller, line)
        return item

    def discard(self, caller: str, item: Item) -> None:
        """Take an item out if it waits."""
        line = self._lines.get(caller)
        if line is not None:
            line.urgent.pop(id(item), None)
            line.others.pop(id(item), None)
            self._drop_if_empty(caller, line)

    def _next(self) -> tuple[str, _Line[Item]]:
        for caller, line in self._lines.items():
            if line.urgent and not line.favoured:
                line.favoured = True
                return caller, line
        caller, line = next(iter(self._lines.items()))
        line.favoured = False
        return caller, line

    def _drop_if_empty(self, caller: str, line: _Line[Item]) -> None:
        if not line:
            del self._lines[caller]
