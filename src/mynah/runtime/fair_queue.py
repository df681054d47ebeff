"""Fair queue: owners go round in a circle, and so do each owner's own items."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Line(Generic[Item]):
    """Items of one owner: urgent ones first, each kind in the order of its coming."""

    def __init__(self) -> None:
        self.urgent: OrderedDict[int, Item] = OrderedDict()
        self.others: OrderedDict[int, Item] = OrderedDict()
        self.favoured = False

    def __bool__(self) -> bool:
        return bool(self.urgent or self.others)


class FairQueue(Generic[Item]):
    """Items that wait for their turn.

    An owner with a hundred items gets as many turns as one with a single item. An urgent item goes
    before everybody's turn, but once only for each owner until the circle has come round to it.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, _Line[Item]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, owner: str, item: Item, *, urgent: bool = False) -> bool:
        """Put an item behind all others of its owner and kind; one that waits already stays.

        Returns:
            True if it did not wait already.
        """
        line = self._lines.setdefault(owner, _Line())
        if id(item) in line.urgent or id(item) in line.others:
            return False
        (line.urgent if urgent else line.others)[id(item)] = item
        return True

    def take(self, passed_over: Collection[str] = ()) -> Item | None:
        """Take the next item out; None if none waits.

        Args:
            passed_over: owners who get no turn now.
        """
        waiting = [each for each in self._lines.items() if each[0] not in passed_over]
        if not waiting:
            return None
        return self._pop(*self._next(waiting))

    def take_urgent(self, passed_over: Collection[str] = ()) -> Item | None:
        """Take an urgent item that goes before everybody's turn; None if there is none."""
        for owner, line in self._lines.items():
            if owner not in passed_over and line.urgent and not line.favoured:
                line.favoured = True
                return self._pop(owner, line)
        return None

    def discard(self, owner: str, item: Item) -> None:
        """Take an item out if it waits."""
        line = self._lines.get(owner)
        if line is not None:
            line.urgent.pop(id(item), None)
            line.others.pop(id(item), None)
            self._drop_if_empty(owner, line)

    @staticmethod
    def _next(waiting: list[tuple[str, _Line[Item]]]) -> tuple[str, _Line[Item]]:
        for owner, line in waiting:
            if line.urgent and not line.favoured:
                line.favoured = True
                return owner, line
        owner, line = waiting[0]
        line.favoured = False
        return owner, line

    def _pop(self, owner: str, line: _Line[Item]) -> Item:
        self._lines.move_to_end(owner)
        item = (line.urgent or line.others).popitem(last=False)[1]
        self._drop_if_empty(owner, line)
        return item

    def _drop_if_empty(self, owner: str, line: _Line[Item]) -> None:
        if not line:
            del self._lines[owner]
