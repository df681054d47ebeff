"""A cache that is bounded by the bytes of its items."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """An item that knows its memory."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""


Item = TypeVar("Item", bound=Sized)


class SizedLRU(Generic[Item]):
    """The most recently used items.

    Args:
        size: bytes that are kept.
        in_use: true for keys whose items must stay even so.
    """

    def __init__(self, size: int, in_use: Callable[[str], bool] = lambda _: False) -> None:
        self._size = size
        self._in_use = in_use
        self._items: OrderedDict[str, Item] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._items

    @property
    def bytes_in_use(self) -> int:
        """Bytes of the items that must stay."""
        return sum(item.size for key, item in self._items.items() if self._in_use(key))

    def get(self, key: str, make: Callable[[], Item]) -> Item:
        """The item of a key, made if it is not kept."""
        item = self._items.pop(key, None) or make()
        self._items[key] = item
        self._make_room()
        return item

    def _make_room(self) -> None:
        spare = [key for key in self._items if not self._in_use(key)]
        size = sum(item.size for item in self._items.values())
        for key in spare:
            if size <= self._size:
                return
            size -= self._items.pop(key).size
