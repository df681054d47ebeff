"""Whose turn is next: callers go round in a circle, and so do each caller's own requests."""

from collections import OrderedDict
from typing import Generic, TypeVar

Request = TypeVar("Request")


class Turns(Generic[Request]):
    """Requests that wait for their next chunk.

    A caller with a hundred requests gets as many turns as a caller with one.
    """

    def __init__(self) -> None:
        self._callers: OrderedDict[str, OrderedDict[int, Request]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def add(self, caller: str, request: Request) -> None:
        """Puts a request behind all others of its caller; one that waits already stays."""
        self._callers.setdefault(caller, OrderedDict()).setdefault(id(request), request)

    def take(self) -> Request:
        """Takes the next request out.

        Raises:
            KeyError: nothing waits.
        """
        caller, requests = self._callers.popitem(last=False)
        _, request = requests.popitem(last=False)
        if requests:
            self._callers[caller] = requests
        return request

    def discard(self, caller: str, request: Request) -> None:
        """Takes a request out if it waits."""
        requests = self._callers.get(caller, OrderedDict())
        requests.pop(id(request), None)
        if not requests:
            self._callers.pop(caller, None)
