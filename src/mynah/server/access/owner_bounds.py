"""Bounds on what an owner holds open at a time."""

from collections import Counter
from collections.abc import Callable

from mynah.server.access.keys import Caller
from mynah.server.errors import RateLimitError


class OwnerBound:
    """A bound on things of one kind that each owner holds open, in this process.

    Args:
        kind: plural, for messages.
        most: of one owner.
    """

    def __init__(self, kind: str, most: int) -> None:
        self._kind = kind
        self._most = most
        self._held: Counter[str] = Counter()

    def enter(self, caller: Caller) -> Callable[[], None]:
        """Count a thing that is opened, and return the function to call when it is closed.

        Raises:
            RateLimitError: it is one too many.
        """
        owner = caller.owner
        if self._held[owner] >= self._most:
            raise RateLimitError(
                f"There are {self._most} {self._kind} open with keys of this owner, the most there "
                "may be; close one, or try again shortly."
            )
        self._held[owner] += 1

        def leave() -> None:
            self._held -= Counter([owner])

        return leave
