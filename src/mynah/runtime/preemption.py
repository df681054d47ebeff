"""Cooperative preemption: long work gives way, at points of its own, to what is more urgent.

Work that others wait behind calls `give_way` between steps of some ten milliseconds. Whoever
started it says what is done there; nothing is if nobody says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_urgent: ContextVar[Callable[[], None] | None] = ContextVar("urgent", default=None)


@contextmanager
def preempted_by(urgent: Callable[[], None]) -> Iterator[None]:
    """Have `give_way` do what is urgent; not while that itself is done."""

    def do() -> None:
        token = _urgent.set(None)
        try:
            urgent()
        finally:
            _urgent.reset(token)

    token = _urgent.set(do)
    try:
        yield
    finally:
        _urgent.reset(token)


def give_way() -> None:
    """Do what is urgent, if anything is."""
    if (urgent := _urgent.get()) is not None:
        urgent()
